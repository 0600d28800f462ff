using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using BackupTools.Tests.FrontEnds;

namespace BackupTools.Tests.Engines.Sqlite;

/// <summary>The real SQLite in another process: what a capture must stand beside.</summary>
internal sealed class SqliteWriter : IDisposable
{
    private readonly Process _process;
    private readonly string _mark;

    /// <summary>Opens (making it where it is missing) a database with table t of rows n = 1, 2, 3, … and h = 7n mod 1000003.</summary>
    public SqliteWriter(
        string database,
        string journalMode = "wal",
        int autoCheckpoint = 1000,
        string lockingMode = "normal"
    )
    {
        _mark = database + ".committed";
        string[] arguments =
        [
            SqliteWriterProgram.Verb,
            database,
            journalMode,
            autoCheckpoint.ToString(CultureInfo.InvariantCulture),
            _mark,
            lockingMode,
        ];
        var start = new ProcessStartInfo(ChildProcess.SelfProgram, [.. ChildProcess.SelfArguments, .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        _process = Process.Start(start)!;
        Assert.Equal("ready", _process.StandardOutput.ReadLine());
    }

    /// <summary>The number of the process.</summary>
    public int Id => _process.Id;

    /// <summary>The last row whose commit was acknowledged while writing at full speed.</summary>
    public long Committed
    {
        get
        {
            using var file = new FileStream(_mark, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            Span<byte> bytes = stackalloc byte[8];
            return file.Read(bytes) == 8 ? BinaryPrimitives.ReadInt64LittleEndian(bytes) : 0;
        }
    }

    /// <summary>Runs a command; the answer.</summary>
    public string Ask(string command)
    {
        _process.StandardInput.WriteLine(command);
        _process.StandardInput.Flush();
        return _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("the writer has ended");
    }

    /// <summary>Runs SQL that must succeed; the rows, with a ; between two and a | between values.</summary>
    public string Run(string sql)
    {
        var answer = Ask(sql);
        Assert.False(answer.StartsWith("error", StringComparison.Ordinal), answer);
        return answer;
    }

    /// <summary>Adds rows in one transaction.</summary>
    public void AddRows(int count) =>
        Run(
            "with recursive s(n) as (select (select ifnull(max(n), 0) from t) + 1 union all select n + 1 from s limit "
                + $"{count}) insert into t select n, hex(randomblob(300)), n * 7 % 1000003 from s"
        );

    /// <summary>Ends it without a word, in the middle of whatever it does.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.StandardInput.Close();
            _process.WaitForExit();
        }
        _process.Dispose();
    }
}
