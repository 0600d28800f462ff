using System.Buffers.Binary;
using System.Text;
using BackupTools.Errors;

namespace BackupTools.Tests.Formats.Grafeo;

/// <summary>
/// Writes Grafeo's formats for tests, byte by byte and independent of the code under test: its own CRC, its own
/// variable-length integers.
/// </summary>
internal static class GrafeoBytes
{
    public static string Fixture(params string[] parts) =>
        Path.Combine([AppContext.BaseDirectory, "fixtures", "grafeo", .. parts]);

    public static byte[] FixtureBytes(params string[] parts) => File.ReadAllBytes(Fixture(parts));

    public static byte[] Hex(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

    /// <summary>One byte at a time, by a table made bit by bit from the definition.</summary>
    public static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var b in bytes)
            crc = CrcTable[(byte)(crc ^ b)] ^ (crc >> 8);
        return ~crc;
    }

    private static readonly uint[] CrcTable =
    [
        .. Enumerable
            .Range(0, 256)
            .Select(b =>
                Enumerable.Range(0, 8).Aggregate((uint)b, (c, _) => (c & 1) != 0 ? (c >> 1) ^ 0xEDB88320 : c >> 1)
            ),
    ];

    public static byte[] Var(ulong value)
    {
        var all = BitConverter.GetBytes(value);
        return value < 251 ? [(byte)value]
            : value <= 0xFFFF ? [251, .. all[..2]]
            : value <= 0xFFFFFFFF ? [252, .. all[..4]]
            : [253, .. all];
    }

    public static byte[] Text(string text) => [.. Var((ulong)text.Length), .. Encoding.ASCII.GetBytes(text)];

    /// <summary>A frame of the 0.5.x log.</summary>
    public static byte[] Record(byte[] payload) =>
        [.. BitConverter.GetBytes(payload.Length), .. payload, .. BitConverter.GetBytes(Crc(payload))];

    public static byte[] Node(ulong id, string label) => Record([0, .. Var(id), 1, .. Text(label)]);

    public static byte[] Commit(ulong transaction) => Record([35, .. Var(transaction)]);

    public static byte[] Abort(ulong transaction) => Record([36, .. Var(transaction)]);

    public static byte[] CheckpointRecord(ulong transaction) => Record([37, .. Var(transaction)]);

    public static byte[] Epoch(ulong epoch) => Record([38, .. Var(epoch)]);

    /// <summary>A whole committed transaction of one node in the 0.5.x log.</summary>
    public static byte[] Group(ulong epoch) => [.. Node(epoch, "N"), .. Commit(epoch + 1), .. Epoch(epoch)];

    /// <summary>A frame of the 0.6.0 log.</summary>
    public static byte[] Frame(ulong lsn, ulong transaction, byte flags, byte[] payload)
    {
        var frame = new byte[25 + payload.Length];
        BinaryPrimitives.WriteInt32LittleEndian(frame, payload.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(frame.AsSpan(8), lsn);
        BinaryPrimitives.WriteUInt64LittleEndian(frame.AsSpan(16), transaction);
        frame[24] = flags;
        payload.CopyTo(frame, 25);
        BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(4), Crc([.. frame[..4], .. frame[8..]]));
        return frame;
    }

    /// <summary>The payload of a group's first frame: prologue, GroupBegin, and one data record.</summary>
    public static byte[] GroupPayload(ulong synced, ulong epoch, ulong timeMs, int dataBytes)
    {
        byte[] begin = [.. Var(epoch), .. Var(timeMs), 0];
        return
        [
            .. BitConverter.GetBytes(synced),
            1,
            1,
            .. BitConverter.GetBytes(begin.Length),
            .. begin,
            16,
            1,
            .. BitConverter.GetBytes(dataBytes),
            .. new byte[dataBytes],
        ];
    }

    /// <summary>The header of a 0.6.0 log segment.</summary>
    public static byte[] SegmentHeader(ulong firstLsn)
    {
        var header = new byte[128];
        "GRAFWAL\0"u8.CopyTo(header);
        header[8] = 2;
        header[10] = 128;
        header.AsSpan(16, 16).Fill(7);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(32), firstLsn);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(40), 1775000000000);
        Seal(header, 124);
        return header;
    }

    /// <summary>
    /// A 0.6.0 image of <paramref name="pages"/> pages whose directory, in page 3, says what it is told; the checksums
    /// are those of what lies there.
    /// </summary>
    public static byte[] PagedImage(
        int pages,
        (ulong Offset, uint Length) next,
        params (ulong Offset, ulong Length)[] chunks
    )
    {
        var image = new byte[pages * 4096];
        "GRAF"u8.CopyTo(image);
        image[4] = 3;
        image[9] = 16;
        Seal(image, 72);
        var block = image.AsSpan(3 * 4096, 32 + (48 * chunks.Length));
        "GDIR"u8.CopyTo(block);
        BinaryPrimitives.WriteInt32LittleEndian(block[4..], chunks.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(block[8..], next.Offset);
        BinaryPrimitives.WriteUInt32LittleEndian(block[16..], next.Length);
        for (var i = 0; i < chunks.Length; i++)
        {
            var (offset, length) = chunks[i];
            var entry = block.Slice(32 + (48 * i), 48);
            entry[0] = 2;
            BinaryPrimitives.WriteUInt64LittleEndian(entry[24..], offset);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[32..], length);
            if (offset <= (ulong)image.Length && length <= (ulong)image.Length - offset)
                BinaryPrimitives.WriteUInt32LittleEndian(entry[40..], Crc(image.AsSpan((int)offset, (int)length)));
        }
        var slot = image.AsSpan(4096, 4096);
        "GDBH"u8.CopyTo(slot);
        slot[4] = 1;
        slot[8] = 1;
        BinaryPrimitives.WriteUInt64LittleEndian(slot[40..], 3 * 4096);
        BinaryPrimitives.WriteInt32LittleEndian(slot[48..], block.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(slot[52..], Crc(block));
        Seal(slot, 80);
        return image;
    }

    /// <summary>Makes the checksum behind a header's first bytes that of what they say now.</summary>
    public static void Seal(Span<byte> header, int covered) =>
        BinaryPrimitives.WriteUInt32LittleEndian(header[covered..], Crc(header[..covered]));

    public static byte[] Flip(byte[] bytes, int at, byte mask = 1)
    {
        var copy = bytes.ToArray();
        copy[at] ^= mask;
        return copy;
    }

    public static BackupException Refused(Action action) => Assert.Throws<BackupException>(action);
}
