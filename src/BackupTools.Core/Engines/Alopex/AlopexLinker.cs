using System.Buffers;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Alopex;

namespace BackupTools.Engines.Alopex;

/// <summary>
/// Shares unchanged tables with an earlier snapshot through hard links. Both files are read and compared before: the
/// table of the source, so that a fault in it is noticed, and the earlier copy, so that a rotten one is not passed on.
/// </summary>
internal sealed class AlopexLinker(string folder, AlopexStage stage, EngineContext context)
{
    private readonly Dictionary<string, AlopexManifestEntry> _listed = (
        AlopexSnapshot.ReadManifest(context.Disk, folder)?.Entries ?? []
    )
        .DistinctBy(e => e.Name, StringComparer.Ordinal)
        .ToDictionary(e => e.Name, StringComparer.Ordinal);

    /// <summary>What stands for the bytes of the earlier snapshot, where they cannot be read.</summary>
    private readonly AlopexTraces? _traces = AlopexTraces.Behind(folder, context);

    /// <summary>Stages a link in place of a copy. False: the table must be copied.</summary>
    /// <exception cref="BackupException">The source's table is damaged.</exception>
    public bool TryLink(AlopexFile table, EngineContext run)
    {
        var earlier = Path.Combine(folder, table.Name);
        if (
            !_listed.TryGetValue(table.Name, out var listed)
            || listed.Size != (ulong)table.Entry.Length
            || context.Disk.Stat(earlier) is not { Kind: DiskEntryKind.File } entry
            || entry.Length != table.Entry.Length
        )
        {
            return false;
        }
        using var other = context.Disk.OpenRead(earlier);
        if (FactsIfSame(table, other, listed, run) is not { } facts)
        {
            return false;
        }
        var link = stage.PathOf(table.Name);
        if (!context.Disk.TryCreateHardLink(link, earlier))
        {
            return false;
        }
        if (context.Disk.Stat(link)?.IsSameFileAs(other.Stat()) != true)
        {
            context.Disk.DeleteFile(link); // another file was put in its place meanwhile
            return false;
        }
        stage.Linked(table, facts);
        return true;
    }

    /// <summary>Reads the source's table; null where the earlier snapshot has another of the name.</summary>
    private AlopexTableFacts? FactsIfSame(
        AlopexFile table,
        IDiskFile other,
        AlopexManifestEntry listed,
        EngineContext run
    )
    {
        using var file = AlopexTableFile.Open(context.Disk, table.FullName);
        if (_traces is not null)
        {
            using var digest = Blake3.Hasher.New();
            var read = file.Read(run, VerifyDepth.Checksums, block => digest.Update(block));
            return digest.Finalize().ToString() == _traces.Files.GetValueOrDefault(table.Name) ? read : null;
        }
        using var comparison = new Comparison(other);
        var facts = file.Read(run, VerifyDepth.Checksums, comparison.Take);
        if (comparison.IsEqual && facts.Crc == listed.Crc32)
        {
            return facts;
        }
        if (!StillHolds(other, listed, run))
        {
            context.Warn($"{table.Name} of the earlier snapshot '{folder}' is damaged; it is copied again");
        }
        return null;
    }

    /// <summary>
    /// True when what is staged is the earlier snapshot once more. Of checkpoint.meta only the position counts: it says
    /// when it was written.
    /// </summary>
    public bool IsAsBefore(IReadOnlyList<AlopexManifestEntry> staged) =>
        staged.Count == _listed.Count
        && staged.All(e =>
            _listed.TryGetValue(e.Name, out var before)
            && (e.Name == AlopexNames.Meta ? HasSamePosition() : e == before && IsSame(e.Name))
        );

    private bool HasSamePosition() =>
        MetaOf(stage.PathOf(AlopexNames.Meta)) is { } now
        && MetaOf(Path.Combine(folder, AlopexNames.Meta)) is { } before
        && now.CheckpointLsn == before.CheckpointLsn;

    private AlopexCheckpointMeta? MetaOf(string path) =>
        AlopexCheckpointMeta.TryRead(SmallFile.Read(context.Disk, path, AlopexCheckpointMeta.Size), out var meta, out _)
            ? meta
            : null;

    /// <summary>No checksum of the format would do, see <see cref="Comparison"/>; a link needs no look.</summary>
    private bool IsSame(string name)
    {
        var (now, before) = (stage.PathOf(name), Path.Combine(folder, name));
        return context.Disk.Stat(before) is { Kind: DiskEntryKind.File } entry
            && (
                context.Disk.Stat(now)?.IsSameFileAs(entry) == true
                || (
                    _traces is null
                        ? PartialCopy.IsBeginningOf(context.Disk, now, before, context.Cancellation)
                        : AlopexTraces.DigestOf(now, context) == _traces.Files.GetValueOrDefault(name)
                )
            );
    }

    private bool StillHolds(IDiskFile earlier, AlopexManifestEntry listed, EngineContext run)
    {
        try
        {
            return AlopexChecksum.Of(earlier, run) == listed.Crc32;
        }
        catch (BackupException)
        {
            return false;
        }
    }

    /// <summary>A quick guess whether two tables are the same, from their last bytes.</summary>
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

    /// <summary>
    /// Compares what passes by with another file, byte for byte: no checksum of the format would do. Every block of a
    /// table is followed by its own CRC-32, so the CRC-32 of the file is the same for all sound blocks of one shape,
    /// and ids come again after an older state was restored.
    /// </summary>
    private sealed class Comparison(IDiskFile other) : IDisposable
    {
        private byte[] _buffer = ArrayPool<byte>.Shared.Rent(1 << 20);
        private long _at;

        public bool IsEqual { get; private set; } = true;

        public void Take(ReadOnlySpan<byte> block)
        {
            while (IsEqual && !block.IsEmpty)
            {
                var part = _buffer.AsSpan(0, Math.Min(_buffer.Length, block.Length));
                IsEqual = CanRead(part) && part.SequenceEqual(block[..part.Length]);
                _at += part.Length;
                block = block[part.Length..];
            }
        }

        /// <summary>An earlier snapshot that cannot be read is no reason to fail: the table is copied.</summary>
        private bool CanRead(Span<byte> part)
        {
            try
            {
                HashingCopy.ReadExactly(other, part, _at);
                return true;
            }
            catch (BackupException)
            {
                return false;
            }
        }

        public void Dispose()
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
        }
    }
}
