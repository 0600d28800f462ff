namespace BackupTools.Tests.Formats;

/// <summary>A theory that needs an independent reader; skipped, by name, where there is no Python.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PythonTheoryAttribute : TheoryAttribute
{
    public PythonTheoryAttribute() => Skip = Python.Missing;
}
