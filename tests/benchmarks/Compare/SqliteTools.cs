namespace BackupTools.Benchmarks.Compare;

/// <summary>What people back up SQLite with, each flushed at its end; those that are not installed are left out.</summary>
internal sealed class SqliteTools(Workshop workshop)
{
    private const string Shell = "sqlite3";
    private const string Litestream = "litestream";

    private readonly string _copy = workshop.PathOf("sqlite.copy");
    private readonly string _replicated = workshop.PathOf("litestream.db");
    private readonly string _replica = workshop.PathOf("litestream.replica");

    /// <summary>A copy that nobody waits for until it is on the disk.</summary>
    public Contestant Copy(string folder) =>
        Contestant.Program("cp -r", new ProgramCall("cp", "-r", folder, _copy), () => Workshop.Delete(_copy));

    /// <summary>Other ways to a full backup of a database.</summary>
    public IEnumerable<Contestant> Full(string source)
    {
        if (Workshop.Has(Shell))
        {
            yield return Contestant.Program(
                "sqlite3 .backup",
                Script($"sqlite3 '{source}' \".backup '$1'\"", _copy),
                Clear
            );
            yield return Contestant.Program(
                "VACUUM INTO",
                Script($"sqlite3 '{source}' \"VACUUM INTO '$1'\"", _copy),
                Clear
            );
        }
        if (Workshop.Has(Litestream))
        {
            yield return Contestant.Program(
                "litestream 0.3",
                new ProgramCall(
                    "sh",
                    "-c",
                    """
                    litestream replicate "$1" "file://$2" >/dev/null 2>&1 & p=$!
                    until ls "$2"/generations/*/snapshots/*.snapshot.lz4 >/dev/null 2>&1; do sleep 0.01; done
                    kill $p; wait $p; find "$2" -exec sync {} +
                    """,
                    "sh",
                    _replicated,
                    _replica
                ),
                () =>
                {
                    Clear();
                    // Of its own: it changes the journal mode, and keeps a folder beside the database.
                    Workshop.CopyTree(Path.GetDirectoryName(source)!, _replicated + ".d");
                    File.Move(Path.Combine(_replicated + ".d", Path.GetFileName(source)), _replicated);
                }
            );
        }
    }

    /// <summary>Litestream's restore of the replica that <see cref="Full"/> made.</summary>
    public IEnumerable<Contestant> Restore()
    {
        if (Directory.Exists(_replica))
        {
            yield return Contestant.Program(
                "litestream 0.3",
                Script($"litestream restore -o \"$1\" 'file://{_replica}' >/dev/null 2>&1", _copy),
                () => Workshop.Delete(_copy)
            );
        }
    }

    private static ProgramCall Script(string command, string target) =>
        new("sh", "-c", $"{command} && sync \"$1\"", "sh", target);

    private void Clear()
    {
        foreach (var path in Directory.GetFileSystemEntries(workshop.Folder, "litestream*").Append(_copy))
        {
            Workshop.Delete(path);
        }
        foreach (var path in Directory.GetFileSystemEntries(workshop.Folder, ".litestream*"))
        {
            Workshop.Delete(path);
        }
    }
}
