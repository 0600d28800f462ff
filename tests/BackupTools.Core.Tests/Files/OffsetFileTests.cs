using BackupTools.Files;

namespace BackupTools.Tests.Files;

public sealed class OffsetFileTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void A_part_is_read_and_written_from_its_own_beginning_and_leaves_the_rest_alone()
    {
        using var whole = LocalDisk.Instance.OpenWrite(_temp.Write("f", "head"));
        using (var part = new OffsetFile(whole, 4))
        {
            Assert.Equal((_temp["f"], 0), (part.Path, part.Length));
            part.Write("abc"u8, 0);
            part.Write("de"u8, 3);
            Assert.Equal("f=headabcde", _temp.Show());
            Assert.Equal(5, part.Length);
            Assert.Equal([new FileRange(0, 5)], ((IDiskFile)part).DataRanges());
            Assert.True(part.Stat().IsSameFileAs(whole.Stat()));
            var read = new byte[10];
            Assert.Equal("de", System.Text.Encoding.UTF8.GetString(read, 0, part.Read(read, 3)));
            part.SetLength(2);
            part.Flush();
            Assert.Equal("f=headab", _temp.Show());
            whole.SetLength(1);
            Assert.Equal(0, part.Length);
        }
        whole.Write("still open"u8, 0); // it belongs to whoever opened it
        Assert.Equal("f=still open", _temp.Show());
    }
}
