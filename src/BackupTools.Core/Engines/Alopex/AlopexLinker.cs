using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Alopex;

namespace BackupTools.Engines.Alopex;

/// <summary>
/// Shares unchanged tables with an earlier snapshot through hard links. Both files are read and compared before: the
/// table of the source, so that a fault in it is noticed, and the earlier copy, so that a rotten one is not passed on.
/// </summary>
internal sealed class AlopexLinker
{
    private readonly AlopexStage _stage;
    private readonly EngineContext _context;
    private readonly string _folder;
    private readonly Dictionary<string, AlopexManifestEntry> _listed;

    /// <summary>Starts from the manifest of an earlier snapshot.</summary>
    /// <exception cref="BackupException">The earlier snapshot's manifest cannot be read.</exception>
    public AlopexLinker(BundleHeader parent, AlopexStage stage, EngineContext context)
    {
        _stage = stage;
        _context = context;
        _folder = parent.FullName;
        _listed = (AlopexSnapshot.ReadManifest(context.Disk, _folder)?.Entries ?? [])
            .DistinctBy(e => e.Name, StringComparer.Ordinal)
            .ToDictionary(e => e.Name, StringComparer.Ordinal);
    }

    /// <summary>Stages a link in place of a copy. False: the table must be copied.</summary>
    /// <exception cref="BackupException">The source's table is damaged.</exception>
    public bool TryLink(AlopexFile table, CancellationToken cancellation)
    {
        var earlier = Path.Combine(_folder, table.Name);
        if (
            !_listed.TryGetValue(table.Name, out var listed)
            || listed.Size != (ulong)table.Entry.Length
            || _context.Disk.Stat(earlier) is not { Kind: DiskEntryKind.File } entry
            || entry.Length != table.Entry.Length
            || !SameEnd(_context.Disk, table.FullName, earlier)
        )
        {
            return false;
        }
        AlopexTableFacts facts;
        using (var file = AlopexTableFile.Open(_context.Disk, table.FullName))
        {
            facts = file.Read(_context, VerifyDepth.Checksums, cancellation);
        }
        if (facts.Crc != listed.Crc32)
        {
            return false;
        }
        if (CrcOf(earlier, cancellation) != listed.Crc32)
        {
            _context.Warn($"{table.Name} of the earlier snapshot '{_folder}' is damaged; it is copied anew");
            return false;
        }
        var link = _stage.PathOf(table.Name);
        if (!_context.Disk.TryCreateHardLink(link, earlier))
        {
            return false;
        }
        if (_context.Disk.Stat(link)?.IsSameFileAs(entry) != true)
        {
            _context.Disk.DeleteFile(link); // another file was put in its place meanwhile
            return false;
        }
        _stage.Linked(table, facts);
        return true;
    }

    public static bool SameEnd(IDisk disk, string one, string other)
    {
        try
        {
            using var a = AlopexTableFile.Open(disk, one);
            using var b = AlopexTableFile.Open(disk, other);
            return a.ReadFooter().AsSpan().SequenceEqual(b.ReadFooter());
        }
        catch (BackupException e) when (e.Kind == ErrorKind.Damaged)
        {
            return false;
        }
    }

    private uint CrcOf(string path, CancellationToken cancellation)
    {
        using var file = _context.Disk.OpenRead(path);
        return AlopexChecksum.Of(file, _context, cancellation);
    }
}
