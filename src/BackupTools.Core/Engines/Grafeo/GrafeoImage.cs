using System.IO.Hashing;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Grafeo;
using BackupTools.Formats.Primitives;

namespace BackupTools.Engines.Grafeo;

/// <summary>
/// An image at one moment: its header pages and every part with a checksum. Reading or copying it proves each of
/// these parts, so that what was copied is the image that the header described, whatever an engine did meanwhile: 0.6.0
/// writes pages to new places and keeps two headers.
/// </summary>
internal sealed class GrafeoImage(GrafeoContainerHeader header, byte[] pages, long length, List<GrafeoExtent> extents)
{
    private const int HeaderReads = 100;
    private const long RegionSize = 32L << 20;

    public GrafeoContainerHeader Header { get; } = header;

    /// <summary>Bytes of the file when it was opened.</summary>
    public long Length { get; } = length;

    /// <summary>Reads headers and directories.</summary>
    /// <exception cref="BackupException">The image is damaged, encrypted or of an unknown version.</exception>
    public static GrafeoImage Open(IDiskFile file, CancellationToken cancellation)
    {
        try
        {
            var length = file.Length;
            var pages = ReadHeaderPages(file);
            var header = GrafeoContainerHeader.Read(pages);
            header.CheckLength(length);
            var extents = header.IsPaged
                ? ReadDirectoryBlocks(file, header, length, cancellation)
                : ReadSections(file, header, length);
            extents.Sort((a, b) => a.Offset.CompareTo(b.Offset));
            for (var i = 1; i < extents.Count; i++)
            {
                if (extents[i].Offset < extents[i - 1].End)
                {
                    throw Fault.Malformed($"{extents[i].Name} overlaps {extents[i - 1].Name}", (long)extents[i].Offset);
                }
            }
            return new GrafeoImage(header, pages, length, extents);
        }
        catch (BackupException e)
        {
            throw e.At(file.Path);
        }
    }

    /// <summary>0.5.x: the same image with another epoch in its header, which has no checksum: all else stays.</summary>
    public GrafeoImage WithEpoch(ulong epoch)
    {
        if (Header.Container == GrafeoContainer.Empty || Header.Active.Epoch == epoch)
        {
            return this; // a header that was never written has no place for an epoch
        }
        var changed = GrafeoSections.WithEpoch(pages, Header, epoch);
        return new GrafeoImage(GrafeoContainerHeader.Read(changed), changed, Length, extents);
    }

    /// <summary>0.5.x: whether two images hold the same, byte by byte; headers and places do not count.</summary>
    public static bool HoldTheSame(IDiskFile a, IDiskFile b, EngineContext context)
    {
        var (first, second) = (Open(a, context.Cancellation), Open(b, context.Cancellation));
        var parts = first.Parts.Zip(second.Parts).ToList();
        return first.Parts.Count == second.Parts.Count
            && parts.TrueForAll(p =>
                (p.First.Name, p.First.Length, p.First.Checksum) == (p.Second.Name, p.Second.Length, p.Second.Checksum)
            )
            && parts.TrueForAll(p => SameBytes(a, p.First, b, p.Second, context.Cancellation));
    }

    private List<GrafeoExtent> Parts =>
        Header.Container == GrafeoContainer.Sections ? [.. extents.Where(e => e != Header.Active.Root)] : extents;

    private static bool SameBytes(
        IDiskFile a,
        GrafeoExtent first,
        IDiskFile b,
        GrafeoExtent second,
        CancellationToken cancellation
    )
    {
        const int block = 1 << 20;
        for (ulong at = 0; at < first.Length; at += block)
        {
            cancellation.ThrowIfCancellationRequested();
            var length = (int)Math.Min(block, first.Length - at);
            if (
                !a.UpTo((long)(first.Offset + at), length)
                    .AsSpan()
                    .SequenceEqual(b.UpTo((long)(second.Offset + at), length))
            )
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>The header pages, read until two readings agree: an engine may be writing one of them.</summary>
    public static byte[] ReadHeaderPages(IDiskFile file)
    {
        var pages = ReadPages(file);
        for (var i = 0; i < HeaderReads; i++)
        {
            var again = ReadPages(file);
            if (pages.AsSpan().SequenceEqual(again))
            {
                return pages;
            }
            pages = again;
        }
        throw new BackupException(ErrorCode.SourceChanging, "the header pages keep changing", file.Path, 0);
    }

    /// <summary>
    /// Copies the image into <paramref name="target"/>, or only reads it when that is null, checking every part.
    /// </summary>
    /// <returns>The CRC-32 of the whole file.</returns>
    public uint Transfer(IDiskFile file, IDiskFile? target, EngineContext context)
    {
        target?.Write(pages, 0);
        var regions = new List<Region>();
        for (var at = (long)pages.Length; at < Length; at += RegionSize)
        {
            regions.Add(new Region(new FileRange(at, Math.Min(Length, at + RegionSize)), FirstExtentEndingAfter(at)));
        }
        context.ForEach(
            regions,
            (region, run) =>
            {
                var tap = new RegionTap(region, extents);
                run.Copy(file, region.Range, target, region.Range.Start, tap.Take);
            }
        );
        return Join(regions, file.Path);
    }

    /// <summary>Puts the checksums of all pieces together: those of each extent, and that of the file.</summary>
    private uint Join(List<Region> regions, string path)
    {
        var whole = Crc32.HashToUInt32(pages);
        var current = -1;
        uint crc = 0;
        foreach (var piece in regions.SelectMany(r => r.Pieces))
        {
            whole = Crc32Combine.Of(whole, piece.Crc, piece.Length);
            if (piece.Extent != current)
            {
                Check(current, crc, path);
                crc = 0;
                current = piece.Extent;
            }
            crc = Crc32Combine.Of(crc, piece.Crc, piece.Length);
        }
        Check(current, crc, path);
        return whole;
    }

    private void Check(int index, uint computed, string path)
    {
        if (index >= 0 && extents[index].Checksum != computed)
        {
            throw Mismatch(Header, extents[index], computed).At(path);
        }
    }

    private static BackupException Mismatch(GrafeoContainerHeader header, GrafeoExtent extent, uint computed)
    {
        var (stored, found) = ($"0x{extent.Checksum:x8}", $"0x{computed:x8}");
        return new BackupException(
            ErrorCode.ChecksumMismatch,
            // The engine's own words, where it has some.
            header.Container switch
            {
                GrafeoContainer.Snapshot => $"snapshot checksum mismatch: expected {stored}, got {found}",
                GrafeoContainer.Sections when extent == header.Active.Root =>
                    $"v2 section directory checksum mismatch: header recorded {stored}, computed {found}",
                GrafeoContainer.Sections => $"{extent.Name} CRC mismatch: expected {stored}, got {found}",
                _ => $"{extent.Name} is damaged: checksum mismatch",
            },
            offset: (long)extent.Offset,
            expected: stored,
            actual: found
        );
    }

    private int FirstExtentEndingAfter(long offset)
    {
        var (low, high) = (0, extents.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = extents[middle].End > (ulong)offset ? (low, middle) : (middle + 1, high);
        }
        return low;
    }

    private static List<GrafeoExtent> ReadSections(IDiskFile file, GrafeoContainerHeader header, long length)
    {
        if (header.Active.Root is not { } root)
        {
            return [];
        }
        var extents = new List<GrafeoExtent> { root };
        if (header.Container == GrafeoContainer.Sections)
        {
            var directory = ReadExtent(file, root);
            var computed = Crc32.HashToUInt32(directory);
            if (computed != root.Checksum)
            {
                throw Mismatch(header, root, computed);
            }
            foreach (var section in GrafeoSections.ReadDirectory(directory).Where(s => s.Length > 0))
            {
                GrafeoContainerHeader.CheckInside(section, length);
                extents.Add(section);
            }
        }
        return extents;
    }

    private static List<GrafeoExtent> ReadDirectoryBlocks(
        IDiskFile file,
        GrafeoContainerHeader header,
        long length,
        CancellationToken cancellation
    )
    {
        var extents = new List<GrafeoExtent>();
        for (var next = header.Active.Root; next is { } block; )
        {
            cancellation.ThrowIfCancellationRequested();
            GrafeoContainerHeader.CheckInside(block, length);
            if (block.Length > GrafeoPages.MaxDirectoryBlock)
            {
                throw Fault.Malformed($"a directory block of {block.Length} bytes", (long)block.Offset);
            }
            var bytes = ReadExtent(file, block);
            var computed = Crc32.HashToUInt32(bytes);
            if (computed != block.Checksum)
            {
                throw Mismatch(header, block, computed);
            }
            extents.Add(block);
            foreach (var chunk in GrafeoPages.ReadDirectory(bytes, (long)block.Offset, out next))
            {
                if (chunk.Length > 0)
                {
                    GrafeoContainerHeader.CheckInside(chunk, length);
                    extents.Add(chunk);
                }
            }
            // Parts begin at pages of their own: more parts than pages means that blocks point in a circle.
            if (extents.Count > length / GrafeoContainerHeader.PageSize)
            {
                throw Fault.Malformed("the directory lists more chunks than the file has pages", (long)block.Offset);
            }
        }
        return extents;
    }

    private static byte[] ReadPages(IDiskFile file) => file.UpTo(0, GrafeoContainerHeader.Size);

    private static byte[] ReadExtent(IDiskFile file, GrafeoExtent extent) =>
        file.UpTo((long)extent.Offset, (int)extent.Length);

    /// <summary>A range of one extent, or of what lies between extents (−1).</summary>
    private readonly record struct Piece(int Extent, uint Crc, long Length);

    private sealed record Region(FileRange Range, int FirstExtent)
    {
        public List<Piece> Pieces { get; } = [];
    }

    /// <summary>Splits the blocks of a region at the borders of extents.</summary>
    private sealed class RegionTap(Region region, List<GrafeoExtent> extents)
    {
        private readonly Crc32 _crc = new();
        private long _at = region.Range.Start;
        private long _pieceStart = region.Range.Start;
        private int _next = region.FirstExtent;

        public void Take(ReadOnlySpan<byte> block)
        {
            while (block.Length > 0)
            {
                var inside = _next < extents.Count && (ulong)_at >= extents[_next].Offset;
                var border =
                    _next == extents.Count ? region.Range.End
                    : inside ? (long)extents[_next].End
                    : (long)extents[_next].Offset;
                border = Math.Min(border, region.Range.End);
                var take = (int)Math.Min(block.Length, border - _at);
                _crc.Append(block[..take]);
                block = block[take..];
                _at += take;
                if (_at == border)
                {
                    region.Pieces.Add(new Piece(inside ? _next : -1, _crc.GetCurrentHashAsUInt32(), _at - _pieceStart));
                    _crc.Reset();
                    _pieceStart = _at;
                    if (inside && (ulong)_at == extents[_next].End)
                    {
                        _next++;
                    }
                }
            }
        }
    }
}
