using System.Buffers.Binary;
using System.Globalization;
using BackupTools.Formats.Sqlite;
using BackupTools.Tests.Files;
using K4os.Compression.LZ4.Streams;
using Microsoft.Data.Sqlite;

namespace BackupTools.Tests.Engines.Sqlite;

/// <summary>
/// Writes a database with the real SQLite, and a generation of Litestream 0.3 beside it: snapshots of the file and pieces of
/// the log as they are, under the names that Litestream gives them, whenever a test wants them.
/// </summary>
internal sealed class LitestreamFolder : IDisposable
{
    private const int WalHeader = SqliteWalHeader.Length;
    private const int FrameHead = 24;

    private readonly string _database;
    private readonly string _generation;
    private readonly SqliteConnection _connection;
    private uint _index;
    private int _offset;
    private string _log = "";
    private string _logBefore = "";

    public LitestreamFolder(string database, string replica, string setup = "")
    {
        (_database, Replica) = (database, replica);
        _generation = Path.Combine(replica, "generations", "0123456789abcdef");
        Directory.CreateDirectory(Path.Combine(_generation, "snapshots"));
        Directory.CreateDirectory(Path.Combine(_generation, "wal"));
        _connection = SqliteTestDatabase.Open(database);
        Run(setup + "pragma journal_mode=wal; pragma wal_autocheckpoint=0; create table t(n integer primary key, v)");
        Run(
            "create table _litestream_seq(id integer primary key, seq integer); insert into _litestream_seq values(1, 1)"
        );
        Run("pragma wal_checkpoint(truncate)");
        Touch();
    }

    public string Replica { get; }

    /// <summary>The rows after each commit, as <see cref="SqliteRows.Dump"/> shows them.</summary>
    public List<string> States { get; } = [];

    /// <summary>The rows at each position that the replica has.</summary>
    public Dictionary<ulong, string> Positions { get; } = [];

    public void Run(string sql)
    {
        SqliteTestDatabase.Run(_connection, sql);
    }

    /// <summary>A commit of its own.</summary>
    public void Commit(string sql)
    {
        Run(sql);
        States.Add(SqliteRows.Dump(_database, "t"));
    }

    /// <summary>Copies the database file as it is now.</summary>
    public string Snapshot()
    {
        var path = Path.Combine(_generation, "snapshots", Name($"{_index:x8}.snapshot.lz4"));
        Pack(path, TempFolder.ReadShared(_database));
        return path;
    }

    /// <summary>Copies what the log has since the last piece; its path, null when there is nothing.</summary>
    public string? Piece()
    {
        using var log = new FileStream(_database + "-wal", FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[log.Length];
        log.ReadExactly(bytes);
        bytes = bytes[..End(bytes)];
        var header = Convert.ToHexString(bytes.AsSpan(0, Math.Min(bytes.Length, WalHeader)));
        if (bytes.Length <= _offset || header == _logBefore)
        {
            return null;
        }
        _log = header;
        var path = Path.Combine(_generation, "wal", Name($"{_index:x8}_{_offset:x8}.wal.lz4"));
        Pack(path, bytes[_offset..]);
        _offset = bytes.Length;
        Positions[((ulong)_index << 32) + (ulong)_offset] = SqliteRows.Dump(_database, "t");
        return path;
    }

    /// <summary>Writes the log back; the next commit begins it anew, under the next number.</summary>
    public void Restart(bool counts = true)
    {
        Run("pragma wal_checkpoint(passive)");
        if (counts && _offset > WalHeader)
        {
            _index++;
            _offset = 0;
            _logBefore = _log;
        }
        Touch();
    }

    /// <summary>What Litestream begins each log with, so that it is begun.</summary>
    private void Touch() => Run("update _litestream_seq set seq = seq + 1");

    public void Dispose() => _connection.Dispose();

    /// <summary>
    /// Where the last commit of the log ends: behind it lie frames of a log before, and of transactions that were rolled back.
    /// </summary>
    private static int End(byte[] log)
    {
        if (log.Length < WalHeader)
        {
            return 0;
        }
        var header = SqliteWalHeader.Parse(log);
        var sum = header.Sum;
        var end = WalHeader;
        for (var at = end; at + FrameHead + header.PageSize <= log.Length; at += FrameHead + header.PageSize)
        {
            var frame = log.AsSpan(at, FrameHead + header.PageSize);
            sum.Append(frame[..8], header.IsBigEndian);
            sum.Append(frame[FrameHead..], header.IsBigEndian);
            if (sum != new SqliteWalSum(U32(frame, 16), U32(frame, 20)))
            {
                break;
            }
            end = U32(frame, 4) > 0 ? at + frame.Length : end;
        }
        return end;
    }

    private static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32BigEndian(bytes[at..]);

    private static string Name(FormattableString name) => name.ToString(CultureInfo.InvariantCulture);

    private static void Pack(string path, byte[] bytes)
    {
        using var file = File.Create(path);
        using var frame = LZ4Stream.Encode(file);
        frame.Write(bytes);
    }
}
