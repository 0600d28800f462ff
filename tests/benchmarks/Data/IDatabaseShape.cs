namespace BackupTools.Benchmarks.Data;

/// <summary>Makes files that look to a backup like one engine's database: valid by its format document, any size.</summary>
internal interface IDatabaseShape
{
    /// <summary>The engine's name as the console program knows it.</summary>
    string Engine { get; }

    /// <summary>What the shape is called, where an engine has several.</summary>
    string Name => Engine;

    /// <summary>True when data files are rewritten in place, so that an increment has to look at all of them.</summary>
    bool ChangesInPlace => false;

    /// <summary>The one file that a backup may write beside the source; null for most engines.</summary>
    string? SideFile(string source) => null;

    /// <summary>
    /// Files written since then that an increment takes whole, because the format has no part of one; empty for the
    /// engines whose increments hold only what is new.
    /// </summary>
    IReadOnlyList<string> TakenWhole(string source, DateTime sinceUtc) => [];

    /// <summary>Creates a database of about <paramref name="bytes"/> in an empty folder; the path to back up.</summary>
    string Create(string folder, long bytes, long seed);

    /// <summary>
    /// What happens between two backups: engines that write a log append about that many bytes to it, Alopex
    /// checkpoints them into a new table, PowDB rewrites that many bytes of pages in place.
    /// </summary>
    void Change(string source, long bytes, long seed);
}
