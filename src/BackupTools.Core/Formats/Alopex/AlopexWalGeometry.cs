using System.Numerics;
using System.Runtime.InteropServices;
using BackupTools.Errors;
using BackupTools.Formats.Primitives;

namespace BackupTools.Formats.Alopex;

/// <summary>A run of ring bytes that lies in one piece in the file.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct AlopexWalPiece(long FileOffset, long Length);

/// <summary>
/// How the ring lies in lsm.wal (Alopex format, §3.1). Neither the size of a segment nor their number is stored; both
/// are read off the places at which segment headers stand.
/// </summary>
/// <param name="HeaderSize">Bytes of the section header, 16 or 20.</param>
/// <param name="SegmentSize">Bytes of a segment, its header included.</param>
/// <param name="Segments">How many segments there are.</param>
internal sealed record AlopexWalGeometry(int HeaderSize, long SegmentSize, int Segments)
{
    public const long DefaultSegmentSize = 64L << 20;
    public const int DefaultSegments = 8;

    // Far more than any engine makes; it bounds the work on a hostile file.
    private const int MaxSegments = 4096;
    private const long SmallestSegment = 64;

    // A candidate is looked at closely when one of its first headers is good: one of them may be the damaged one.
    private const int HeadersTried = 3;

    /// <summary>Gives up to the buffer's length of the file's bytes from an offset; fewer only at its end.</summary>
    internal delegate int ReadAt(long offset, Span<byte> buffer);

    /// <summary>Data bytes of one segment.</summary>
    public long DataPerSegment => SegmentSize - AlopexWalSegmentHeader.Size;

    /// <summary>Bytes of the whole ring.</summary>
    public ulong Ring => (ulong)DataPerSegment * (ulong)Segments;

    /// <summary>The least length of the file; a longer one is accepted.</summary>
    public long RequiredLength => HeaderSize + (SegmentSize * Segments);

    /// <summary>Where the header of a segment stands.</summary>
    public long SegmentOffset(int index) => HeaderSize + (index * SegmentSize);

    /// <summary>Where ring bytes lie in the file, in the order of the ring; pieces end at segment ends.</summary>
    public IEnumerable<AlopexWalPiece> Pieces(ulong start, ulong length)
    {
        while (length > 0)
        {
            var segment = (long)(start / (ulong)DataPerSegment);
            var inside = (long)(start % (ulong)DataPerSegment);
            var take = (long)Math.Min(length, (ulong)(DataPerSegment - inside));
            yield return new AlopexWalPiece(
                HeaderSize + (segment * SegmentSize) + AlopexWalSegmentHeader.Size + inside,
                take
            );
            length -= (ulong)take;
            start = (start + (ulong)take) % Ring;
        }
    }

    /// <summary>
    /// Finds the geometry of a file. Of all sizes that could be, the one at whose places most good segment headers
    /// with ascending ids stand is taken; when none stands anywhere, the default, so that the engine's own error
    /// follows.
    /// </summary>
    /// <exception cref="BackupException">Malformed: more segments than any engine makes.</exception>
    public static AlopexWalGeometry Find(int headerSize, long fileLength, ReadAt readAt)
    {
        var body = fileLength - headerSize;
        ulong? baseId = HeaderAt(headerSize, readAt, out var first) ? first.SegmentId : null;
        var best = 0L;
        var bestScore = 0;
        foreach (var size in Candidates(body))
        {
            var score = Score(headerSize, size, body, baseId, readAt);
            if (score > bestScore)
            {
                (best, bestScore) = (size, score);
            }
            if (size == DefaultSegmentSize && score == DefaultSegments - 1)
            {
                break;
            }
        }
        if (bestScore == 0)
        {
            // A ring of one segment has no second header to tell its size; its size is a power of two all the same.
            var single = body is >= 1024 and < DefaultSegmentSize && BitOperations.IsPow2(body);
            return single
                ? new AlopexWalGeometry(headerSize, body, 1)
                : new AlopexWalGeometry(headerSize, DefaultSegmentSize, DefaultSegments);
        }
        return new AlopexWalGeometry(headerSize, best, Count(headerSize, best, body, readAt));
    }

    private static IEnumerable<long> Candidates(long body)
    {
        yield return DefaultSegmentSize;
        for (var count = 2; count <= MaxSegments && body / count >= SmallestSegment; count++)
        {
            if (body % count == 0)
            {
                yield return body / count;
            }
        }
        for (var size = SmallestSegment; size > 0 && size < body; size <<= 1)
        {
            yield return size;
        }
    }

    /// <summary>How many good headers with the right ids stand after the first one.</summary>
    private static int Score(int headerSize, long size, long body, ulong? baseId, ReadAt readAt)
    {
        var count = (int)Math.Min(MaxSegments, 1 + ((body - 1) / size));
        var score = 0;
        for (var i = 1; i < count && (score > 0 || i <= HeadersTried); i++)
        {
            if (HeaderAt(headerSize + (i * size), readAt, out var header))
            {
                var itsBase = unchecked(header.SegmentId - (ulong)i);
                baseId ??= itsBase;
                score += itsBase == baseId ? 1 : 0;
            }
        }
        return score;
    }

    private static int Count(int headerSize, long size, long body, ReadAt readAt)
    {
        var whole = body / size;
        if (whole > MaxSegments)
        {
            throw Fault.Malformed($"the WAL would have {whole} segments of {size} bytes");
        }
        var count = (int)whole;
        if (MagicAt(headerSize + (whole * size), readAt))
        {
            return count + 1; // the last segment was cut: the length check says so
        }
        if (size == DefaultSegmentSize)
        {
            if (count < DefaultSegments && body % size != 0)
            {
                return DefaultSegments;
            }
            while (count > DefaultSegments && !MagicAt(headerSize + ((count - 1) * size), readAt))
            {
                count--; // longer than it needs to be (§3.1)
            }
        }
        return count;
    }

    private static bool HeaderAt(long offset, ReadAt readAt, out AlopexWalSegmentHeader header)
    {
        Span<byte> bytes = stackalloc byte[AlopexWalSegmentHeader.Size];
        var read = readAt(offset, bytes);
        return AlopexWalSegmentHeader.TryRead(bytes[..read], out header);
    }

    private static bool MagicAt(long offset, ReadAt readAt)
    {
        Span<byte> bytes = stackalloc byte[AlopexWalSegmentHeader.Size];
        return AlopexWalSegmentHeader.HasMagic(bytes[..readAt(offset, bytes)]);
    }
}
