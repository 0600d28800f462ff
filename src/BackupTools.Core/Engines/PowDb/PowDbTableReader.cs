using System.Buffers;
using System.Buffers.Binary;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.PowDb;
using Blake3;

namespace BackupTools.Engines.PowDb;

/// <summary>One bundle's table of page fingerprints, proved against its digest; holds only where its segments lie.</summary>
internal sealed class PowDbTableReader : IDisposable
{
    private readonly IDiskFile _file;
    private readonly Dictionary<(string Heap, uint Window), (PowDbFingerprintSegment Segment, long Offset)> _segments =
    [];

    private PowDbTableReader(IDiskFile file) => _file = file;

    /// <summary>Opens and proves a table.</summary>
    /// <exception cref="BackupException">MissingFile, LengthMismatch, ChecksumMismatch, Malformed.</exception>
    public static PowDbTableReader Open(PowDbBundle bundle, PowDbPageTable table, EngineContext context)
    {
        var file = bundle.OpenFile(PowDbSideFile.TableFileName, context);
        var reader = new PowDbTableReader(file);
        try
        {
            if (file.Length != table.Length)
            {
                throw new BackupException(
                    ErrorCode.LengthMismatch,
                    $"the page fingerprints have {file.Length} bytes instead of {table.Length}"
                );
            }
            var hasher = Hasher.New();
            HashingCopy.Read(
                file,
                new FileRange(0, table.Length),
                hasher.Update,
                new TransferProgress(),
                context.Cancellation
            );
            if (hasher.Finalize() != table.Blake3)
            {
                throw new BackupException(
                    ErrorCode.ChecksumMismatch,
                    "the page fingerprints do not match their digest"
                );
            }
            reader.Index(table);
            return reader;
        }
        catch (BackupException e)
        {
            reader.Dispose();
            throw e.At(file.Path);
        }
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
            HashingCopy.ReadExactly(_file, body.AsSpan(0, segment.BodyLength), offset);
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

    public void Dispose() => _file.Dispose();

    private void Index(PowDbPageTable table)
    {
        var length = table.Length;
        Span<byte> head = stackalloc byte[PowDbFingerprints.MaxHeadSize];
        long at = PowDbFingerprints.FileHeaderSize;
        var start = head[..(int)Math.Min(at, length)];
        HashingCopy.ReadExactly(_file, start, 0);
        var expected = table.Key is null ? PowDbFingerprints.OldFileHeader : PowDbFingerprints.FileHeader;
        if (!start.SequenceEqual(expected))
        {
            throw new BackupException(ErrorCode.UnsupportedVersion, "page fingerprints of another version");
        }
        while (at < length)
        {
            var bytes = head[..(int)Math.Min(head.Length, length - at)];
            HashingCopy.ReadExactly(_file, bytes, at);
            var segment = PowDbFingerprints.ReadHead(bytes, at, out var headLength);
            at += headLength;
            if (segment.BodyLength > length - at || !_segments.TryAdd((segment.Heap, segment.Window), (segment, at)))
            {
                throw new BackupException(
                    ErrorCode.Malformed,
                    $"page fingerprints of {segment.Heap} are truncated or duplicated",
                    offset: at
                );
            }
            at += segment.BodyLength;
        }
    }
}
