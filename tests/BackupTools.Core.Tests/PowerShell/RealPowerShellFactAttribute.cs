namespace BackupTools.Tests.InPowerShell;

/// <summary>A test that needs PowerShell; skipped with the reason where it is missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class RealPowerShellFactAttribute : FactAttribute
{
    public RealPowerShellFactAttribute() => Skip = RealPowerShell.WhyNot;
}
