using System.Buffers.Binary;
using System.IO.Hashing;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Alopex;
using BackupTools.Formats.Primitives;

namespace BackupTools.Engines.Alopex;

/// <summary>lsm.wal, opened for reading with every check of the engine (Alopex format, §3.5).</summary>
internal sealed class AlopexWalFile(
    IDiskFile file,
    long length,
    AlopexWalHeader header,
    AlopexWalGeometry geometry,
    byte[][] segmentHeaders
) : IDisposable
{
    // Frames are followed in small reads: most entries are small, and large bodies are skipped.
    private const int FrameChunk = 16 << 10;
    private const int HeaderTries = 50;

    private readonly long _length = length;

    /// <summary>The section header when the file was opened.</summary>
    public AlopexWalHeader Header { get; } = header;

    public AlopexWalGeometry Geometry { get; } = geometry;

    /// <summary>What the open handle refers to.</summary>
    public DiskEntry Entry => file.Stat();

    /// <summary>Bytes between start and end, as the header was at opening.</summary>
    public ulong Used => Header.Used(Geometry.Ring);

    /// <summary>Opens the log.</summary>
    /// <exception cref="BackupException">The engine would not open it; the words are the engine's.</exception>
    public static AlopexWalFile Open(IDisk disk, string path)
    {
        var opened = disk.OpenRead(path);
        return opened.Into(file => BackupException.Naming(path, () => Open(file)));
    }

    private static AlopexWalFile Open(IDiskFile file)
    {
        var length = file.Length;
        var header = ReadHeader(file);
        var geometry = AlopexWalGeometry.Find(header.Size, length, (offset, buffer) => file.ReadUpTo(buffer, offset));
        if (length < geometry.RequiredLength)
        {
            throw AlopexWalHeader.TooSmall();
        }
        header.Check(geometry.Ring);
        return new AlopexWalFile(file, length, header, geometry, ReadSegmentHeaders(file, geometry));
    }

    /// <summary>The section header as it is now.</summary>
    /// <exception cref="BackupException">It is not sound any more.</exception>
    public AlopexWalHeader ReadHeaderAgain()
    {
        var now = BackupException.Naming(file.Path, () => ReadHeader(file));
        BackupException.Naming(file.Path, () => now.Check(Geometry.Ring));
        return now;
    }

    /// <summary>The LSN of the first entry as it is now; null when there is none.</summary>
    public ulong? FirstLsn(AlopexWalHeader header)
    {
        Span<byte> lsn = stackalloc byte[sizeof(ulong)];
        if (header.Used(Geometry.Ring) < (ulong)lsn.Length)
        {
            return null;
        }
        var at = 0;
        foreach (var (offset, length) in Geometry.Pieces(header.Start, (ulong)lsn.Length))
        {
            HashingCopy.ReadExactly(file, lsn.Slice(at, (int)length), offset);
            at += (int)length;
        }
        return BinaryPrimitives.ReadUInt64LittleEndian(lsn);
    }

    /// <summary>Replays all entries (§3.6).</summary>
    public AlopexWalReplay Replay(AlopexWalHeader header, EngineContext context)
    {
        var used = header.Used(Geometry.Ring);
        var replay = new AlopexWalReplay(header.Start, used, Geometry.Ring);
        foreach (var (offset, length) in Geometry.Pieces(header.Start, used))
        {
            if (replay.IsDone)
            {
                break;
            }
            context.Read(file, new FileRange(offset, offset + length), replay.Feed);
        }
        return replay;
    }

    /// <summary>Follows the frames without reading large bodies: enough to learn the last LSN of a sound log.</summary>
    public AlopexWalReplay Frames(CancellationToken cancellation)
    {
        var replay = new AlopexWalReplay(Header.Start, Used, Geometry.Ring, framesOnly: true);
        var chunk = new byte[FrameChunk];
        foreach (var (offset, length) in Geometry.Pieces(Header.Start, Used))
        {
            for (long at = 0; at < length && !replay.IsDone; )
            {
                cancellation.ThrowIfCancellationRequested();
                var skip = (long)Math.Min(replay.Skippable, (ulong)(length - at));
                if (skip > chunk.Length)
                {
                    replay.Skip((ulong)skip);
                    at += skip;
                    continue;
                }
                var part = chunk.AsSpan(0, (int)Math.Min(chunk.Length, length - at));
                HashingCopy.ReadExactly(file, part, offset + at);
                replay.Feed(part);
                at += part.Length;
            }
        }
        return replay;
    }

    /// <summary>
    /// Writes a log of the same geometry that holds the entries of <paramref name="header"/> and nothing else:
    /// section header, every segment header, the used range; the rest is a hole.
    /// </summary>
    /// <param name="header">Start and end to write.</param>
    /// <param name="target">An empty file.</param>
    /// <param name="context">Progress, cancellation.</param>
    /// <param name="crc">CRC-32 of the whole file as written, holes included.</param>
    /// <returns>The replay of what was written.</returns>
    public AlopexWalReplay CopyTo(AlopexWalHeader header, IDiskFile target, EngineContext context, out uint crc)
    {
        var used = header.Used(Geometry.Ring);
        var replay = new AlopexWalReplay(header.Start, used, Geometry.Ring);
        var written = new SortedDictionary<long, (uint Crc, long Length)>();
        void Write(byte[] bytes, long offset)
        {
            target.Write(bytes, offset);
            written.Add(offset, (Crc32.HashToUInt32(bytes), bytes.Length));
        }
        Write(header.ToBytes(), 0);
        for (var i = 0; i < Geometry.Segments; i++)
        {
            Write(segmentHeaders[i], Geometry.SegmentOffset(i));
        }
        foreach (var (offset, length) in Geometry.Pieces(header.Start, used))
        {
            var piece = new Crc32();
            var range = new FileRange(offset, offset + length);
            context.Copy(file, range, target, offset, Tap);
            written.Add(offset, (piece.GetCurrentHashAsUInt32(), length));
            void Tap(ReadOnlySpan<byte> block)
            {
                piece.Append(block);
                replay.Feed(block);
            }
        }
        target.SetLength(_length);
        var whole = new SparseCrc32();
        foreach (var (offset, piece) in written)
        {
            whole.ZerosUpTo(offset);
            whole.Append(piece.Crc, piece.Length);
        }
        whole.ZerosUpTo(_length);
        crc = whole.Current;
        return replay;
    }

    public void Dispose() => file.Dispose();

    /// <summary>
    /// The section header is rewritten with every commit: one that reads the same twice was not caught half-written.
    /// </summary>
    private static AlopexWalHeader ReadHeader(IDiskFile file)
    {
        Span<byte> first = stackalloc byte[AlopexWalHeader.ProbeSize];
        Span<byte> second = stackalloc byte[AlopexWalHeader.ProbeSize];
        var length = file.ReadUpTo(first, 0);
        for (var i = 0; i < HeaderTries; i++)
        {
            length = file.ReadUpTo(second, 0);
            if (second.SequenceEqual(first))
            {
                break;
            }
            second.CopyTo(first);
        }
        return AlopexWalHeader.Read(first[..length]);
    }

    private static byte[][] ReadSegmentHeaders(IDiskFile file, AlopexWalGeometry geometry)
    {
        var headers = new byte[geometry.Segments][];
        ulong baseId = 0;
        for (var i = 0; i < headers.Length; i++)
        {
            var offset = geometry.SegmentOffset(i);
            headers[i] = file.Bytes(offset, AlopexWalSegmentHeader.Size);
            var header = AlopexWalSegmentHeader.Read(headers[i], i, offset);
            baseId = i == 0 ? header.SegmentId : baseId;
            header.CheckSequence(baseId, i, offset);
        }
        return headers;
    }
}
