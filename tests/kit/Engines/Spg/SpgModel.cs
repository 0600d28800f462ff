using System.Text;
using System.Text.RegularExpressions;
using BackupTools.Formats.Spg;

namespace BackupTools.Tests.Engines.Spg;

/// <summary>A few lines of what a server does with a log: an oracle that knows nothing of the scanner.</summary>
internal static class SpgModel
{
    /// <summary>The statements of whole frames, in order; compressed ones are unpacked, markers are left out.</summary>
    public static IEnumerable<string> Statements(byte[] wal)
    {
        for (var at = 0; at + 4 <= wal.Length; )
        {
            var word = BitConverter.ToUInt32(wal, at);
            var header =
                word >= 0xC0000000 ? 9
                : word >= 0x80000000 ? 8
                : 4;
            var length = (int)(header == 9 ? word & 0x3FFFFFFF : word & 0x7FFFFFFF);
            var payload = wal.AsSpan(at + header, length).ToArray();
            var type = header == 9 ? wal[at + 8] : 1;
            at += header + length;
            if (type != 2)
            {
                var text = type is 3 or 4 ? payload[1..] : payload;
                yield return Encoding.UTF8.GetString(type is 3 or 4 && payload[0] == 1 ? Unpack(text) : text);
            }
        }
    }

    /// <summary>Statements that take effect: those of a transaction only with its COMMIT, all at once.</summary>
    public static IEnumerable<string> Committed(byte[] wal)
    {
        List<string>? open = null;
        foreach (var sql in Statements(wal))
        {
            if (sql == "BEGIN")
            {
                open = [];
            }
            else if (sql == "COMMIT")
            {
                foreach (var inner in open ?? [])
                {
                    yield return inner;
                }
                open = null;
            }
            else if (sql == "ROLLBACK")
            {
                open = null;
            }
            else if (open is not null)
            {
                open.Add(sql);
            }
            else
            {
                yield return sql;
            }
        }
    }

    /// <summary>Rows of the fixtures' table after replay.</summary>
    public static int CompatRows(int before, byte[] wal) =>
        before
        + Committed(wal)
            .Sum(sql =>
                Regex.IsMatch(sql, "^INSERT") ? 1
                : Regex.IsMatch(sql, "^DELETE") ? -1
                : 0
            );

    /// <summary>Length of the log up to the last place outside a transaction.</summary>
    public static int CutPoint(byte[] wal)
    {
        var scan = new SpgSliceScan(0);
        scan.Append(wal);
        return (int)scan.Scanner.CutPoint;
    }

    // §4.4, in its plainest form.
    private static byte[] Unpack(byte[] input)
    {
        var output = new List<byte>();
        var length = BitConverter.ToInt32(input, 0);
        for (var at = 4; output.Count < length; )
        {
            var flags = input[at++];
            for (var bit = 0; bit < 8 && output.Count < length; bit++)
            {
                if ((flags >> bit & 1) == 1)
                {
                    output.Add(input[at++]);
                }
                else
                {
                    var v = BitConverter.ToUInt16(input, at);
                    at += 2;
                    for (var n = 0; n < (v & 15) + 3; n++)
                    {
                        output.Add(output[^(v >> 4)]);
                    }
                }
            }
        }
        return [.. output];
    }
}
