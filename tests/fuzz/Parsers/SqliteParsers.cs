using System.Buffers.Binary;
using System.Globalization;
using BackupTools.Errors;
using BackupTools.Formats.Sqlite;
using K4os.Compression.LZ4.Streams;

namespace BackupTools.Fuzz.Parsers;

/// <summary>SQLite: LTX files, write-ahead logs, headers, side files.</summary>
internal static class SqliteParsers
{
    public static Dictionary<string, Func<FuzzParser>> All { get; } =
        new(StringComparer.Ordinal)
        {
            ["sqlite-ltx"] = () =>
                new FuzzParser("sqlite-ltx", FuzzParser.Files("sqlite/litestream-0.5", "*.ltx"), Ltx)
                {
                    Repair = RepairLtx,
                    Inputs = 30_000, // each costs the decompression of a dozen pages, twice
                    Base = 1 << 20,
                },
            ["sqlite-wal"] = () =>
                new FuzzParser("sqlite-wal", [Unpacked("00000000_00000000"), Unpacked("00000001_00000000")], Wal)
                {
                    Repair = RepairWal,
                    Inputs = 50_000,
                },
            ["sqlite-header"] = () =>
                new FuzzParser(
                    "sqlite-header",
                    [Unpacked("00000000_00000000").AsSpan(32 + 24, SqliteHeader.Length).ToArray()],
                    static (input, ref _) => SqliteHeader.Parse(input)
                ),
            ["sqlite-side"] = () =>
                new FuzzParser("sqlite-side", [Side()], static (input, ref _) => SqliteSideFile.Parse(input.ToArray()))
                {
                    Repair = RepairSide,
                    Words = FuzzParser.JsonWords,
                },
        };

    /// <summary>The file's checksum is made that of its content, as far as it can be read.</summary>
    public static void RepairLtx(Span<byte> input)
    {
        try
        {
            var scanner = new LtxScanner(null);
            scanner.Append(input);
        }
        catch (BackupException e) when (e.Code == ErrorCode.ChecksumMismatch)
        {
            BinaryPrimitives.WriteUInt64BigEndian(
                input[^8..],
                ulong.Parse(e.Actual!, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)
            );
        }
        catch (BackupException) { } // refused for another reason, which is as good
    }

    private static void Ltx(ReadOnlySpan<byte> input, ref Dice dice)
    {
        var scanner = new LtxScanner(null);
        Portions.Feed(input, ref dice, scanner.Append);
        scanner.Finish();
    }

    private static void Wal(ReadOnlySpan<byte> input, ref Dice dice)
    {
        var scanner = new SqliteWalScanner(null);
        Portions.Feed(input, ref dice, scanner.Append);
        scanner.RequireCommit();
    }

    private static void RepairWal(Span<byte> input)
    {
        if (input.Length < SqliteWalHeader.Length)
        {
            return;
        }
        var isBigEndian = (input[3] & 1) != 0;
        var sum = default(SqliteWalSum);
        sum.Append(input[..24], isBigEndian);
        Put(input[24..], sum);
        var size = BinaryPrimitives.ReadUInt32BigEndian(input[8..]);
        var frame = (int)Math.Min(size, SqlitePages.LargestPage) + 24;
        for (var rest = input[SqliteWalHeader.Length..]; rest.Length >= frame; rest = rest[frame..])
        {
            sum.Append(rest[..8], isBigEndian);
            sum.Append(rest[24..frame], isBigEndian);
            Put(rest[16..], sum);
        }
    }

    private static void Put(Span<byte> target, SqliteWalSum sum)
    {
        BinaryPrimitives.WriteUInt32BigEndian(target, sum.First);
        BinaryPrimitives.WriteUInt32BigEndian(target[4..], sum.Second);
    }

    private static void RepairSide(Span<byte> input)
    {
        if (input.Length > SqliteSideFile.HeadLength + SqliteSideFile.DigestLength)
        {
            var length = input.Length - SqliteSideFile.DigestLength - SqliteSideFile.HeadLength;
            BinaryPrimitives.WriteInt32BigEndian(input[8..], length);
            RepairSideFile(input);
        }
    }

    /// <summary>The description in a side file is made to have the digest that follows it.</summary>
    public static void RepairSideFile(Span<byte> input)
    {
        if (input.Length <= SqliteSideFile.HeadLength + SqliteSideFile.DigestLength)
        {
            return;
        }
        var end = SqliteSideFile.HeadLength + BinaryPrimitives.ReadUInt32BigEndian(input[8..]);
        if (end <= input.Length - SqliteSideFile.DigestLength)
        {
            Blake3.Hasher.Hash(input[..(int)end]).AsSpan().CopyTo(input[(int)end..]);
        }
    }

    private static byte[] Side()
    {
        var digest = new string('a', 64);
        return new SqliteSideFile
        {
            Tool = "1.0",
            BundleId = digest,
            ParentId = digest,
            SourcePath = "/srv/a.db",
            Pages = 3,
            PreApply = 1UL << 63,
            PostApply = ulong.MaxValue,
            PageKey = digest[..32],
            PageMacsDigest = digest,
        }.WriteDescription();
    }

    private static byte[] Unpacked(string piece)
    {
        var folder = Path.Combine(AppContext.BaseDirectory, "fixtures", "sqlite", "litestream-0.3.13");
        var path = Directory.EnumerateFiles(folder, piece + ".wal.lz4", SearchOption.AllDirectories).Single();
        using var stream = LZ4Stream.Decode(File.OpenRead(path));
        var plain = new MemoryStream();
        stream.CopyTo(plain);
        return plain.ToArray();
    }
}
