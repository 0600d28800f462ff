using BackupTools.Errors;
using BackupTools.Formats.Sqlite;
using Microsoft.Data.Sqlite;

namespace BackupTools.Tests.Formats.Sqlite;

/// <summary>Headers, logs and journals that the real SQLite has written.</summary>
public sealed class SqliteFilesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("backuptools-").FullName;

    [Theory]
    [InlineData(512)]
    [InlineData(4096)]
    [InlineData(65536)]
    public void The_header_says_what_SQLite_says(int pageSize)
    {
        var path = Path.Combine(_folder, "a.db");
        using var connection = Open(path);
        Run(
            connection,
            $"pragma page_size={pageSize}; create table t(a); pragma user_version=77; pragma application_id=99; "
                + "insert into t values(zeroblob(10000))"
        );
        var header = SqliteHeader.Parse(Bytes(path));
        Assert.Equal(pageSize, header.PageSize);
        Assert.Equal(Convert.ToUInt32(Run(connection, "pragma page_count")), header.PageCount);
        Assert.Equal(77u, header.UserVersion);
        Assert.Equal(99u, header.ApplicationId);
        Assert.Equal(Run(connection, "select sqlite_version()"), Version(header.SqliteVersion));
        Assert.False(header.IsWal);
        Run(connection, "pragma journal_mode=wal; insert into t values(1)");
        Assert.True(SqliteHeader.Parse(Bytes(path)).IsWal);
    }

    [Theory]
    [InlineData(18, 3, ErrorCode.UnsupportedVersion)]
    [InlineData(19, 3, ErrorCode.UnsupportedVersion)]
    [InlineData(0, 0x73, ErrorCode.BadMagic)]
    [InlineData(17, 3, ErrorCode.Malformed)]
    [InlineData(21, 65, ErrorCode.Malformed)]
    public void Forks_and_noise_are_refused_by_name(int at, byte value, ErrorCode code)
    {
        var bytes = File.ReadAllBytes(
            Path.Combine(AppContext.BaseDirectory, "fixtures", "sqlite", "handmade", "states", "s1.db")
        );
        bytes[at] = value;
        Assert.Equal(code, Assert.Throws<BackupException>(() => SqliteHeader.Parse(bytes)).Code);
    }

    [Theory]
    [InlineData(512)]
    [InlineData(8192)]
    public void Every_frame_of_a_log_is_proved_and_the_pages_make_the_database(int pageSize)
    {
        var path = Path.Combine(_folder, "a.db");
        using var connection = Open(path);
        Run(connection, $"pragma page_size={pageSize}; pragma journal_mode=wal; pragma wal_autocheckpoint=0");
        Run(connection, "create table t(a, b); insert into t values(1, randomblob(3000)); insert into t values(2, 3)");
        var log = Bytes(path + "-wal");
        var pages = new SortedDictionary<uint, byte[]>();
        var scanner = new SqliteWalScanner((number, _, page) => pages[number] = page.ToArray());
        for (var at = 0; at < log.Length; at += 1000)
        {
            scanner.Append(log.AsSpan(at, Math.Min(1000, log.Length - at)));
        }
        scanner.RequireCommit();
        Assert.Equal((uint)pages.Count, scanner.DatabasePages);
        Run(connection, "pragma wal_checkpoint(truncate)");
        Assert.Equal(Convert.ToHexString(Bytes(path)), string.Concat(pages.Values.Select(Convert.ToHexString)));

        var random = new Random(1);
        for (var i = 0; i < 200; i++)
        {
            var bad = (byte[])log.Clone();
            bad[random.Next(bad.Length)] ^= (byte)(1 << random.Next(8));
            Assert.Throws<BackupException>(() => new SqliteWalScanner(null).Append(bad));
        }
    }

    [Fact]
    public void A_log_that_ends_inside_a_transaction_says_so()
    {
        var path = Path.Combine(_folder, "a.db");
        using var connection = Open(path);
        Run(connection, "pragma page_size=512; pragma journal_mode=wal; create table t(a)");
        Run(connection, "insert into t values(zeroblob(5000))");
        var log = Bytes(path + "-wal");
        var scanner = new SqliteWalScanner(null);
        scanner.Append(log.AsSpan(0, log.Length - (512 + 24)));
        Assert.Throws<BackupException>(scanner.RequireCommit);
    }

    [Fact]
    public void A_journal_is_hot_until_its_transaction_has_ended()
    {
        var path = Path.Combine(_folder, "a.db");
        using var connection = Open(path);
        Run(connection, "pragma journal_mode=persist; pragma cache_size=2; create table t(a)");
        Run(connection, "begin; insert into t values(zeroblob(200000))");
        Assert.NotNull(SqliteJournal.ReadHot(Bytes(path + "-journal")));
        Run(connection, "commit");
        Assert.NotEmpty(Bytes(path + "-journal"));
        Assert.Null(SqliteJournal.ReadHot(Bytes(path + "-journal")));
        Assert.Null(SqliteJournal.ReadHot([]));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static SqliteConnection Open(string path)
    {
        var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        return connection;
    }

    private static object? Run(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }

    private static string Version(uint number) => $"{number / 1_000_000}.{number / 1000 % 1000}.{number % 1000}";

    private static byte[] Bytes(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }
}
