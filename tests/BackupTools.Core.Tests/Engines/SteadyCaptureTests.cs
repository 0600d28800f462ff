using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Tests.Engines;

/// <summary>The one rule by which every engine copies what may be changing, with a source that follows a script.</summary>
public sealed class SteadyCaptureTests
{
    private readonly PauseClock _clock = new();
    private readonly List<string> _story = [];
    private readonly TransferProgress _progress = new();

    [Fact]
    public void The_first_attempt_that_holds_counts_and_those_before_leave_nothing()
    {
        _progress.Expect(100);
        _progress.Advance(10);

        var result = Of(attempts: 5).Run(Script(Changing, Changing, null));

        Assert.Equal(2, result);
        Assert.Equal(["copy 0", "clear 0", "copy 1", "clear 1", "copy 2"], _story);
        Assert.Equal(15, _progress.Sample().DoneBytes);
    }

    [Fact]
    public void What_no_program_can_have_done_is_thrown_at_once_and_as_it_is()
    {
        var denied = new BackupException(ErrorCode.AccessDenied, "no");
        Assert.Same(denied, Assert.Throws<BackupException>(() => Of(attempts: 5).Run(Script(denied, null))));
        Assert.Equal(["copy 0"], _story);
    }

    [Fact]
    public void Damage_that_stays_the_same_is_the_sources()
    {
        var error = Assert.Throws<BackupException>(() => Of(attempts: 5).Run(Script(Damage, Damage, null)));
        Assert.Equal(ErrorCode.SourceDamaged, error.Code);
        Assert.Equal(("page 7", "/db", 28672L), (error.Message, error.FullName, error.Offset));
        Assert.Same(Damage, error.InnerException);
    }

    [Fact]
    public void Damage_that_a_change_explains_is_looked_at_again()
    {
        Assert.Equal(3, Of(attempts: 5).Run(Script(Damage, Changing, Damage, null)));
    }

    [Fact]
    public void A_source_that_never_rests_is_given_up_after_so_many_attempts()
    {
        var endless = Enumerable.Repeat<BackupException?>(Changing, 50).ToArray();
        var error = Assert.Throws<BackupException>(() => Of(attempts: 4).Run(Script(endless)));
        Assert.Equal("gave up: it changed", error.Message);
        Assert.Equal(4, _story.Count(s => s.StartsWith("copy", StringComparison.Ordinal)));
    }

    [Fact]
    public void Each_wait_is_twice_the_one_before_up_to_the_longest()
    {
        Of(attempts: 9).Run(Script(Changing, Changing, Changing, Changing, Changing, null));
        Assert.Equal([10, 20, 40, 50, 50], _clock.Pauses.Select(p => p.TotalMilliseconds));
    }

    [Fact]
    public void Cancelled_in_a_wait_it_ends()
    {
        using var stop = new CancellationTokenSource();
        var capture = new SteadyCapture<int>(Context(TimeProvider.System) with { Cancellation = stop.Token })
        {
            Attempts = 2,
            FirstPause = TimeSpan.FromHours(1),
            LongestPause = TimeSpan.FromHours(1),
            Judge = e =>
            {
                stop.CancelAfter(20);
                return null;
            },
        };
        Assert.ThrowsAny<OperationCanceledException>(() => capture.Run(Script(Changing, null)));
        Assert.Equal(["copy 0"], _story);
    }

    private static BackupException Changing { get; } = new(ErrorCode.SourceChanging, "it changed");

    private static BackupException Damage { get; } = new(ErrorCode.ChecksumMismatch, "page 7", "/db", 28672);

    private SteadyCapture<int> Of(int attempts)
    {
        BackupException? last = null;
        return new SteadyCapture<int>(Context(_clock))
        {
            Attempts = attempts,
            FirstPause = TimeSpan.FromMilliseconds(10),
            LongestPause = TimeSpan.FromMilliseconds(50),
            Judge = e =>
            {
                var same = ReferenceEquals(last, e);
                last = e;
                return e.Code == ErrorCode.AccessDenied ? e
                    : same && e.Kind == ErrorKind.Damaged ? e.AsSourceDamaged()
                    : null;
            },
            GiveUp = e => new BackupException(ErrorCode.SourceChanging, $"gave up: {e.Message}"),
            StartOver = number => _story.Add($"clear {number}"),
        };
    }

    /// <summary>What stands in the way of each attempt; null for nothing.</summary>
    private Func<int, int> Script(params BackupException?[] steps) =>
        number =>
        {
            _story.Add($"copy {number}");
            _progress.Advance(5);
            return steps[number] is { } error ? throw error : number;
        };

    private EngineContext Context(TimeProvider clock) =>
        new()
        {
            Disk = LocalDisk.Instance,
            Clock = clock,
            Progress = _progress,
        };

    private sealed class PauseClock : TimeProvider
    {
        public List<TimeSpan> Pauses { get; } = [];

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Pauses.Add(dueTime);
            return System.CreateTimer(callback, state, TimeSpan.Zero, period);
        }
    }
}
