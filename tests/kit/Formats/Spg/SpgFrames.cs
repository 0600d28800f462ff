using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace BackupTools.Tests.Formats.Spg;

/// <summary>Writes WAL frames as the server does (SPG format, §4.2).</summary>
internal static class SpgFrames
{
    public static byte[] V1(string sql)
    {
        var text = Encoding.UTF8.GetBytes(sql);
        var frame = new byte[4 + text.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(frame, (uint)text.Length);
        text.CopyTo(frame, 4);
        return frame;
    }

    public static byte[] V2(string sql)
    {
        var text = Encoding.UTF8.GetBytes(sql);
        var frame = new byte[8 + text.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(frame, (uint)text.Length | 0x80000000);
        BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(4), Crc32.HashToUInt32(text));
        text.CopyTo(frame, 8);
        return frame;
    }

    public static byte[] V3(byte type, ReadOnlySpan<byte> payload)
    {
        var frame = new byte[9 + payload.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(frame, (uint)payload.Length | 0xC0000000);
        frame[8] = type;
        payload.CopyTo(frame.AsSpan(9));
        BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(4), Crc32.HashToUInt32(frame.AsSpan(8)));
        return frame;
    }

    public static byte[] V3(string sql) => V3(0x01, Encoding.UTF8.GetBytes(sql));

    public static byte[] Marker(ulong offset)
    {
        var payload = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(payload, offset);
        return V3(0x02, payload);
    }

    /// <summary>A frame of type 0x03: LZSS.</summary>
    public static byte[] Packed(string sql) => V3(0x03, [1, .. Lzss(Encoding.UTF8.GetBytes(sql))]);

    /// <summary>A plain encoder: greedy, longest match first (§4.4).</summary>
    public static byte[] Lzss(ReadOnlySpan<byte> input)
    {
        var output = new List<byte>(BitConverter.GetBytes(input.Length));
        var at = 0;
        while (at < input.Length)
        {
            var flagsAt = output.Count;
            output.Add(0);
            for (var bit = 0; bit < 8 && at < input.Length; bit++)
            {
                var (distance, length) = LongestMatch(input, at);
                if (length >= 3)
                {
                    var reference = (distance << 4) | (length - 3);
                    output.Add((byte)reference);
                    output.Add((byte)(reference >> 8));
                    at += length;
                }
                else
                {
                    output[flagsAt] |= (byte)(1 << bit);
                    output.Add(input[at++]);
                }
            }
        }
        return [.. output];
    }

    // Only matches of three bytes or more are of use, so only those are looked at.
    private static (int Distance, int Length) LongestMatch(ReadOnlySpan<byte> input, int at)
    {
        var best = (Distance: 0, Length: 0);
        var ahead = input.Slice(at, Math.Min(18, input.Length - at));
        var start = Math.Max(0, at - 4095);
        var end = at + 2;
        while (ahead.Length >= 3 && best.Length < ahead.Length)
        {
            var found = input[start..end].LastIndexOf(ahead[..3]);
            if (found < 0)
            {
                break;
            }
            var length = ahead.CommonPrefixLength(input[(start + found)..]);
            if (length > best.Length)
            {
                best = (at - start - found, length);
            }
            end = start + found + 2;
        }
        return best;
    }
}
