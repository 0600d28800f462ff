using System.Buffers;
using BackupTools.Files;

namespace BackupTools.Tests.Files;

public sealed class BlockWriterTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("backuptools-").FullName;

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 1)]
    [InlineData(BlockPool.BlockSize, 10)]
    [InlineData(BlockPool.BlockSize + 1, BlockPool.BlockSize + 1)]
    [InlineData((3 * BlockPool.BlockSize) - 7, 4103)]
    [InlineData(9 * BlockPool.BlockSize, 3 * BlockPool.BlockSize)]
    public void What_is_written_in_portions_of_any_size_is_in_the_file(int length, int portion)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        var path = Path.Combine(_folder, "file");
        using (var file = LocalDisk.Instance.CreateNew(path))
        {
            using var writer = new BlockWriter(file);
            for (var at = 0; at < length; at += portion)
            {
                writer.Write(bytes.AsSpan(at, Math.Min(portion, length - at)));
            }
            writer.Finish();
        }
        Assert.Equal(bytes, File.ReadAllBytes(path));
    }

    [Fact]
    public void No_more_is_promised_than_is_left_of_a_block()
    {
        using var file = LocalDisk.Instance.CreateNew(Path.Combine(_folder, "file"));
        using var writer = new BlockWriter(file);
        writer.Advance(BlockPool.BlockSize - 10);
        Assert.Equal(10, writer.GetSpan().Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.GetMemory(11));
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.Advance(11));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
