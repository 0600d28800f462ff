using BackupTools.Errors;
using BackupTools.Tests.Files;
using BackupTools.Tests.FrontEnds;

namespace BackupTools.Tests.Engines.Sqlite;

/// <summary>Something else in the place of what SQLite keeps beside a database: refused, and never waited for.</summary>
public sealed class SqliteHostileSourceTests : IDisposable
{
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(60);

    private readonly SqliteBox _box = new();

    private string Source => _box.Harness.At("app.db");

    [UnixTheory]
    [InlineData("wal", "-wal")]
    [InlineData("wal", "-shm")]
    [InlineData("wal", "-journal")]
    [InlineData("delete", "-wal")]
    [InlineData("delete", "-shm")]
    [InlineData("delete", "-journal")]
    public void What_is_no_file_beside_a_database_is_refused_and_not_waited_for(string mode, string suffix)
    {
        SqliteTestDatabase.Run(Source, $"pragma journal_mode={mode}");
        SqliteTestDatabase.AddRows(Source, 20);
        var state = TempFolder.ReadShared(Source);
        var elsewhere = _box.Harness.At("elsewhere");
        File.WriteAllText(elsewhere, "secret");
        var bundles = _box.Harness.At("b");
        var things = new (string Name, Action<string> Make)[]
        {
            ("pipe", Posix.MakePipe),
            ("folder", p => Directory.CreateDirectory(p)),
            ("link", p => File.CreateSymbolicLink(p, elsewhere)),
            ("device", p => File.CreateSymbolicLink(p, "/dev/zero")),
            ("link to nothing", p => File.CreateSymbolicLink(p, p + ".gone")),
        };
        foreach (var (name, make) in things)
        {
            make(Source + suffix);
            Exception? thrown = null;
            // A thread of its own: one that waits for a pipe cannot be told to stop.
            var thread = new Thread(() => thrown = Record.Exception(() => _box.Harness.Full(Source, bundles)))
            {
                IsBackground = true,
            };
            thread.Start();
            Assert.True(thread.Join(s_soon), $"{name} as {suffix}: it hangs");
            var refusal = Assert.IsType<BackupException>(thrown);
            Assert.Equal((ErrorCode.SourceNotRecognised, Source + suffix), (refusal.Code, refusal.FullName));
            Assert.Equal(state, TempFolder.ReadShared(Source));
            Assert.Equal("secret", File.ReadAllText(elsewhere));
            Remove(Source + suffix);
        }
    }

    public void Dispose() => _box.Dispose();

    private static void Remove(string path)
    {
        if (new FileInfo(path).LinkTarget is null && Directory.Exists(path))
        {
            Directory.Delete(path);
        }
        else
        {
            File.Delete(path);
        }
    }
}
