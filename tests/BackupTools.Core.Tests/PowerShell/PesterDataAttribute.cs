using System.Reflection;
using BackupTools.Tests.FrontEnds;
using Xunit.Sdk;

namespace BackupTools.Tests.InPowerShell;

/// <summary>
/// One case per Pester file, or per culture. Where PowerShell or Pester is missing each case is there by its name, as
/// skipped.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PesterDataAttribute(params string[] cultures) : DataAttribute
{
    public override string Skip
    {
        get => RealPowerShell.WhyNot!;
        set => throw new NotSupportedException();
    }

    public override IEnumerable<object[]> GetData(MethodInfo testMethod) =>
        cultures.Length > 0
            ? cultures.Select(culture => new object[] { culture })
            : Directory
                .EnumerateFiles(Path.Combine(ChildProcess.Root, "tests/pester"), "*.Tests.ps1")
                .Select(Path.GetFileName)
                .Order(StringComparer.Ordinal)
                .Select(name => new object[] { name! });
}
