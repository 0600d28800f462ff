using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Tests.Engines.Spg;

namespace BackupTools.Tests.Files;

public sealed class ReadBackFileTests : IDisposable
{
    private const int Block = BlockPool.BlockSize;
    private readonly TempFolder _temp = new();
    private readonly byte[] _bytes = new byte[(2 * Block) + 5000];

    public ReadBackFileTests() => new Random(1).NextBytes(_bytes);

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void What_reads_back_as_it_was_written_is_there()
    {
        var memory = BlockPool.Rent();
        using (var file = new ReadBackFile(LocalDisk.Instance.CreateNew(_temp["f"])))
        {
            // A block that may go past the cache, one over its end, and more at once than a block.
            _bytes.AsSpan(0, Block).CopyTo(memory.Span);
            file.Write(memory.Span, 0);
            file.Write(_bytes.AsSpan(Block - 10), Block - 10);
            Assert.Equal(_bytes.Length, file.Length);
        }
        BlockPool.Return(memory);
        Assert.True(_bytes.AsSpan().SequenceEqual(File.ReadAllBytes(_temp["f"])));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(Block)]
    [InlineData((2 * Block) + 4999)]
    public void What_reads_back_differently_is_an_error_that_says_where(long offset)
    {
        using var file = new ReadBackFile(HookedDisk.Misreading("f", offset).CreateNew(_temp["f"]));
        var error = Assert.Throws<BackupException>(() => file.Write(_bytes, 0));
        Assert.Equal((ErrorCode.VerificationFailed, offset), (error.Code, error.Offset));
    }

    /// <summary>A disk that says that it has written what it has not.</summary>
    [Fact]
    public void What_is_not_there_is_an_error_too()
    {
        using var file = new ReadBackFile(new Lossy(LocalDisk.Instance.CreateNew(_temp["f"])));
        var error = Assert.Throws<BackupException>(() => file.Write(_bytes, 0));
        Assert.Equal((ErrorCode.VerificationFailed, 100L), (error.Code, error.Offset));
    }

    private sealed class Lossy(IDiskFile inner) : IDiskFile
    {
        public string Path => inner.Path;

        public long Length => inner.Length;

        public DiskEntry Stat() => inner.Stat();

        public int Read(Span<byte> buffer, long offset) => inner.Read(buffer, offset);

        public void Write(ReadOnlySpan<byte> buffer, long offset) => inner.Write(buffer[..100], offset);

        public void Dispose() => inner.Dispose();
    }
}
