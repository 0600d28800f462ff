using System.Buffers;
using System.Buffers.Binary;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.PowDb;
using BackupTools.Formats.Primitives;

namespace BackupTools.Engines.PowDb;

/// <summary>One bundle's table of page fingerprints, proved against its digest; holds only where its segments lie.</summary>
internal sealed class PowDbTableReader(IDiskFile file) : IDisposable
{
    private readonly Dictionary<(string Heap, uint Window), (PowDbFingerprintSegment Segment, long Offset)> _segments =
    [];

    /// <summary>Opens and proves a table.</summary>
    /// <exception cref="BackupException">MissingFile, LengthMismatch, ChecksumMismatch, Malformed.</exception>
    public static PowDbTableReader Open(PowDbBundle bundle, PowDbPageTable table, EngineContext context)
    {
        var opened = bundle.OpenFile(PowDbSideFile.TableFileName, context);
        return opened.Into(file => BackupException.Naming(file.Path, () => Prove(file, table, context)));
    }

    private static PowDbTableReader Prove(IDiskFile file, PowDbPageTable table, EngineContext context)
    {
        if (file.Length != table.Length)
        {
            throw new BackupException(
                ErrorCode.LengthMismatch,
                $"the page fingerprints have {file.Length} bytes instead of {table.Length}"
            );
        }
        if (context.Uncounted.DigestOf(file, new FileRange(0, table.Length)) != table.Blake3)
        {
            throw new BackupException(ErrorCode.ChecksumMismatch, "the page fingerprints do not match their digest");
        }
        var reader = new PowDbTableReader(file);
        reader.Index(table);
        return reader;
    }

    /// <summary>
    /// Fills in the fingerprints of a window that are not known yet.
    /// </summary>
    /// <param name="heap">The heap.</param>
    /// <param name="window">The window.</param>
    /// <param name="fingerprints">16 bytes per page of the window.</param>
    /// <param name="known">The pages of the window whose fingerprints are there; grows.</param>
    /// <param name="pages">How many pages of the window the heap has.</param>
    /// <returns>True when the segment is complete, so that older tables have nothing to add.</returns>
    public bool Read(string heap, uint window, Span<byte> fingerprints, PageSet known, int pages)
    {
        if (!_segments.TryGetValue((heap, window), out var found))
        {
            return false;
        }
        var (segment, offset) = found;
        var body = ArrayPool<byte>.Shared.Rent(segment.BodyLength);
        try
        {
            HashingCopy.ReadExactly(file, body.AsSpan(0, segment.BodyLength), offset);
            for (var i = 0; i < segment.Count; i++)
            {
                var page = segment.IsComplete
                    ? i
                    : BinaryPrimitives.ReadUInt16LittleEndian(body.AsSpan(i * PowDbFingerprints.ListedSize));
                if (page < pages && known.Add(page))
                {
                    var at = segment.IsComplete
                        ? i * PowDbFingerprints.Size
                        : (i * PowDbFingerprints.ListedSize) + sizeof(ushort);
                    body.AsSpan(at, PowDbFingerprints.Size).CopyTo(fingerprints[(page * PowDbFingerprints.Size)..]);
                }
            }
            return segment.IsComplete;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(body);
        }
    }

    public void Dispose() => file.Dispose();

    private void Index(PowDbPageTable table)
    {
        var length = table.Length;
        Span<byte> head = stackalloc byte[PowDbFingerprints.MaxHeadSize];
        long at = PowDbFingerprints.FileHeaderSize;
        var start = head[..(int)Math.Min(at, length)];
        HashingCopy.ReadExactly(file, start, 0);
        var expected = table.Key is null ? PowDbFingerprints.OldFileHeader : PowDbFingerprints.FileHeader;
        if (!start.SequenceEqual(expected))
        {
            throw Fault.UnsupportedVersion("page fingerprints of another version");
        }
        while (at < length)
        {
            var bytes = head[..(int)Math.Min(head.Length, length - at)];
            HashingCopy.ReadExactly(file, bytes, at);
            var segment = PowDbFingerprints.ReadHead(bytes, at, out var headLength);
            at += headLength;
            if (segment.BodyLength > length - at || !_segments.TryAdd((segment.Heap, segment.Window), (segment, at)))
            {
                throw Fault.Malformed($"page fingerprints of {segment.Heap} are truncated or duplicated", at);
            }
            at += segment.BodyLength;
        }
    }
}
