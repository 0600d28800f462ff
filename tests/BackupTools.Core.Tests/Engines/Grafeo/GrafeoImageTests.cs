using BackupTools.Engines.Grafeo;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Tests.Files;
using BackupTools.Tests.Formats.Grafeo;

namespace BackupTools.Tests.Engines.Grafeo;

public sealed class GrafeoImageTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    private GrafeoImage Open(byte[] image)
    {
        var path = _temp["x.grafeo"];
        File.WriteAllBytes(path, image);
        using var file = LocalDisk.Instance.OpenRead(path);
        var opened = GrafeoImage.Open(file, default);
        using var h = new GrafeoHarness();
        Assert.Equal(GrafeoBytes.Crc(image), opened.Transfer(file, null, h.Inner.Context()));
        return opened;
    }

    private void Refused(byte[] image, ErrorCode code, string words)
    {
        var error = Assert.Throws<BackupException>(() => Open(image));
        Assert.Equal((code, _temp["x.grafeo"]), (error.Code, error.FullName));
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Chunks_gaps_and_pages_that_nothing_uses_make_one_checksum()
    {
        Open(GrafeoBytes.PagedImage(4, default));
        Open(GrafeoBytes.PagedImage(8, default, (16384, 4096), (20480, 100), (28672, 4000), (0, 0)));
        Open([.. GrafeoBytes.PagedImage(5, default, (16384, 1)), 1, 2, 3]);
    }

    [Fact]
    public void An_image_longer_than_a_region_is_put_together_from_pieces()
    {
        // Two chunks that cross the borders of regions, read by two threads.
        var image = GrafeoBytes.PagedImage(20_000, default, (16384, 40_000_000), (40_017_920, 41_000_000));
        Open(image);
        image[33_600_000] ^= 1;
        Refused(image, ErrorCode.ChecksumMismatch, "a chunk of section LpgStore is damaged");
    }

    [Fact]
    public void Parts_that_overlap_or_lie_outside_are_refused()
    {
        Refused(GrafeoBytes.PagedImage(6, default, (16384, 5000), (20480, 1)), ErrorCode.Malformed, "overlaps");
        Refused(GrafeoBytes.PagedImage(6, default, (12288, 1)), ErrorCode.Malformed, "overlaps");
        Refused(GrafeoBytes.PagedImage(6, default, (8192, 1)), ErrorCode.Malformed, "not a data page");
        Refused(GrafeoBytes.PagedImage(6, default, (16385, 1)), ErrorCode.Malformed, "not a data page");
        Refused(GrafeoBytes.PagedImage(6, default, (20480, 4097)), ErrorCode.Truncated, "does not end inside the file");
        Refused(
            GrafeoBytes.PagedImage(6, default, (0x7FFF_FFFF_FFFF_F000, 8192)),
            ErrorCode.Truncated,
            "does not end inside the file"
        );
    }

    [Fact]
    public void Directories_that_lead_nowhere_are_refused()
    {
        Refused(GrafeoBytes.PagedImage(40, (16384, 65537)), ErrorCode.Malformed, "a directory block of 65537 bytes");
        Refused(GrafeoBytes.PagedImage(6, (16384, 32)), ErrorCode.ChecksumMismatch, "a directory block is damaged");
        Refused(GrafeoBytes.PagedImage(6, (4096, 32)), ErrorCode.Malformed, "not a data page");
    }

    [Fact]
    public void A_directory_that_points_to_itself_is_refused()
    {
        // A block cannot name its own checksum, but a checksum can be forged: the next block is this one again.
        var image = GrafeoBytes.PagedImage(6, (12288, 40));
        Forge(image.AsSpan(12288, 40), 32, BitConverter.ToUInt32(image, 12288 + 20));
        BitConverter.GetBytes(40).CopyTo(image, 4096 + 48);
        BitConverter.GetBytes(BitConverter.ToUInt32(image, 12288 + 20)).CopyTo(image, 4096 + 52);
        BitConverter.GetBytes(GrafeoBytes.Crc(image.AsSpan(4096, 80))).CopyTo(image, 4096 + 80);
        Refused(image, ErrorCode.Malformed, "more chunks than the file has pages");
    }

    /// <summary>Chooses four bytes so that the whole has a given CRC: the CRC is linear, so solve for its bits.</summary>
    private static void Forge(Span<byte> bytes, int at, uint wanted)
    {
        var zero = GrafeoBytes.Crc(bytes);
        var rows = new (uint Effect, uint Bits)[32];
        for (var bit = 0; bit < 32; bit++)
        {
            bytes[at + (bit / 8)] ^= (byte)(1 << (bit % 8));
            rows[bit] = (GrafeoBytes.Crc(bytes) ^ zero, 1u << bit);
            bytes[at + (bit / 8)] ^= (byte)(1 << (bit % 8));
        }
        var target = zero ^ wanted;
        uint flips = 0;
        for (var column = 0; column < 32; column++)
        {
            var pivot = Array.FindIndex(rows, column, r => (r.Effect >> column & 1) != 0);
            (rows[column], rows[pivot]) = (rows[pivot], rows[column]);
            for (var other = 0; other < 32; other++)
            {
                if (other != column && (rows[other].Effect >> column & 1) != 0)
                    rows[other] = (rows[other].Effect ^ rows[column].Effect, rows[other].Bits ^ rows[column].Bits);
            }
        }
        for (var column = 0; column < 32; column++)
        {
            if ((target >> column & 1) != 0)
                flips ^= rows[column].Bits;
        }
        for (var bit = 0; bit < 32; bit++)
        {
            if ((flips >> bit & 1) != 0)
                bytes[at + (bit / 8)] ^= (byte)(1 << (bit % 8));
        }
        Assert.Equal(wanted, GrafeoBytes.Crc(bytes));
    }
}
