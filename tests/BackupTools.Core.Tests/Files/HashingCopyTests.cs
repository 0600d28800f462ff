using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Tests.Files;

public sealed class HashingCopyTests : IDisposable
{
    private readonly TempFolder _temp = new();
    private readonly IDisk _disk = LocalDisk.Instance;

    public void Dispose() => _temp.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData((1 << 20) - 1)]
    [InlineData(1 << 20)]
    [InlineData((1 << 20) + 1)]
    [InlineData((5 << 20) + 12345)]
    public void A_copy_equals_its_source_and_the_tap_saw_it_once_in_order(int size)
    {
        var data = new byte[size + 10];
        new Random(size).NextBytes(data);
        var progress = new TransferProgress();
        progress.Expect(size);
        using var source = _disk.OpenRead(_temp.Write("s", data));
        using var target = _disk.CreateNew(_temp["t"]);
        var seen = new List<byte>();
        HashingCopy.Copy(source, new FileRange(7, 7 + size), target, 3, b => seen.AddRange(b), progress, default);
        Assert.True(data.AsSpan(7, size).SequenceEqual(seen.ToArray()));
        Assert.True(data.AsSpan(7, size).SequenceEqual(File.ReadAllBytes(_temp["t"]).AsSpan(size == 0 ? 0 : 3)));
        Assert.Equal(size, progress.Sample().DoneBytes);
    }

    [Fact]
    public void A_source_that_ends_early_is_truncated_at_its_end()
    {
        using var source = _disk.OpenRead(_temp.Write("s", new byte[100]));
        var e = Assert.Throws<BackupException>(() =>
            HashingCopy.Read(source, new FileRange(0, 101), _ => { }, new TransferProgress(), default)
        );
        Assert.Equal(ErrorCode.Truncated, e.Code);
        Assert.Equal(100, e.Offset);
        Assert.Equal(source.Path, e.FullName);
    }

    [Fact]
    public void The_first_failure_of_many_is_thrown_as_it_is()
    {
        var e = Assert.Throws<BackupException>(() =>
            HashingCopy.ForEach(
                Enumerable.Range(0, 100).ToArray(),
                4,
                (i, stop) =>
                {
                    if (i == 5)
                        throw new BackupException(ErrorCode.DiskFull, "full");
                    stop.WaitHandle.WaitOne(1);
                    stop.ThrowIfCancellationRequested();
                },
                default
            )
        );
        Assert.Equal(ErrorCode.DiskFull, e.Code);
    }
}
