namespace BackupTools.Tests.Formats;

/// <summary>A test that needs an independent reader; skipped, by name, where there is no Python.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PythonFactAttribute : FactAttribute
{
    public PythonFactAttribute() => Skip = Python.Missing;
}
