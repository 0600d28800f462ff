using System.Diagnostics;
using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Tests.Files;

public sealed class FolderLockTests : IDisposable
{
    private const string LockName = ".backuptools.lock";

    private readonly TempFolder _temp = new();
    private readonly IDisk _disk = LocalDisk.Instance;

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void A_second_holder_is_refused_at_once_and_told_who_the_first_is()
    {
        using (FolderLock.Acquire(_disk, _temp["f"]))
        {
            var e = Assert.Throws<BackupException>(() => FolderLock.Acquire(_disk, _temp["f"]));
            Assert.Equal(ErrorCode.BackupRunning, e.Code);
            Assert.Equal(_temp["f/" + LockName], e.FullName);
            Assert.StartsWith("backup already running (process ", e.Message);
            Assert.Contains($"process {Environment.ProcessId} on {Environment.MachineName}, started 20", e.Message);
        }
        FolderLock.Acquire(_disk, _temp["f"]).Dispose();
    }

    [Fact]
    public async Task Whoever_waits_gets_the_lock_once_it_is_free_and_says_for_whom_it_waited()
    {
        var told = new List<string>();
        var held = FolderLock.Acquire(_disk, _temp["f"]);
        var waiting = Task.Run(() => Within(TimeSpan.FromMinutes(1), told.Add));
        Assert.True(SpinWait.SpinUntil(() => told.Count > 0, TimeSpan.FromSeconds(30)));
        Assert.False(waiting.IsCompleted);
        held.Dispose();
        (await waiting).Dispose();
        Assert.Contains($"process {Environment.ProcessId}", Assert.Single(told));
        Assert.Equal("", _temp.Show());
    }

    [Fact]
    public void A_wait_ends_after_its_time_and_at_once_when_the_run_is_stopped()
    {
        using var held = FolderLock.Acquire(_disk, _temp["f"]);
        var watch = Stopwatch.StartNew();
        var e = Assert.Throws<BackupException>(() => Within(TimeSpan.FromMilliseconds(300)));
        Assert.Equal(ErrorCode.BackupRunning, e.Code);
        Assert.InRange(watch.Elapsed.TotalSeconds, 0.3, 20);

        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        Assert.ThrowsAny<OperationCanceledException>(() => Within(TimeSpan.FromDays(1), stop: stop.Token));
    }

    private FolderLock Within(TimeSpan timeout, Action<string>? tell = null, CancellationToken stop = default) =>
        FolderLock.AcquireWithin(timeout, _disk, _temp["f"], LockName, tell, null, stop);

    [Fact]
    public void Locks_of_other_names_and_folders_do_not_collide()
    {
        using var a = FolderLock.Acquire(_disk, _temp["f"], ".a");
        using var b = FolderLock.Acquire(_disk, _temp["f"], ".b");
        using var c = FolderLock.Acquire(_disk, _temp["g"], ".a");
        Assert.Equal(2, Directory.GetFiles(_temp["f"]).Length);
    }

    [Fact]
    public void Release_takes_back_the_file_and_the_folders_made_for_it_but_nothing_that_holds_something()
    {
        using (FolderLock.Acquire(_disk, _temp["a/b/c"]))
            _temp.Write("a/kept", "x");
        Assert.Equal("a/\na/kept=x", _temp.Show());
    }

    [Fact]
    public void A_file_left_by_a_dead_process_is_no_lock()
    {
        _temp.Write(
            LockName,
            "process 1 on elsewhere, started in another century, and a text that is longer than ours"
        );
        using (FolderLock.Acquire(_disk, _temp.Path))
        {
            using var file = _disk.OpenRead(_temp[LockName]);
            var text = new byte[file.Length];
            file.Read(text, 0);
            Assert.StartsWith($"process {Environment.ProcessId} on", System.Text.Encoding.UTF8.GetString(text));
            Assert.EndsWith("Z", System.Text.Encoding.UTF8.GetString(text));
        }
        Assert.Equal("", _temp.Show());
    }

    [Fact]
    public void A_process_killed_with_the_lock_does_not_keep_it()
    {
        var dying = new FaultyDisk(_disk) { KillAt = 5 };
        var held = FolderLock.Acquire(dying, _temp.Path); // and never released
        Assert.NotNull(held);
        Assert.Throws<BackupException>(() => FolderLock.Acquire(_disk, _temp.Path));
        while (dying.Steps < dying.KillAt - 1)
            dying.FlushDirectory(_temp.Path);
        Assert.Throws<KilledException>(() => dying.FlushDirectory(_temp.Path));
        FolderLock.Acquire(_disk, _temp.Path).Dispose();
    }

    [ProgramFact("flock")]
    public void A_lock_of_another_process_is_respected_until_that_process_is_killed()
    {
        var path = _temp.Write(LockName, "process 7 on elsewhere\n\u001b[31mred");
        // Without a fork, so that nobody but the killed process has the file.
        using var holder = Posix.Start(
            "flock",
            "--exclusive",
            "--no-fork",
            path,
            "sh",
            "-c",
            "echo held; exec sleep 60"
        );
        try
        {
            Assert.Equal("held", holder.StandardOutput.ReadLine());
            var e = Assert.Throws<BackupException>(() => FolderLock.Acquire(_disk, _temp.Path));
            Assert.Equal(ErrorCode.BackupRunning, e.Code);
            Assert.Equal("backup already running (process 7 on elsewhere[31mred)", e.Message);
        }
        finally
        {
            holder.Kill();
            holder.WaitForExit();
        }
        FolderLock.Acquire(_disk, _temp.Path).Dispose();
        Assert.Equal("", _temp.Show());
    }

    [ProgramFact("flock")]
    public void Another_process_respects_our_lock()
    {
        using var held = FolderLock.Acquire(_disk, _temp.Path);
        Assert.Equal(1, Posix.Run("flock", "--exclusive", "--nonblock", _temp[LockName], "true").Code);
    }

    [Fact]
    public void Of_many_threads_one_at_a_time_has_the_lock_and_each_gets_it()
    {
        var inside = 0;
        var most = 0;
        Parallel.For(
            0,
            8,
            _ =>
            {
                for (var times = 0; times < 20; )
                {
                    using var held = Within(TimeSpan.FromMinutes(1));
                    var now = Interlocked.Increment(ref inside);
                    most = Math.Max(most, now);
                    times++;
                    Thread.Yield();
                    Interlocked.Decrement(ref inside);
                }
            }
        );
        Assert.Equal(1, most);
        // One that finds the folder made by another does not take it back, so an empty one may stay.
        Assert.True(_temp.Show() is "" or "f/", _temp.Show());
    }

    [ProgramFact("true")]
    public async Task A_lock_that_was_given_up_is_free_even_while_programs_are_being_started()
    {
        using var stop = new CancellationTokenSource();
        var starter = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
                Posix.Run("true");
        });
        var refused = 0;
        for (var i = 0; i < 2000; i++)
        {
            _disk.TryLock(_temp["l"])!.Dispose();
            if (_disk.TryLock(_temp["l"]) is not { } again)
                refused++;
            else
                again.Dispose();
        }
        await stop.CancelAsync();
        await starter;
        Assert.Equal(0, refused);
    }

    [UnixFact]
    public void A_link_in_the_place_of_the_lock_is_refused_and_its_target_spared()
    {
        var victim = _temp.Write("victim", "precious");
        File.CreateSymbolicLink(_temp[LockName], victim);
        var e = Assert.Throws<BackupException>(() => FolderLock.Acquire(_disk, _temp.Path));
        Assert.Equal(ErrorCode.WriteFailed, e.Code);
        Assert.Equal("precious", File.ReadAllText(victim));
    }

    [Fact]
    public void A_file_in_the_place_of_the_folder_is_an_error()
    {
        var file = _temp.Write("f", "x");
        var e = Assert.Throws<BackupException>(() => FolderLock.Acquire(_disk, file));
        Assert.Equal((ErrorCode.DestinationExists, file), (e.Code, e.FullName));
    }

    [Fact]
    public void Every_failure_while_locking_is_told_and_leaves_nothing_behind()
    {
        for (var n = 1; ; n++)
        {
            var disk = new FaultyDisk(_disk) { FailAt = n, FailWith = ErrorCode.WriteFailed };
            FolderLock? held = null;
            var thrown = Record.Exception(() => held = FolderLock.Acquire(disk, _temp["a/b"]));
            held?.Dispose();
            if (thrown is null)
            {
                Assert.Equal(8, n); // two folders made and flushed, locked, emptied, written: seven steps
                return;
            }
            Assert.Equal(ErrorCode.WriteFailed, Assert.IsType<BackupException>(thrown).Code);
            Assert.Equal("", _temp.Show());
        }
    }

    [Fact]
    public void A_failure_on_release_is_not_told_and_gives_up_the_lock_all_the_same()
    {
        // A lock file without a lock is no lock, an empty folder no harm.
        for (var n = 8; ; n++)
        {
            var disk = new FaultyDisk(_disk) { FailAt = n, FailWith = ErrorCode.WriteFailed };
            FolderLock.Acquire(disk, _temp["a/b"]).Dispose();
            FolderLock.Acquire(_disk, _temp["a/b"]).Dispose();
            Assert.DoesNotContain(LockName, _temp.Show());
            if (disk.Steps < n)
                return;
            Directory.Delete(_temp["a"], recursive: true);
        }
    }

    [Fact]
    public void A_folder_that_its_last_holder_takes_back_meanwhile_is_made_anew()
    {
        FaultyDisk disk = null!;
        var rounds = 0;
        disk = new FaultyDisk(_disk)
        {
            OnStep = () =>
            {
                if (disk.Log[^1].Contains(" lock ") && ++rounds == 1)
                    Directory.Delete(_temp["f"]);
            },
        };
        using (FolderLock.Acquire(disk, _temp["f"]))
            Assert.True(File.Exists(_temp["f/" + LockName]));
        Assert.Equal((2, ""), (rounds, _temp.Show()));
    }

    [Fact]
    public void A_folder_that_never_stays_is_given_up()
    {
        FaultyDisk disk = null!;
        disk = new FaultyDisk(_disk)
        {
            FailAt = 1,
            FailUntil = int.MaxValue,
            FailWith = ErrorCode.PathNotFound,
            OnStep = () => Assert.InRange(disk.Steps, 1, 200),
        };
        var e = Assert.Throws<BackupException>(() => FolderLock.Acquire(disk, _temp.Path));
        Assert.Equal(ErrorCode.PathNotFound, e.Code);
    }

    [Fact]
    public void A_holder_that_has_not_written_who_it_is_keeps_the_lock_all_the_same()
    {
        using var holder = _disk.TryLock(_temp[LockName]);
        var e = Assert.Throws<BackupException>(() => FolderLock.Acquire(_disk, _temp.Path));
        Assert.Equal((ErrorCode.BackupRunning, "backup already running"), (e.Code, e.Message));
    }
}
