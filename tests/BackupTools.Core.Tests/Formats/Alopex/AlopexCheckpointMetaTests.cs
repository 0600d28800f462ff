using BackupTools.Formats.Alopex;

namespace BackupTools.Tests.Formats.Alopex;

public sealed class AlopexCheckpointMetaTests
{
    [Fact]
    public void The_example_of_the_format_document_reads_and_writes_back()
    {
        var bytes = Convert.FromHexString("010000000e000000000000004137fbf6a1010000bf57f78e");

        Assert.True(AlopexCheckpointMeta.TryRead(bytes, out var meta, out _));

        Assert.Equal(14UL, meta.CheckpointLsn);
        Assert.Equal(bytes, meta.ToBytes());
    }

    [Theory]
    [InlineData("small-meta_crc_bad", "its checksum is wrong")]
    [InlineData("small-meta_short", "it has 23 bytes instead of 24")]
    [InlineData("small-meta_version2", "its version is 2")]
    public void What_the_engine_takes_for_no_checkpoint_is_none_and_says_why(string fixture, string fault)
    {
        var bytes = File.ReadAllBytes(AlopexFixtures.At("torn", fixture, "data", "checkpoint.meta"));

        Assert.False(AlopexCheckpointMeta.TryRead(bytes, out _, out var said));

        Assert.Equal(fault, said);
    }

    [Fact]
    public void Bytes_after_the_24th_are_ignored()
    {
        var bytes = File.ReadAllBytes(
            AlopexFixtures.At("torn", "small-meta_trailing_bytes", "data", "checkpoint.meta")
        );

        Assert.True(AlopexCheckpointMeta.TryRead(bytes, out var meta, out _));

        Assert.Equal((29, 22UL), (bytes.Length, meta.CheckpointLsn));
    }
}
