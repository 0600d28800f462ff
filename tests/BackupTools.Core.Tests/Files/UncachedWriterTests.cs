using System.Diagnostics.CodeAnalysis;
using BackupTools.Files;

namespace BackupTools.Tests.Files;

[SuppressMessage("Interoperability", "CA1416", Justification = "Each test returns where there is no such writing.")]
public sealed class UncachedWriterTests : IDisposable
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
        using var writer = new UncachedWriter(_temp["f"]);
        Assert.False(writer.TryWrite(block.Span[..4096], 0));
        Assert.False(writer.TryWrite(block.Span, 1));
        Assert.False(writer.TryWrite(block.Span[1..], 0));
        Assert.False(writer.TryWrite(block.Span[..^1], 0));
        BlockPool.Return(block);
        Assert.Empty(File.ReadAllBytes(_temp["f"]));
    }

    [Fact]
    public void A_file_that_cannot_be_opened_so_is_left_to_the_caller()
    {
        if (!OperatingSystem.IsLinux())
            return;
        var block = BlockPool.Rent();
        using var writer = new UncachedWriter(_temp["missing"]);
        Assert.False(writer.TryWrite(block.Span, 0));
        BlockPool.Return(block);
        Assert.False(File.Exists(_temp["missing"]));
    }
}
