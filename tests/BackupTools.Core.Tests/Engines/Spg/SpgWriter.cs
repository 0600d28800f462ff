using System.Globalization;
using System.IO.Hashing;
using BackupTools.Tests.Formats.Spg;

namespace BackupTools.Tests.Engines.Spg;

/// <summary>
/// A server as far as its files go: commits numbered rows as fast as it can, some alone, some in transactions of
/// several appends, some appends torn in two; now and then a CHECKPOINT in its real steps. The database file holds the
/// number of the last row it contains, every statement its own number.
/// </summary>
internal sealed class SpgWriter : IDisposable
{
    private readonly string _db;
    private readonly string _wal;
    private readonly string _manifest;
    private readonly Random _random;
    private readonly int _commitsPerCheckpoint;
    private readonly Thread _thread;
    private readonly CancellationTokenSource _stop = new();
    private long _last;
    private long _acknowledged;
    private int _checkpoints;

    public SpgWriter(SpgBox box, int seed, int commitsPerCheckpoint)
    {
        _db = box.Db;
        _wal = box.Wal;
        _manifest = box.Manifest;
        _random = new Random(seed);
        _commitsPerCheckpoint = commitsPerCheckpoint;
        Directory.CreateDirectory(Path.GetDirectoryName(_manifest)!);
        _thread = new Thread(Run) { IsBackground = true };
        _thread.Start();
    }

    /// <summary>The last row that is certainly in the files.</summary>
    public long Acknowledged => Volatile.Read(ref _acknowledged);

    /// <summary>The last row that may be in the files.</summary>
    public long Last => Volatile.Read(ref _last);

    public int Checkpoints => Volatile.Read(ref _checkpoints);

    /// <summary>What made the writer stop by itself.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>The last row of a restored database; throws when rows are missing, doubled or out of order.</summary>
    public static long LastRow(byte[] db, byte[] wal)
    {
        var isEmpty = BitConverter.ToUInt32(db, 9) == 0;
        // The counter is the one cell of the one table; behind it stands the number of indexes.
        var last = isEmpty ? 0 : BitConverter.ToInt64(db, db.Length - 10);
        foreach (var sql in SpgModel.Committed(wal))
        {
            var row = long.Parse(
                sql.AsSpan(sql.IndexOf('(', StringComparison.Ordinal) + 1).TrimEnd(')'),
                CultureInfo.InvariantCulture
            );
            if (row != last + 1)
            {
                throw new InvalidOperationException($"row {row} follows row {last}");
            }
            last = row;
        }
        return last;
    }

    public void Dispose()
    {
        _stop.Cancel();
        _thread.Join();
        _stop.Dispose();
    }

    private void Run()
    {
        try
        {
            using var wal = new FileStream(
                _wal,
                FileMode.OpenOrCreate,
                FileAccess.Write,
                FileShare.ReadWrite | FileShare.Delete,
                bufferSize: 0
            );
            while (!_stop.IsCancellationRequested)
            {
                Commit(wal);
                if (_random.Next(_commitsPerCheckpoint) == 0)
                {
                    Checkpoint(wal);
                }
                if (_random.Next(4) == 0)
                {
                    Thread.Sleep(1);
                }
            }
        }
        catch (Exception e)
        {
            Failure = e;
        }
    }

    private void Commit(FileStream wal)
    {
        var rows = _random.Next(4) == 0 ? _random.Next(1, 6) : 1;
        var next = _acknowledged;
        Volatile.Write(ref _last, next + rows);
        if (rows == 1)
        {
            Write(wal, SpgFrames.V3(Insert(++next)));
        }
        else
        {
            Write(wal, SpgFrames.V2("BEGIN"));
            for (var i = 0; i < rows; i++)
            {
                Write(wal, SpgFrames.V2(Insert(++next)));
            }
            Write(wal, SpgFrames.V2("COMMIT"));
        }
        if (_random.Next(8) == 0)
        {
            Write(wal, SpgFrames.Marker((ulong)wal.Position));
        }
        Volatile.Write(ref _acknowledged, next);
    }

    private void Write(FileStream wal, byte[] frame)
    {
        if (_random.Next(5) == 0)
        {
            var cut = _random.Next(1, frame.Length);
            wal.Write(frame.AsSpan(0, cut));
            Thread.SpinWait(_random.Next(2000));
            wal.Write(frame.AsSpan(cut));
        }
        else
        {
            wal.Write(frame);
        }
    }

    private void Checkpoint(FileStream wal)
    {
        var db = SpgCatalogs.Counter((ulong)_acknowledged);
        File.WriteAllBytes(_db + ".tmp", db);
        Pause();
        File.Move(_db + ".tmp", _db, overwrite: true);
        Pause();
        File.WriteAllBytes(_manifest, SpgSegmentManifestTests.Manifest(0, [], 0, catalogCrc: Crc32.HashToUInt32(db)));
        Pause();
        wal.SetLength(0);
        Interlocked.Increment(ref _checkpoints);
    }

    private void Pause()
    {
        if (_random.Next(3) == 0)
        {
            Thread.Sleep(_random.Next(4));
        }
    }

    private static string Insert(long row) => $"INSERT INTO commits VALUES ({row})";
}
