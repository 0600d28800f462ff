using System.Buffers.Binary;
using System.Globalization;
using System.IO.Hashing;
using System.Text;

namespace BackupTools.Benchmarks.Data;

/// <summary>An SSTable without compression, with index and bloom filter (Alopex format, §4).</summary>
internal static class AlopexTable
{
    private const int Header = 32;
    private const int KeyLength = 20;
    private const int ValueLength = 1000;
    private const int EntryLength = 25 + KeyLength + ValueLength;

    /// <summary>As many as the engine's 4 KiB blocks take.</summary>
    private const int EntriesPerBlock = 3;
    private const int BlockLength = 8 + (EntriesPerBlock * EntryLength) + 4;

    /// <summary>Writes about <paramref name="bytes"/>; the last timestamp used, the first being given.</summary>
    public static ulong Write(string path, long bytes, ulong firstTimestamp, TextSource text)
    {
        var blocks = (uint)Math.Max(1, bytes / BlockLength);
        var entries = blocks * EntriesPerBlock;
        var crc = new Crc32();
        using var file = DataFile.Create(path, crc);
        file.Write("ASST"u8);
        file.Write((ushort)1);
        file.Write((ushort)1); // bloom present, not compressed
        file.Write(blocks);
        file.Write((ulong)entries);
        file.Write((uint)KeyLength);
        file.Write((uint)KeyLength);
        file.Write(0u);
        // Keys differ between tables, so that every table is all live data.
        var prefix = string.Create(CultureInfo.InvariantCulture, $"{firstTimestamp:x10}");
        for (var block = 0u; block < blocks; block++)
        {
            WriteBlock(file.Take(BlockLength), prefix, block, firstTimestamp, text);
        }
        var indexOffset = (ulong)file.Position;
        WriteIndex(file, prefix, blocks);
        var bloomOffset = (ulong)file.Position;
        WriteBloom(file, prefix, entries);
        var end = (ulong)file.Position;
        file.Spill();
        var checksum = crc.GetCurrentHashAsUInt32();
        file.Write(indexOffset);
        file.Write((uint)(bloomOffset - indexOffset));
        file.Write(bloomOffset);
        file.Write((uint)(end - bloomOffset));
        file.Write(firstTimestamp);
        file.Write(firstTimestamp + entries - 1);
        file.Write(checksum);
        file.Write("TSSA"u8);
        return firstTimestamp + entries - 1;
    }

    private static void WriteBlock(Span<byte> block, string prefix, uint number, ulong firstTimestamp, TextSource text)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(block, EntriesPerBlock);
        BinaryPrimitives.WriteUInt32LittleEndian(block[4..], EntriesPerBlock * EntryLength);
        for (var i = 0u; i < EntriesPerBlock; i++)
        {
            var id = (number * EntriesPerBlock) + i;
            var entry = block.Slice(8 + ((int)i * EntryLength), EntryLength);
            entry[0] = 0; // put
            BinaryPrimitives.WriteUInt64LittleEndian(entry[1..], firstTimestamp + id);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[9..], 1);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[17..], KeyLength);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[21..], ValueLength);
            PutKey(entry.Slice(25, KeyLength), prefix, id);
            text.Fill(entry[(25 + KeyLength)..]);
        }
        BinaryPrimitives.WriteUInt32LittleEndian(block[^4..], Crc32.HashToUInt32(block[..^4]));
    }

    private static void WriteIndex(DataFile file, string prefix, uint blocks)
    {
        file.Write(blocks);
        for (var block = 0u; block < blocks; block++)
        {
            file.Write(Header + (block * (ulong)BlockLength));
            file.Write((uint)BlockLength);
            file.Write((uint)KeyLength);
            PutKey(file.Take(KeyLength), prefix, block * EntriesPerBlock);
            file.Write((uint)KeyLength);
            PutKey(file.Take(KeyLength), prefix, (block * EntriesPerBlock) + EntriesPerBlock - 1);
        }
    }

    private static void WriteBloom(DataFile file, string prefix, uint entries)
    {
        var bits = Math.Max(8.0, Math.Ceiling(-(entries * Math.Log(0.01)) / Math.Pow(Math.Log(2), 2)));
        var filter = new byte[((ulong)bits + 7) / 8];
        var hashes = (uint)Math.Max(1, Math.Round(bits / entries * Math.Log(2)));
        Span<byte> key = stackalloc byte[KeyLength + 1];
        key[KeyLength] = 0xA5;
        for (var id = 0u; id < entries; id++)
        {
            PutKey(key[..KeyLength], prefix, id);
            var first = Crc32.HashToUInt32(key[..KeyLength]);
            var step = Math.Max(1, Crc32.HashToUInt32(key));
            for (var i = 0u; i < hashes; i++)
            {
                var bit = unchecked(first + (i * step)) % (ulong)(filter.Length * 8L);
                filter[bit / 8] |= (byte)(1 << (int)(bit % 8));
            }
        }
        file.Write(hashes);
        file.Write((uint)filter.Length);
        foreach (var part in filter.Chunk(64 << 10))
        {
            file.Write(part);
        }
    }

    private static void PutKey(Span<byte> key, string prefix, uint id)
    {
        Encoding.ASCII.GetBytes(prefix, key);
        for (var i = KeyLength - 1; i >= prefix.Length; i--, id /= 10)
        {
            key[i] = (byte)('0' + (id % 10));
        }
    }
}
