using System.Runtime.CompilerServices;
using Xunit.v3;

namespace BackupTools.Tests.Files;

/// <summary>
/// A test that only Windows itself can run, with the trait NeedsWindows: what it is about Wine does not have. On any other
/// system, Wine included, it is skipped by that name.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NeedsWindowsFactAttribute : FactAttribute, ITraitAttribute
{
    /// <summary>Runs on Windows itself.</summary>
    /// <param name="what">What Wine does not have.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public NeedsWindowsFactAttribute(
        string what,
        [CallerFilePath] string? file = null,
        [CallerLineNumber] int line = -1
    )
        : base(file, line) =>
        Skip =
            WindowsHost.IsReal ? null
            : WindowsHost.IsWine ? $"Wine has no {what}"
            : $"needs Windows, for its {what}";

    public IReadOnlyCollection<KeyValuePair<string, string>> GetTraits() => [new("Category", "NeedsWindows")];
}
