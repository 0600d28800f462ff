using System.Buffers.Binary;

namespace BackupTools.Tests.Formats.Alopex;

/// <summary>
/// Reads the visible keys of a data directory, from the format document alone and without the code under test, so that
/// a fault there cannot hide itself here. Small files only.
/// </summary>
internal sealed class AlopexKeyReader
{
    private readonly Dictionary<string, (ulong Timestamp, ulong Sequence, string? Value)> _best = new(
        StringComparer.Ordinal
    );

    private AlopexKeyReader() { }

    /// <summary>Why the replay stopped; null when it did not.</summary>
    public string? Stop { get; private set; }

    /// <summary>LSNs of the replayed entries.</summary>
    public List<ulong> Lsns { get; } = [];

    /// <summary>What only the log holds, in order: LSN, place in its entry, key and value in hex.</summary>
    public List<(ulong Lsn, ulong Sequence, string Key, string? Value)> Logged { get; } = [];

    /// <summary>The last LSN of the log or of the checkpoint.</summary>
    public ulong LastLsn { get; private set; }

    /// <summary>Where the log ends, as an offset in the ring; what is torn lies behind.</summary>
    public ulong LogEnd { get; private set; }

    public SortedDictionary<string, string> Keys =>
        new(
            _best.Where(p => p.Value.Value is not null).ToDictionary(p => p.Key, p => p.Value.Value!),
            StringComparer.Ordinal
        );

    public static AlopexKeyReader Read(string folder, long segmentSize = 8192, int segments = 3)
    {
        var reader = new AlopexKeyReader();
        var checkpoint = Checkpoint(Path.Combine(folder, "checkpoint.meta"));
        var last = checkpoint ?? 0;
        foreach (var (lsn, body) in reader.Replay(Path.Combine(folder, "lsm.wal"), segmentSize, segments))
        {
            reader.Lsns.Add(lsn);
            if (checkpoint is { } c && lsn <= c)
            {
                continue;
            }
            last = Math.Max(last, lsn);
            ulong sequence = 0;
            foreach (var (key, value) in Operations(body))
            {
                reader.Logged.Add((lsn, sequence, key, value));
                reader.Put(key, lsn, sequence++, value);
            }
        }
        reader.LastLsn = last;
        foreach (var table in Directory.GetFiles(Path.Combine(folder, "sst"), "*.sst"))
        {
            foreach (var (key, timestamp, sequence, value) in Table(File.ReadAllBytes(table)))
            {
                if (timestamp <= last + 1)
                {
                    reader.Put(key, timestamp, sequence, value);
                }
            }
        }
        return reader;
    }

    private void Put(string key, ulong timestamp, ulong sequence, string? value)
    {
        if (!_best.TryGetValue(key, out var old) || (timestamp, sequence).CompareTo((old.Timestamp, old.Sequence)) > 0)
        {
            _best[key] = (timestamp, sequence, value);
        }
    }

    private static ulong? Checkpoint(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }
        var b = File.ReadAllBytes(path);
        var good = b.Length >= 24 && U32(b, 0) == 1 && U32(b, 20) == Crc(b.AsSpan(0, 20));
        return good ? U64(b, 4) : null;
    }

    private List<(ulong Lsn, byte[] Body)> Replay(string path, long segmentSize, int segments)
    {
        // The engine's own process may have it open for writing.
        using var file = File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete);
        var head = new byte[24];
        RandomAccess.Read(file, head, 0);
        var size = head.AsSpan(16, 4).SequenceEqual("AWAL"u8) ? 16 : 20;
        var start = U64(head, 0) & ~(1UL << 63);
        var full = U64(head, 8) >> 63 == 1;
        var end = U64(head, 8) & ~(1UL << 63);
        var data = (ulong)segmentSize - 28;
        var ring = data * (ulong)segments;
        byte[] Bytes(ulong offset, ulong count)
        {
            var result = new byte[count];
            for (ulong i = 0; i < count; )
            {
                var take = Math.Min(count - i, data - (offset % data));
                var at = size + ((long)(offset / data) * segmentSize) + 28 + (long)(offset % data);
                Assert.Equal((int)take, RandomAccess.Read(file, result.AsSpan((int)i, (int)take), at));
                i += take;
                offset = (offset + take) % ring;
            }
            return result;
        }
        var left =
            full ? ring
            : start <= end ? end - start
            : ring - (start - end);
        var entries = new List<(ulong, byte[])>();
        for (ulong? last = null; left > 0; )
        {
            if (left < 12)
            {
                Stop = "WAL entry header truncated";
                break;
            }
            var header = Bytes(start, 12);
            var total = 12 + (ulong)U32(header, 8);
            if (total > ring || total > left || total < 17)
            {
                Stop =
                    total > ring ? "length"
                    : total > left ? "truncated at tail"
                    : "payload too small";
                break;
            }
            var entry = Bytes(start, total);
            if (U32(entry, entry.Length - 4) != Crc(entry.AsSpan(0, entry.Length - 4)))
            {
                Stop = "checksum mismatch";
                break;
            }
            if (last is { } l && U64(entry, 0) <= l)
            {
                Stop = "not strictly increasing";
                break;
            }
            last = U64(entry, 0);
            entries.Add((last.Value, entry[12..^4]));
            start = (start + total) % ring;
            left -= total;
        }
        LogEnd = start;
        return entries;
    }

    private static IEnumerable<(string Key, string? Value)> Operations(byte[] body)
    {
        var at = 1;
        var count = body[0] == 2 ? Varint(body, ref at) : 1;
        for (ulong i = 0; i < count; i++)
        {
            var type = body[0] == 2 ? body[at++] : body[0];
            var key = Take(body, ref at);
            var value = Take(body, ref at);
            yield return (key, type == 1 ? null : value);
        }
        Assert.Equal(body.Length, at);
    }

    private static string Take(byte[] body, ref int at)
    {
        var length = (int)Varint(body, ref at);
        at += length;
        return Convert.ToHexStringLower(body.AsSpan(at - length, length));
    }

    private static ulong Varint(byte[] b, ref int at)
    {
        ulong value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var x = b[at++];
            value |= (ulong)(x & 127) << shift;
            if (x < 128)
            {
                return value;
            }
        }
    }

    /// <summary>The entries of an uncoded table; a table that the engine would refuse yields nothing.</summary>
    private static IEnumerable<(string Key, ulong Timestamp, ulong Sequence, string? Value)> Table(byte[] b)
    {
        if (b.Length < 80 || U32(b, b.Length - 8) != Crc(b.AsSpan(0, b.Length - 48)))
        {
            yield break;
        }
        Assert.Equal(0, (b[6] >> 1) & 3);
        var index = (int)U64(b, b.Length - 48);
        var blocks = U32(b, index);
        var at = index + 4;
        for (var i = 0; i < blocks; i++)
        {
            var offset = (int)U64(b, at);
            var size = (int)U32(b, at + 8);
            at += 16 + (int)U32(b, at + 12);
            at += 4 + (int)U32(b, at);
            Assert.Equal(U32(b, offset + size - 4), Crc(b.AsSpan(offset, size - 4)));
            var entry = offset + 8;
            for (var n = U32(b, offset); n > 0; n--)
            {
                var keyLength = (int)U32(b, entry + 17);
                var valueLength = (int)U32(b, entry + 21);
                var key = Convert.ToHexStringLower(b.AsSpan(entry + 25, keyLength));
                var value = Convert.ToHexStringLower(b.AsSpan(entry + 25 + keyLength, valueLength));
                yield return (key, U64(b, entry + 1), U64(b, entry + 9), b[entry] == 1 ? null : value);
                entry += 25 + keyLength + valueLength;
            }
            Assert.Equal(offset + size - 4, entry);
        }
    }

    /// <summary>CRC-32 as the format document words it, bit by bit.</summary>
    public static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var b in bytes)
        {
            crc = (crc >> 8) ^ CrcTable[(byte)(crc ^ b)];
        }
        return ~crc;
    }

    private static readonly uint[] CrcTable =
    [
        .. Enumerable
            .Range(0, 256)
            .Select(b =>
            {
                var crc = (uint)b;
                for (var bit = 0; bit < 8; bit++)
                {
                    crc = (crc >> 1) ^ ((crc & 1) * 0xEDB88320);
                }
                return crc;
            }),
    ];

    private static uint U32(byte[] b, int at) => BinaryPrimitives.ReadUInt32LittleEndian(b.AsSpan(at));

    private static ulong U64(byte[] b, int at) => BinaryPrimitives.ReadUInt64LittleEndian(b.AsSpan(at));
}
