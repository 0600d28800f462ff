using System.Diagnostics.CodeAnalysis;
using BackupTools.Files;

namespace BackupTools.Tests.Files;

[SuppressMessage("Interoperability", "CA1416", Justification = "Each test returns where there is no such writing.")]
public sealed class UncachedAccessTests : IDisposable
{
    private const int Block = 1 << 20;
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    /// <summary>Blocks of every alignment, before, after and over each other, through one open file.</summary>
    [Fact]
    public void Uncached_and_cached_writes_to_one_file_add_up()
    {
        var expected = new byte[(4 * Block) + 5000];
        new Random(1).NextBytes(expected);
        var memory = BlockPool.Rent();
        using (var file = LocalDisk.Instance.CreateNew(_temp["f"], expected.Length))
        {
            // The tail and an unaligned middle first, then aligned blocks around and over them.
            file.Write(expected.AsSpan(4 * Block), 4 * Block);
            file.Write(expected.AsSpan(Block + 77, 1000), Block + 77);
            foreach (var index in (int[])[2, 0, 3, 1])
            {
                expected.AsSpan(index * Block, Block).CopyTo(memory.Span);
                file.Write(memory.Span, (long)index * Block);
            }
            expected.AsSpan(Block, Block).Fill(7);
            file.Write(expected.AsSpan(Block, Block), Block);
            var back = new byte[expected.Length];
            HashingCopy.ReadExactly(file, back, 0);
            Assert.True(expected.AsSpan().SequenceEqual(back));
        }
        BlockPool.Return(memory);
        Assert.True(expected.AsSpan().SequenceEqual(File.ReadAllBytes(_temp["f"])));
    }

    [Fact]
    public void Small_and_unaligned_blocks_are_left_to_the_caller()
    {
        if (!OperatingSystem.IsLinux())
            return;
        File.WriteAllBytes(_temp["f"], []);
        var block = BlockPool.Rent();
        using var file = File.OpenHandle(_temp["f"], FileMode.Open, FileAccess.ReadWrite);
        using var writer = new UncachedAccess(file);
        Assert.False(writer.TryWrite(block.Span[..4096], 0));
        Assert.False(writer.TryWrite(block.Span, 1));
        Assert.False(writer.TryWrite(block.Span, 512));
        Assert.False(writer.TryWrite(block.Span[1..], 0));
        Assert.False(writer.TryWrite(block.Span.Slice(512, 512 << 10), 0));
        Assert.False(writer.TryWrite(block.Span[..^1], 0));
        BlockPool.Return(block);
        Assert.Equal(0, RandomAccess.GetLength(file));
    }

    /// <summary>Whether the file system can is what dd finds out.</summary>
    [ProgramFact("dd")]
    public void Large_aligned_blocks_are_written_past_the_cache_wherever_the_file_system_can()
    {
        if (!OperatingSystem.IsLinux())
            return;
        var path = _temp.Write("f", []);
        string[] arguments = ["if=/dev/zero", "of=" + path, "bs=4096", "count=1", "oflag=direct", "status=none"];
        var can = Posix.Run("dd", arguments).Code == 0;
        var block = BlockPool.Rent();
        new Random(2).NextBytes(block.Span);
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
        using var writer = new UncachedAccess(file);
        Assert.False(writer.TryWrite(block.Span, 2)); // which does not end it
        Assert.Equal(can, writer.TryWrite(block.Span, 4096));
        Assert.Equal(can, writer.TryWrite(block.Span[..(512 << 10)], 2 * Block));
        var written = File.ReadAllBytes(path);
        if (can)
        {
            Assert.Equal((2 * Block) + (512 << 10), written.Length);
            Assert.True(block.Span.SequenceEqual(written.AsSpan(4096, Block)));
            Assert.True(block.Span[..(512 << 10)].SequenceEqual(written.AsSpan(2 * Block)));
        }
        var back = BlockPool.Rent();
        Assert.Equal(can, writer.TryRead(back.Span, 4096));
        Assert.Equal(can, back.Span.SequenceEqual(block.Span));
        Assert.False(writer.TryRead(back.Span, 2 * Block)); // half of it is there
        Assert.False(writer.TryRead(back.Span[..4096], 4096));
        BlockPool.Return(back);
        BlockPool.Return(block);
    }

    /// <summary>More than the pool keeps, so that some are new.</summary>
    [Fact]
    public unsafe void Every_block_of_the_pool_begins_at_a_page()
    {
        var blocks = Enumerable.Range(0, 20).Select(_ => BlockPool.Rent()).ToArray();
        foreach (var block in blocks)
        {
            fixed (byte* start = block.Span)
                Assert.Equal((0, Block), ((int)((nint)start % 4096), block.Length));
            BlockPool.Return(block);
        }
    }

    [Fact]
    public void A_file_that_cannot_be_opened_so_is_left_to_the_caller()
    {
        if (!OperatingSystem.IsLinux())
            return;
        var block = BlockPool.Rent();
        using var file = new Microsoft.Win32.SafeHandles.SafeFileHandle(-1, ownsHandle: false);
        using var writer = new UncachedAccess(file);
        Assert.False(writer.TryWrite(block.Span, 0));
        BlockPool.Return(block);
    }

    [Fact]
    public void A_block_goes_to_the_open_file_even_when_its_name_has_passed_to_another()
    {
        var block = BlockPool.Rent();
        block.Span.Fill(5);
        using (var file = LocalDisk.Instance.CreateNew(_temp["f"]))
        {
            LocalDisk.Instance.Move(_temp["f"], _temp["g"]);
            _temp.Write("f", "another");
            file.Write(block.Span, 0);
        }
        BlockPool.Return(block);
        Assert.Equal("another", File.ReadAllText(_temp["f"]));
        Assert.Equal(Block, File.ReadAllBytes(_temp["g"]).Count(b => b == 5));
    }
}
