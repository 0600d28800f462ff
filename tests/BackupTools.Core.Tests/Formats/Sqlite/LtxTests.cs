using System.Buffers;
using System.Text;
using BackupTools.Errors;
using BackupTools.Formats.Sqlite;

namespace BackupTools.Tests.Formats.Sqlite;

/// <summary>LTX files: real ones, those of the independent writer, and ours read by the independent reader.</summary>
public sealed class LtxTests : IDisposable
{
    private static readonly string Fixtures = Path.Combine(AppContext.BaseDirectory, "fixtures", "sqlite");

    private readonly string _folder = Directory.CreateTempSubdirectory("backuptools-").FullName;

    /// <summary>The published check value of CRC-64/GO-ISO.</summary>
    [Fact]
    public void The_checksum_is_the_published_one()
    {
        var sum = SqliteChecksum.Start();
        sum.Append(Encoding.ASCII.GetBytes("123456789"));
        Assert.Equal(0xb90956c775a41001, sum.GetCurrentHashAsUInt64());
    }

    [Fact]
    public void All_19_files_of_a_replica_of_05_match_their_checksums()
    {
        var files = Directory.GetFiles(Path.Combine(Fixtures, "litestream-0.5"), "*.ltx", SearchOption.AllDirectories);
        Assert.Equal(19, files.Length);
        Assert.All(files, f => Assert.NotNull(Scan(File.ReadAllBytes(f)).Trailer));
    }

    [Theory]
    [InlineData("litestream-0.5", false)]
    [InlineData("handmade", false)]
    [InlineData("own", true)]
    public void A_file_of_ours_is_told_by_its_header(string fixtures, bool ours)
    {
        var files = Directory.GetFiles(Path.Combine(Fixtures, fixtures), "*.ltx", SearchOption.AllDirectories);
        Assert.NotEmpty(files);
        Assert.All(files, f => Assert.Equal(ours, LtxHeader.Parse(File.ReadAllBytes(f)).IsOurs));
    }

    [Fact]
    public void Portions_of_any_size_make_no_difference()
    {
        var file = File.ReadAllBytes(
            Path.Combine(Fixtures, "litestream-0.5/replica/ltx/1/000000000000000b-000000000000000d.ltx")
        );
        var whole = Pages(file, file.Length);
        foreach (var size in new[] { 1, 7, 100, 4096, 4103 })
        {
            Assert.Equal(whole, Pages(file, size));
        }
    }

    /// <summary>Every byte of a file counts: header, pages, end of pages, index, trailer.</summary>
    [Fact]
    public void Every_flipped_bit_of_a_small_file_is_found_or_changes_no_page()
    {
        var random = new Random(1);
        var pages = RandomPages(random, 512, [1, 2, 3]);
        var file = Write(Header(512, 3, 1, 1), pages);
        var sound = Pages(file, file.Length);
        for (var bit = 0; bit < 8 * file.Length; bit++)
        {
            var bad = (byte[])file.Clone();
            bad[bit / 8] ^= (byte)(1 << (bit % 8));
            try
            {
                Assert.Equal(sound, Pages(bad, bad.Length));
            }
            catch (BackupException)
            {
                continue;
            }
            // LZ4 has several ways to write the same page: it is then the same file in other words.
            Assert.InRange(bit / 8, LtxHeader.Length, file.Length - 40);
        }
    }

    [Fact]
    public void Every_cut_is_found()
    {
        var file = Write(Header(512, 2, 1, 1), RandomPages(new Random(2), 512, [1, 2]));
        for (var length = 0; length < file.Length; length++)
        {
            Assert.Throws<BackupException>(() => Scan(file.AsSpan(0, length).ToArray()));
        }
        Assert.Throws<BackupException>(() => Scan([.. file, 0]));
    }

    [PythonFact]
    public void What_we_write_the_independent_reader_reads()
    {
        var random = new Random(3);
        foreach (var size in new[] { 512, 1024, 4096, 65536 })
        {
            var commit = (uint)random.Next(1, 20);
            var full = Save(Write(Header(size, commit, 1, 7), RandomPages(random, size, All(commit))), "full.ltx");
            uint[] some = [.. All(commit + 3).Where(n => n > commit || random.Next(3) == 0)];
            var increment = Save(Write(Header(size, commit + 3, 8, 8), RandomPages(random, size, some)), "incr.ltx");
            var empty = Save(Write(Header(size, commit + 3, 9, 12), []), "empty.ltx");
            var nothing = Save(Write(Header(size, 0, 1, 13), []), "nothing.ltx");
            var said = LtxChecker.Check(full, increment, empty, nothing);
            Assert.Contains($"ps={size} commit={commit} tx=1-7 ", said[0], StringComparison.Ordinal);
            Assert.Contains(
                $"pages={some.Length} wal=(32, 0, 0, 0) pre=0000000000000000 post=0000000000000000",
                said[1],
                StringComparison.Ordinal
            );
        }
    }

    [PythonFact]
    public void What_the_independent_writer_writes_we_read()
    {
        for (var state = 1; state <= 5; state++)
        {
            var database = Path.Combine(Fixtures, "handmade", "states", $"s{state}.db");
            var file = Path.Combine(_folder, "x", "snapshot.ltx");
            LtxChecker.Snapshot(database, file, 5, 1_700_000_000_000);
            var scanned = Pages(File.ReadAllBytes(file), 777);
            Assert.Equal(Convert.ToHexString(File.ReadAllBytes(database)), string.Concat(scanned.Select(p => p.Page)));
        }
    }

    [Fact]
    public void A_snapshot_passes_over_the_lock_page_and_misses_no_other()
    {
        const int size = 65536;
        var lockPage = SqlitePages.LockPage(size);
        Assert.Equal(16385u, lockPage);
        var page = new byte[size];
        byte[] Snapshot(Func<uint, bool> holds)
        {
            var buffer = new ArrayBufferWriter<byte>();
            var writer = new LtxWriter(buffer, Header(size, lockPage + 2, 1, 1));
            for (uint n = 1; n <= lockPage + 2; n++)
            {
                if (holds(n))
                {
                    writer.Page(n, page);
                }
            }
            writer.Finish();
            return buffer.WrittenSpan.ToArray();
        }
        Assert.Equal(lockPage + 1, Scan(Snapshot(_ => true)).Pages);
        Assert.Throws<BackupException>(() => Scan(Snapshot(n => n != lockPage + 1)));
        Assert.Throws<BackupException>(() => Scan(Snapshot(n => n != lockPage + 2)));
        Assert.Throws<BackupException>(() => Scan(Snapshot(n => n != 5)));
    }

    [Theory]
    [InlineData(0, 0x4D, ErrorCode.BadMagic)]
    [InlineData(3, 0x32, ErrorCode.UnsupportedVersion)]
    [InlineData(7, 0x06, ErrorCode.Malformed)] // unknown flag
    [InlineData(10, 0x03, ErrorCode.Malformed)] // page size
    [InlineData(23, 0x00, ErrorCode.Malformed)] // first transaction 0
    [InlineData(23, 0x09, ErrorCode.Malformed)] // first after last
    [InlineData(32, 0x7F, ErrorCode.Malformed)] // time
    [InlineData(40, 0x80, ErrorCode.Malformed)] // checksum before a snapshot
    [InlineData(55, 0x00, ErrorCode.Malformed)] // salts without offset
    [InlineData(48, 0x80, ErrorCode.Malformed)] // negative offset
    public void A_header_that_contradicts_itself_is_refused(int at, byte value, ErrorCode code)
    {
        var bytes = new byte[LtxHeader.Length];
        (Header(512, 3, 1, 8) with { WalSalt1 = 5 }).Write(bytes);
        LtxHeader.Parse(bytes);
        bytes[at] = value;
        Assert.Equal(code, Assert.Throws<BackupException>(() => LtxHeader.Parse(bytes)).Code);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static LtxHeader Header(int pageSize, uint commit, ulong min, ulong max) =>
        new()
        {
            HasNoStateChecksums = true,
            PageSize = pageSize,
            Commit = commit,
            MinTxid = min,
            MaxTxid = max,
            TimeMs = 1_700_000_000_123,
            WalOffset = LtxHeader.ForeignWalOffset,
        };

    private static uint[] All(uint commit) => [.. Enumerable.Range(1, (int)commit).Select(n => (uint)n)];

    private static List<(uint Number, byte[] Page)> RandomPages(Random random, int size, uint[] numbers) =>
        [
            .. numbers.Select(n =>
            {
                var page = new byte[size];
                // From noise, which does not compress, over what does to zeros.
                random.NextBytes(page.AsSpan(0, random.Next(3) * size / 2));
                if (random.Next(2) == 0)
                {
                    Words(random, page.AsSpan(size / 4, size / 2));
                }
                return (n, page);
            }),
        ];

    /// <summary>Words of a few dozen, as in rows.</summary>
    private static void Words(Random random, Span<byte> target)
    {
        string[] words = ["paid", "on", "the", "order", "customer", "invoice", "2026-11-29", "EUR", "street", "open"];
        for (var at = 0; at < target.Length; )
        {
            var word = Encoding.ASCII.GetBytes(words[random.Next(words.Length)] + ' ');
            var part = word.AsSpan(0, Math.Min(word.Length, target.Length - at));
            part.CopyTo(target[at..]);
            at += part.Length;
        }
    }

    private static byte[] Write(LtxHeader header, List<(uint Number, byte[] Page)> pages)
    {
        var buffer = new ArrayBufferWriter<byte>();
        var writer = new LtxWriter(buffer, header);
        pages.ForEach(p => writer.Page(p.Number, p.Page));
        writer.Finish();
        Assert.Equal(buffer.WrittenCount, writer.Length);
        return buffer.WrittenSpan.ToArray();
    }

    private string Save(byte[] bytes, string name)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    private static LtxScanner Scan(byte[] file)
    {
        var scanner = new LtxScanner(null);
        scanner.Append(file);
        scanner.Finish();
        return scanner;
    }

    private static List<(uint Number, string Page)> Pages(byte[] file, int portion)
    {
        var pages = new List<(uint, string)>();
        var scanner = new LtxScanner((number, page) => pages.Add((number, Convert.ToHexString(page))));
        for (var at = 0; at < file.Length; at += portion)
        {
            scanner.Append(file.AsSpan(at, Math.Min(portion, file.Length - at)));
        }
        scanner.Finish();
        return pages;
    }
}
