using BackupTools.Errors;
using BackupTools.Files;
using FsCheck;
using FsCheck.Fluent;

namespace BackupTools.Tests.Files;

public sealed class HashingCopyTests : IDisposable
{
    private const int Block = 1 << 20;

    private readonly TempFolder _temp = new();
    private readonly IDisk _disk = LocalDisk.Instance;

    public void Dispose() => _temp.Dispose();

    private static byte[] Random(int size)
    {
        var data = new byte[size];
        new Random(size).NextBytes(data);
        return data;
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(Block - 1)]
    [InlineData(Block)]
    [InlineData(Block + 1)]
    [InlineData(2 * Block)]
    [InlineData((7 * Block) + 12345)]
    public void A_copy_equals_its_source_and_the_tap_saw_it_once_in_order(int size)
    {
        var data = Random(size + 10);
        var progress = new TransferProgress();
        using var source = _disk.OpenRead(_temp.Write("s", data));
        foreach (var withTap in new[] { true, false })
        {
            using var target = _disk.CreateNew(_temp["t" + withTap]);
            using var file = progress.BeginFile(target.Path, size);
            var seen = new List<byte>();
            ByteTap? tap = withTap ? seen.AddRange : null;
            HashingCopy.Copy(source, new FileRange(7, 7 + size), target, 3, tap, progress, default);
            if (withTap)
                Assert.True(data.AsSpan(7, size).SequenceEqual(seen.ToArray()));
            Assert.True(
                data.AsSpan(7, size).SequenceEqual(TempFolder.ReadShared(target.Path).AsSpan(size == 0 ? 0 : 3))
            );
            Assert.Equal(size, Assert.Single(progress.Sample().CurrentFiles).DoneBytes);
        }
        Assert.Equal(2 * size, progress.Sample().DoneBytes);
    }

    [Theory]
    [InlineData(100, 101)]
    [InlineData(0, 1)]
    [InlineData((3 * Block) + 17, 9 * Block)]
    public void A_source_that_ends_early_is_truncated_at_its_end(int size, int expected)
    {
        using var source = _disk.OpenRead(_temp.Write("s", Random(size)));
        long seen = 0;
        var e = Assert.Throws<BackupException>(() =>
            HashingCopy.Read(source, new FileRange(0, expected), b => seen += b.Length, new TransferProgress(), default)
        );
        Assert.Equal((ErrorCode.Truncated, size, source.Path), (e.Code, e.Offset, e.FullName));
        Assert.Equal($"at least {Math.Min(expected, 4 * Block)} bytes", e.Expected); // the block that was being read
        Assert.Equal($"{size} bytes", e.Actual);
        Assert.True(seen <= size);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(20)]
    public void What_a_tap_throws_is_thrown_as_it_is(int blocks)
    {
        using var source = _disk.OpenRead(_temp.Write("s", new byte[blocks * Block]));
        using var target = _disk.CreateNew(_temp["t"]);
        var progress = new TransferProgress();
        var seen = 0;
        var e = Assert.Throws<BackupException>(() =>
            HashingCopy.Copy(
                source,
                new FileRange(0, source.Length),
                target,
                0,
                _ => throw new BackupException(ErrorCode.ChecksumMismatch, $"block {++seen}"),
                progress,
                default
            )
        );
        Assert.Equal("block 1", e.Message);
        Assert.True(progress.Sample().DoneBytes <= 8 * Block, "it went on for long");
    }

    [Fact]
    public void A_slow_tap_still_sees_every_byte_as_it_was_read()
    {
        var data = Random((12 * Block) + 5);
        using var source = _disk.OpenRead(_temp.Write("s", data));
        using var target = _disk.CreateNew(_temp["t"]);
        var seen = new List<byte>();
        HashingCopy.Copy(
            source,
            new FileRange(0, data.Length),
            target,
            0,
            block =>
            {
                Thread.Sleep(10);
                seen.AddRange(block);
            },
            new TransferProgress(),
            default
        );
        Assert.True(data.AsSpan().SequenceEqual(seen.ToArray()));
        Assert.True(data.AsSpan().SequenceEqual(TempFolder.ReadShared(_temp["t"])));
    }

    [Fact]
    public void A_failing_write_waits_for_the_tap_and_is_thrown()
    {
        using var source = _disk.OpenRead(_temp.Write("s", new byte[20 * Block]));
        var faulty = new FaultyDisk(_disk) { FailAt = 4 };
        using var target = faulty.CreateNew(_temp["t"]);
        var inTap = 0;
        var e = Assert.Throws<BackupException>(() =>
            HashingCopy.Copy(
                source,
                new FileRange(0, source.Length),
                target,
                0,
                _ =>
                {
                    Interlocked.Increment(ref inTap);
                    Thread.Sleep(20);
                    Interlocked.Decrement(ref inTap);
                },
                new TransferProgress(),
                default
            )
        );
        Assert.Equal(0, inTap);
        Assert.Equal(ErrorCode.DiskFull, e.Code);
    }

    [Fact]
    public void Cancellation_is_seen_at_the_next_block()
    {
        using var source = _disk.OpenRead(_temp.Write("s", new byte[20 * Block]));
        using var stop = new CancellationTokenSource();
        var seen = 0;
        Assert.Throws<OperationCanceledException>(() =>
            HashingCopy.Read(
                source,
                new FileRange(0, source.Length),
                _ =>
                {
                    if (++seen == 2)
                        stop.Cancel();
                },
                new TransferProgress(),
                stop.Token
            )
        );
        Assert.InRange(seen, 2, 8); // what is on its way is as much as six blocks
    }

    [Fact(Skip = "Wine has no holes in files", SkipType = typeof(WindowsHost), SkipWhen = nameof(WindowsHost.IsWine))]
    public void Cancellation_is_seen_before_a_small_copy_and_within_a_hole()
    {
        using var source = _disk.CreateNew(_temp["s"]);
        source.SetLength(64L * Block);
        using var target = _disk.CreateNew(_temp["t"]);
        using var stop = new CancellationTokenSource();
        var seen = 0;
        void Tap(ReadOnlySpan<byte> block)
        {
            seen += block.Length;
            stop.Cancel();
        }
        Assert.Throws<OperationCanceledException>(() =>
            HashingCopy.CopySparse(source, target, Tap, new TransferProgress(), stop.Token)
        );
        Assert.InRange(seen, 1, 4 * Block);
        Assert.Throws<OperationCanceledException>(() =>
            HashingCopy.Copy(source, new FileRange(0, 10), target, 0, null, new TransferProgress(), stop.Token)
        );
        Assert.Equal(0, target.Length);
    }

    /// <summary>Only blocks that begin at a page of the target are written past the cache.</summary>
    [Theory]
    [InlineData(7, 3)]
    [InlineData(5000, 4096)]
    [InlineData(0, 4095)]
    public void Wherever_a_copy_begins_all_blocks_but_the_first_begin_at_a_page_of_the_target(int from, int to)
    {
        using var source = _disk.OpenRead(_temp.Write("s", new byte[(3 * Block) + 5000]));
        using var target = new FixedLengthFile(_disk.CreateNew(_temp["t"]));
        var range = new FileRange(from, source.Length);
        HashingCopy.Copy(source, range, target, to, null, new TransferProgress(), default);
        Assert.Equal(to, target.Offsets.Min());
        Assert.All(target.Offsets.Order().Skip(1), offset => Assert.Equal(0, offset % BlockPool.Alignment));
        Assert.Equal(to + range.Length, new FileInfo(_temp["t"]).Length);
    }

    [Fact]
    public void A_busy_thread_pool_stops_nothing()
    {
        using var release = new ManualResetEventSlim();
        using var blocked = new CountdownEvent(64);
        for (var i = 0; i < 64; i++)
        {
            ThreadPool.UnsafeQueueUserWorkItem(
                _ =>
                {
                    release.Wait();
                    blocked.Signal();
                },
                null
            );
        }
        using var source = _disk.OpenRead(_temp.Write("s", Random(10 * Block)));
        var seen = new List<byte>();
        HashingCopy.Read(source, new FileRange(0, source.Length), seen.AddRange, new TransferProgress(), default);
        Assert.True(Random(10 * Block).AsSpan().SequenceEqual(seen.ToArray()));
        Assert.True(ThreadPool.PendingWorkItemCount > 0, "the pool was not busy");
        release.Set();
        blocked.Wait();
    }

    [Fact]
    public void The_memory_taken_does_not_depend_on_the_size()
    {
        using var source = _disk.OpenRead(_temp.Write("s", new byte[64 * Block]));
        using var target = _disk.CreateNew(_temp["t"]);
        ulong sum = 0;
        long Allocated(int blocks)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            HashingCopy.Copy(
                source,
                new FileRange(0, blocks * Block),
                target,
                0,
                b => sum += b[0],
                new TransferProgress(),
                default
            );
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
        Allocated(64); // the blocks themselves
        Assert.InRange(Allocated(64), 0, 16 << 10);
    }

    [Fact]
    public void Whatever_holes_a_file_has_the_copy_has_the_same_bytes_and_the_tap_saw_them_all()
    {
        var n = 0;
        Prop.ForAll<(byte Hole, ushort Data)[]>(parts =>
            {
                n++;
                using var source = _disk.CreateNew(_temp[$"s{n}"]);
                long at = 0;
                foreach (var (hole, data) in parts)
                {
                    at += hole * 2048L;
                    if (data > 0)
                        source.Write(Random(data), at);
                    at += data;
                }
                source.SetLength(at + (parts.Length * 5000 % 9000));
                var seen = new MemoryStream();
                var progress = new TransferProgress();
                using (var target = _disk.CreateNew(_temp[$"t{n}"]))
                    HashingCopy.CopySparse(source, target, b => seen.Write(b), progress, default);
                var all = TempFolder.ReadShared(_temp[$"s{n}"]);
                Assert.True(all.AsSpan().SequenceEqual(TempFolder.ReadShared(_temp[$"t{n}"])));
                Assert.True(all.AsSpan().SequenceEqual(seen.ToArray()));
                Assert.Equal(all.Length, progress.Sample().DoneBytes);
                File.Delete(_temp[$"s{n}"]);
                File.Delete(_temp[$"t{n}"]);
            })
            .QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Holes_stay_holes()
    {
        if (!OperatingSystem.IsLinux())
            return;
        using var source = _disk.CreateNew(_temp["s"]);
        source.Write(Random(100), 40L * Block);
        source.SetLength(100L * Block);
        using var target = _disk.CreateNew(_temp["t"]);
        HashingCopy.CopySparse(source, target, null, new TransferProgress(), default);
        target.Flush();
        Assert.Equal(100L * Block, target.Length);
        Assert.True(target.Stat().AllocatedBytes < Block, $"{target.Stat().AllocatedBytes}");
        var buffer = new byte[100];
        target.Read(buffer, 40L * Block);
        Assert.Equal(Random(100), buffer);
    }
}
