using System.Text;
using BackupTools.Formats.Primitives;

namespace BackupTools.Tests.Formats.Primitives;

public class Crc32Tests
{
    [Fact]
    public void The_published_check_value_comes_out() =>
        Assert.Equal(0xCBF43926u, Crc32.HashToUInt32(Encoding.ASCII.GetBytes("123456789")));

    [Fact]
    public void The_published_castagnoli_check_value_comes_out() =>
        Assert.Equal(0xE3069283u, Crc32C.HashToUInt32(Encoding.ASCII.GetBytes("123456789")));
}
