using BackupTools.Files;
using Microsoft.Win32.SafeHandles;

namespace BackupTools.Tests.Files;

public sealed class SparseRangesTests : IDisposable
{
    private const int Piece = 1 << 20;

    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    /// <summary>One letter for each piece of the file: D is data, a dash a hole.</summary>
    [Theory]
    [InlineData("", "")]
    [InlineData("D", "0-1")]
    [InlineData("-", "")]
    [InlineData("D-", "0-1")]
    [InlineData("-D", "1-2")]
    [InlineData("D-D", "0-1 2-3")]
    [InlineData("--DD-D-", "2-4 5-6")]
    public void Ranges_are_where_data_is(string layout, string expected)
    {
        if (!OperatingSystem.IsLinux())
            return;
        using var file = LocalDisk.Instance.CreateNew(_temp["f"]);
        for (var i = 0; i < layout.Length; i++)
        {
            if (layout[i] == 'D')
                file.Write(new byte[Piece], i * (long)Piece);
        }
        file.SetLength(layout.Length * (long)Piece);
        var pieces = file.DataRanges().Select(r => $"{r.Start / (double)Piece}-{r.End / (double)Piece}");
        Assert.Equal(expected, string.Join(' ', pieces));
    }

    [Fact]
    public void A_file_that_has_changed_its_length_since_is_looked_at_only_as_far_as_asked()
    {
        if (!OperatingSystem.IsLinux())
            return;
        using (var file = LocalDisk.Instance.CreateNew(_temp["f"]))
            file.Write(new byte[Piece], Piece);
        using var handle = File.OpenHandle(_temp["f"]);
        Assert.Empty(SparseRanges.Of(handle, Piece - 1));
        Assert.Empty(SparseRanges.Of(handle, Piece));
        Assert.Equal([new FileRange(Piece, Piece + 7)], SparseRanges.Of(handle, Piece + 7));
        Assert.Equal([new FileRange(Piece, 2 * Piece)], SparseRanges.Of(handle, 5 * Piece));
    }

    [Fact]
    public void Where_holes_cannot_be_told_everything_is_one_range()
    {
        Assert.Equal([new FileRange(0, 5)], SparseRanges.Whole(5));
        Assert.Empty(SparseRanges.Whole(0));
        if (OperatingSystem.IsWindows())
            return;
        using var unknown = new SafeFileHandle(-1, ownsHandle: false);
        Assert.Equal([new FileRange(0, 5)], SparseRanges.Of(unknown, 5));
        Assert.Empty(SparseRanges.Of(unknown, 0));
    }
}
