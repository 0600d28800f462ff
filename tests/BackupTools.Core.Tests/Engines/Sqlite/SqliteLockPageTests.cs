using System.Buffers.Binary;
using System.Globalization;
using BackupTools.Chains;
using BackupTools.Engines.Sqlite;
using BackupTools.Files;
using BackupTools.Formats.Sqlite;
using BackupTools.Tests.Formats;
using BackupTools.Tests.Formats.Sqlite;
using Microsoft.Data.Sqlite;

namespace BackupTools.Tests.Engines.Sqlite;

/// <summary>
/// Databases of more than 1 GiB, nearly all of it free pages in a hole of the file. The page with byte 0x40000000 is never
/// used: it holds what is no part of the database.
/// </summary>
public sealed class SqliteLockPageTests : IDisposable
{
    private const long LockByte = 0x40000000;
    private const int PagesBehind = 3;

    /// <summary>Free pages in the first page of their list, which SQLite uses up before it goes on to the next.</summary>
    private const int FirstLeaves = 40;

    private const int Row = 4_000_000;

    private readonly SqliteBox _box = new();

    public static TheoryData<int> PageSizes => SoakBudget.IsLong ? [4096, 65536] : [65536];

    private string Source => _box.Harness.At("app.db");

    /// <summary>Each time what of a capture concerns the lock page; in long runs all, which writes a GiB several times.</summary>
    [PythonTheory]
    [MemberData(nameof(PageSizes))]
    public void A_database_beyond_the_lock_page_is_backed_up_restored_and_read_by_the_independent_reader(int pageSize)
    {
        var pages = Make(pageSize);
        RequireZerosForTheLockPage(pageSize, pages);
        if (SoakBudget.IsLong)
        {
            BackUpAndRestore(pageSize);
        }
    }

    public void Dispose() => _box.Dispose();

    private void RequireZerosForTheLockPage(int pageSize, uint pages)
    {
        var lockPage = SqlitePages.LockPage(pageSize);
        Assert.Equal(LockByte / pageSize, lockPage - 1);
        using var staging = StagingArea.Create(LocalDisk.Instance, _box.Harness.At("staging"), TimeProvider.System);
        using var file = LocalDisk.Instance.OpenRead(Source);
        using var log = new KeptPages(pageSize, staging, LocalDisk.Instance);
        var state = new StatePages(file, log, pageSize, pages, _box.Harness.Context());
        Assert.Equal((long)pages * pageSize, state.Length);
        var block = new byte[BlockPool.BlockSize];
        var looked = 0;
        for (long at = 0; at < state.Length; at += block.Length)
        {
            var part = block.AsSpan(0, (int)Math.Min(block.Length, state.Length - at));
            state.Read(at, part);
            for (var page = 0; page < part.Length; page += pageSize)
            {
                var number = (uint)((at + page) / pageSize) + 1;
                if (number + PagesBehind >= lockPage) // and none lies further behind it
                {
                    var marked = number == lockPage ? 0 : number;
                    Assert.Equal(marked, BinaryPrimitives.ReadUInt32LittleEndian(part.Slice(page + pageSize - 4, 4)));
                    looked++;
                }
            }
        }
        Assert.Equal((2 * PagesBehind) + 1, looked);
    }

    private void BackUpAndRestore(int pageSize)
    {
        List<BundleHeader> way = [_box.Harness.Full(Source, _box.Harness.At("b"))];
        Look(way[0].FullName, pageSize);
        SqliteTestDatabase.Run(Source, $"create table t(x); insert into t values(randomblob({Row}))");
        way.Add(_box.Harness.Increment(Source, _box.Harness.At("b"), way));
        Look(way[1].FullName, pageSize);
        LtxChecker.Check(way[1].FullName);
        var restored = _box.Harness.At("restored.db");
        _box.Harness.Restore(way, restored, deep: true);
        Compare(restored, pageSize);
    }

    /// <summary>The file's pages but the lock page are the source's, and SQLite finds its row.</summary>
    private void Compare(string restored, int pageSize)
    {
        using (var left = File.OpenRead(Source))
        using (var right = File.OpenRead(restored))
        {
            Assert.Equal(left.Length, right.Length);
            var (a, b) = (new byte[pageSize], new byte[pageSize]);
            for (long at = 0; at < left.Length; at += pageSize)
            {
                left.ReadExactly(a);
                right.ReadExactly(b);
                Assert.True(at == LockByte ? !b.AsSpan().ContainsAnyExcept((byte)0) : a.AsSpan().SequenceEqual(b));
            }
        }
        using var connection = SqliteTestDatabase.Open(restored);
        Assert.Equal((long)Row, One(connection, "select length(x) from t"));
    }

    /// <summary>Page numbers as the independent reader's author reads them; what is in pages near the lock page.</summary>
    private static void Look(string file, int pageSize)
    {
        const string code = """
            import sys, struct; sys.path.insert(0, sys.argv[1]); import ltx
            b = open(sys.argv[2], 'rb').read(); i = 100
            size, commit, first = struct.unpack('>II', b[8:16]) + struct.unpack('>Q', b[16:24])
            lock = 0x40000000 // size + 1
            numbers = []
            while True:
                n, flags = struct.unpack('>IH', b[i:i + 6]); i += 6
                if n == 0: break
                z = struct.unpack('>I', b[i:i + 4])[0]; i += 4
                page = ltx.lz4_block(b[i:i + z], size) if abs(n - lock) < 3 else None
                if first == 1 and page: assert struct.unpack('<I', page[-4:])[0] == n, n
                i += z; numbers.append(n)
            assert size == int(sys.argv[3]) and commit > lock and lock not in numbers
            if first == 1: assert numbers == [n for n in range(1, commit + 1) if n != lock]
            else: assert max(numbers) > lock, numbers
            """;
        var folder = Path.GetDirectoryName(Python.Checker("ltx.py"))!;
        Python.Run("-c", code, folder, file, pageSize.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Makes a sound database that goes on behind the lock page; its pages.</summary>
    private uint Make(int pageSize)
    {
        SqliteTestDatabase.Run(Source, $"pragma page_size={pageSize}; pragma user_version=1");
        var lockPage = SqlitePages.LockPage(pageSize);
        var pages = lockPage + PagesBehind;
        using (var file = new FileStream(Source, FileMode.Open))
        {
            var used = (uint)(file.Length / pageSize);
            file.SetLength((long)pages * pageSize);
            // Those around the lock page are the first that SQLite takes.
            var free = Enumerable.Range(1, (int)pages).Select(n => (uint)n).Where(n => n > used && n != lockPage);
            WriteFreeList(file, pageSize, [.. free.OrderBy(n => Math.Abs((long)n - lockPage))], pages);
            for (var number = lockPage - PagesBehind; number <= pages; number++)
            {
                Put(file, ((long)number * pageSize) - 4, BinaryPrimitives.ReverseEndianness(number));
            }
        }
        using var connection = SqliteTestDatabase.Open(Source);
        Assert.Equal((long)pages, One(connection, "pragma page_count"));
        Assert.Equal("ok", One(connection, "pragma quick_check"));
        return pages;
    }

    private static void WriteFreeList(FileStream file, int pageSize, List<uint> free, uint pages)
    {
        var perTrunk = (pageSize / 4) - 8;
        var leaves = new Queue<uint>(free);
        var trunks = 1 + ((free.Count - 1 - FirstLeaves + perTrunk) / (perTrunk + 1));
        // The trunks are taken from the end, far from the lock page.
        var trunk = new Queue<uint>(free.TakeLast(trunks));
        Put(file, 32, trunk.Peek());
        Put(file, 36, (uint)free.Count);
        Put(file, 28, pages);
        var left = free.Count - trunks;
        while (trunk.TryDequeue(out var number))
        {
            var count = Math.Min(left == free.Count - trunks ? FirstLeaves : perTrunk, left);
            left -= count;
            var page = new byte[pageSize];
            BinaryPrimitives.WriteUInt32BigEndian(page, trunk.TryPeek(out var next) ? next : 0);
            BinaryPrimitives.WriteUInt32BigEndian(page.AsSpan(4), (uint)count);
            for (var i = 0; i < count; i++)
            {
                BinaryPrimitives.WriteUInt32BigEndian(page.AsSpan(8 + (4 * i)), leaves.Dequeue());
            }
            file.Position = (number - 1L) * pageSize;
            file.Write(page);
        }
    }

    private static void Put(FileStream file, long at, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        file.Position = at;
        file.Write(bytes);
    }

    private static object One(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar()!;
    }
}
