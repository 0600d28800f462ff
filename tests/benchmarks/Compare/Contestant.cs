namespace BackupTools.Benchmarks.Compare;

/// <summary>One of those that do the same work in a match.</summary>
/// <param name="Name">Shown in the table.</param>
/// <param name="Call">What is measured.</param>
/// <param name="Prepare">Brings everything back to how it was before a run; not measured.</param>
internal sealed record Contestant(string Name, ProgramCall Call, Action Prepare);
