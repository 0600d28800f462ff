using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Tests.Files;

namespace BackupTools.Tests.Engines.Sqlite;

/// <summary>What cannot be captured is refused by name, and nothing is changed.</summary>
public sealed class SqliteRefusalTests : IDisposable
{
    private readonly SqliteBox _box = new();

    private string Source => _box.Harness.At("app.db");

    private string Bundles => _box.Harness.At("b");

    /// <summary>On Unix the end of any handle of ours would drop the locks of the other connection.</summary>
    [Fact]
    public void A_database_that_this_process_has_open_is_refused_and_keeps_its_locks()
    {
        SqliteTestDatabase.Run(Source, "pragma journal_mode=wal");
        SqliteTestDatabase.AddRows(Source, 10);
        using var other = SqliteTestDatabase.Open(Source);
        SqliteTestDatabase.Run(other, "begin immediate; insert into t values(100, '', 700)");
        var before = Locks();
        Assert.True(_box.Harness.Engine.RecognisesSource(Source, _box.Harness.Context()));
        if (OperatingSystem.IsWindows())
        {
            _box.Harness.Full(Source, Bundles);
        }
        else
        {
            var error = Refused(ErrorCode.SourceInUse);
            Assert.Contains("this process", error.Message, StringComparison.Ordinal);
            var link = _box.Harness.At("link.db");
            File.CreateSymbolicLink(link, Source);
            Assert.True(_box.Harness.Engine.RecognisesSource(link, _box.Harness.Context()));
            Assert.Equal(
                ErrorCode.SourceInUse,
                Assert.Throws<BackupException>(() => _box.Harness.Full(link, Bundles)).Code
            );
        }
        // A lock that is lost does not come back.
        Assert.True(SpinWait.SpinUntil(() => before.SetEquals(Locks()), TimeSpan.FromSeconds(5)));
        Assert.Equal(OperatingSystem.IsLinux() ? 4 : 0, before.Count);
    }

    [Fact]
    public void A_hot_rollback_journal_is_refused_until_it_was_rolled_back()
    {
        using (var writer = new SqliteWriter(Source, "delete"))
        {
            writer.AddRows(3000);
            writer.Run("pragma cache_size=5");
            writer.Run("begin immediate");
            writer.Run("update t set v = 'half'");
            writer.Kill();
        }
        Assert.True(File.Exists(Source + "-journal"));
        var before = TempFolder.ReadShared(Source);
        var error = Refused(ErrorCode.OpenTransaction);
        Assert.Contains("sqlite3", error.Recommendation, StringComparison.Ordinal);
        Assert.Equal(before, TempFolder.ReadShared(Source));
        SqliteTestDatabase.AddRows(Source, 1); // as the advice says
        _box.Harness.Full(Source, Bundles);
        Assert.Equal(3001, SqliteRows.Check(_box.Restore(Bundles, 1)));
    }

    [Fact]
    public void A_program_that_does_not_let_go_is_waited_for_and_named()
    {
        using var writer = new SqliteWriter(Source, "delete");
        writer.AddRows(10);
        writer.Run("begin exclusive");
        var error = Refused(ErrorCode.SourceInUse);
        if (OperatingSystem.IsLinux() || WindowsHost.IsReal)
        {
            Assert.Contains($"(process {writer.Id})", error.Message, StringComparison.Ordinal);
        }
        writer.Run("commit");
        _box.Harness.Full(Source, Bundles);
    }

    /// <summary>SQLite itself does not look at a frame's checksum again: the damage would be in the backup.</summary>
    [Fact]
    public void A_damaged_frame_of_a_live_log_is_found()
    {
        using var writer = new SqliteWriter(Source);
        writer.AddRows(100);
        using (var log = new FileStream(Source + "-wal", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            log.Position = log.Length / 2;
            var value = log.ReadByte();
            log.Position--;
            log.WriteByte((byte)(value ^ 1));
        }
        Assert.EndsWith("-wal", Refused(ErrorCode.SourceDamaged).FullName, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(3, ErrorCode.UnsupportedVersion)]
    [InlineData(4, ErrorCode.UnsupportedVersion)]
    public void Versions_above_2_are_refused_by_number(byte version, ErrorCode code)
    {
        SqliteTestDatabase.AddRows(Source, 10);
        var bytes = TempFolder.ReadShared(Source);
        bytes[18] = bytes[19] = version;
        File.WriteAllBytes(Source, bytes);
        Assert.True(_box.Harness.Engine.RecognisesSource(Source, _box.Harness.Context()));
        Assert.Contains($"{version}", Refused(code).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_database_that_is_cut_is_refused()
    {
        SqliteTestDatabase.AddRows(Source, 1000);
        using (var file = new FileStream(Source, FileMode.Open))
        {
            file.SetLength(file.Length / 2);
        }
        Refused(ErrorCode.SourceDamaged);
    }

    /// <summary>SEE leaves the bytes 16 to 23 readable.</summary>
    [Fact]
    public void An_encrypted_database_that_shows_itself_is_named()
    {
        SqliteTestDatabase.AddRows(Source, 10);
        var bytes = TempFolder.ReadShared(Source);
        new Random(1).NextBytes(bytes.AsSpan(0, 16));
        new Random(2).NextBytes(bytes.AsSpan(24));
        File.WriteAllBytes(Source, bytes);
        Assert.True(_box.Harness.Engine.RecognisesSource(Source, _box.Harness.Context()));
        Refused(ErrorCode.EncryptedNotSupported);
    }

    [Fact]
    public void Another_page_size_needs_a_new_full()
    {
        SqliteTestDatabase.AddRows(Source, 100);
        var full = _box.Harness.Full(Source, Bundles);
        SqliteTestDatabase.Run(Source, "pragma page_size=8192; vacuum");
        var error = Assert.Throws<BackupException>(() => _box.Harness.Increment(Source, Bundles, [full]));
        Assert.Equal(ErrorCode.ForeignEpoch, error.Code);
        Assert.Contains("8192", error.Message, StringComparison.Ordinal);
        var second = _box.Harness.Full(Source, Bundles);
        SqliteTestDatabase.AddRows(Source, 1);
        _box.Harness.Increment(Source, Bundles, [second]);
        Assert.Equal(100, SqliteRows.Check(_box.Restore(Bundles, 1)));
        Assert.Equal(101, SqliteRows.Check(_box.Restore(Bundles, 3)));
    }

    [Fact]
    public void A_moved_database_does_not_continue_the_chain_of_its_old_place()
    {
        SqliteTestDatabase.AddRows(Source, 100);
        var full = _box.Harness.Full(Source, Bundles);
        var moved = _box.Harness.At("elsewhere", "app.db");
        Directory.CreateDirectory(_box.Harness.At("elsewhere"));
        File.Move(Source, moved);
        var error = Assert.Throws<BackupException>(() => _box.Harness.Increment(moved, Bundles, [full]));
        Assert.Equal(ErrorCode.ForeignEpoch, error.Code);
        Assert.Contains(Source, error.Message, StringComparison.Ordinal);
        var named = Path.Combine(Bundles, "app.db");
        Assert.Equal(
            ErrorCode.ForeignEpoch,
            Assert.Throws<BackupException>(() => _box.Harness.Full(moved, named)).Code
        );
    }

    [Fact]
    public void Nothing_is_written_into_a_folder_of_Litestream()
    {
        SqliteTestDatabase.AddRows(Source, 10);
        foreach (
            var replica in new[]
            {
                SqliteFixtures.Litestream05(_box.Harness.At("five")),
                SqliteFixtures.Litestream03(_box.Harness.At("three")),
            }
        )
        {
            var error = Assert.Throws<BackupException>(() => _box.Harness.Full(Source, replica));
            Assert.Equal(ErrorCode.InvalidOption, error.Code);
        }
    }

    public void Dispose() => _box.Dispose();

    private BackupException Refused(ErrorCode code)
    {
        var error = Assert.Throws<BackupException>(() => _box.Harness.Full(Source, Bundles));
        Assert.Equal(code, error.Code);
        Assert.Empty(
            Directory.Exists(Bundles) ? Directory.GetFiles(Bundles, "*.ltx", SearchOption.AllDirectories) : []
        );
        return error;
    }

    /// <summary>The record locks of this process.</summary>
    /// <summary>
    /// The locks of this process on the database: tests beside this one have theirs, and what comes and goes while the
    /// list is read can show a lock twice.
    /// </summary>
    private HashSet<string> Locks()
    {
        if (!OperatingSystem.IsLinux())
        {
            return [];
        }
        var files = new[] { Source, Source + "-shm" }.Select(f => $":{LocalDisk.Instance.Stat(f)!.Inode}").ToList();
        return
        [
            .. File.ReadLines("/proc/locks")
                .Where(l => l.Contains("POSIX", StringComparison.Ordinal))
                .Select(l => l[l.IndexOf("POSIX", StringComparison.Ordinal)..])
                .Where(l =>
                    l.Split(' ', StringSplitOptions.RemoveEmptyEntries) is var parts
                    && parts.Contains($"{Environment.ProcessId}")
                    && files.Exists(f => Array.Exists(parts, p => p.EndsWith(f, StringComparison.Ordinal)))
                ),
        ];
    }
}
