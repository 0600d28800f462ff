using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Tests.Files;

public sealed class HashingCopyForEachTests : IDisposable
{
    private readonly TempFolder _temp = new();
    private readonly IDisk _disk = LocalDisk.Instance;

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void Work_runs_at_most_so_many_at_once_and_all_of_it()
    {
        var running = 0;
        var most = 0;
        var done = new bool[100];
        HashingCopy.ForEach(
            Enumerable.Range(0, 100).ToArray(),
            3,
            (i, _) =>
            {
                InterlockedMax(ref most, Interlocked.Increment(ref running));
                Thread.Sleep(1);
                done[i] = true;
                Interlocked.Decrement(ref running);
            },
            default
        );
        Assert.All(done, Assert.True);
        Assert.InRange(most, 2, 3);
        HashingCopy.ForEach<int>([], 3, (_, _) => Assert.Fail(), default);

        static void InterlockedMax(ref int target, int value)
        {
            int now;
            while (
                (now = Volatile.Read(ref target)) < value && Interlocked.CompareExchange(ref target, value, now) != now
            ) { }
        }
    }

    [Fact]
    public void The_first_failure_of_many_is_thrown_as_it_is_and_stops_the_rest()
    {
        var started = 0;
        var e = Assert.Throws<BackupException>(() =>
            HashingCopy.ForEach(
                Enumerable.Range(0, 100).ToArray(),
                4,
                (i, stop) =>
                {
                    Interlocked.Increment(ref started);
                    if (i == 5)
                        throw new BackupException(ErrorCode.DiskFull, "full");
                    stop.WaitHandle.WaitOne(i < 5 ? 1 : 10_000);
                    stop.ThrowIfCancellationRequested();
                },
                default
            )
        );
        Assert.Equal(ErrorCode.DiskFull, e.Code);
        Assert.InRange(started, 6, 12);
    }

    [Fact]
    public void Cancelling_from_outside_is_a_cancellation_with_the_callers_token()
    {
        using var stop = new CancellationTokenSource();
        var e = Assert.Throws<OperationCanceledException>(() =>
            HashingCopy.ForEach(
                Enumerable.Range(0, 100).ToArray(),
                2,
                (i, token) =>
                {
                    if (i == 3)
                        stop.Cancel();
                    token.ThrowIfCancellationRequested();
                },
                stop.Token
            )
        );
        Assert.Equal(stop.Token, e.CancellationToken);
        Assert.Throws<OperationCanceledException>(() =>
            HashingCopy.ForEach([1], 1, (_, _) => Assert.Fail(), stop.Token)
        );
    }

    /// <summary>Each may look at the length just before another moves it: setting it would cut off what that one wrote.</summary>
    [Fact]
    public void Ranges_that_are_copied_at_once_into_one_file_never_set_its_length()
    {
        var data = new byte[(8 << 20) + 100];
        new Random(3).NextBytes(data);
        using var source = _disk.OpenRead(_temp.Write("s", data));
        using (var created = _disk.CreateNew(_temp["t"], data.Length))
        {
            var target = new FixedLengthFile(created);
            // The last range first, so that every other one begins in front of what is there.
            var ranges = Enumerable.Range(0, 4).Select(i => new FileRange(i * (2 << 20), (i + 1) * (2 << 20))).ToList();
            ranges[^1] = ranges[^1] with { End = data.Length };
            ranges.Reverse();
            HashingCopy.ForEach(
                ranges,
                4,
                (range, stop) =>
                    HashingCopy.Copy(source, range, target, range.Start, null, new TransferProgress(), stop),
                default
            );
        }
        Assert.True(data.AsSpan().SequenceEqual(File.ReadAllBytes(_temp["t"])));
    }
}
