using BackupTools.Errors;
using BackupTools.Formats.Grafeo;

namespace BackupTools.Tests.Formats.Grafeo;

public class GrafeoFrameSplitterTests
{
    [Fact]
    public void In_blocks_of_any_size_content_and_order_come_apart_and_in_order()
    {
        // A commit and an epoch whose numbers are longer than they need be, as readers accept them.
        byte[] wide =
        [
            .. GrafeoBytes.Record([0xFC, 35, 0, 0, 0, 0xFD, 9, 0, 0, 0, 0, 0, 0, 0]),
            .. GrafeoBytes.Record([0xFC, 38, 0, 0, 0, 0xFD, 7, 0, 0, 0, 0, 0, 0, 0]),
        ];
        byte[] log =
        [
            .. GrafeoBytes.Group(1),
            .. GrafeoBytes.Node(2, new string('N', 90)),
            .. GrafeoBytes.CheckpointRecord(3),
            .. GrafeoBytes.Node(4, ""),
            .. wide,
            .. GrafeoBytes.Group(ulong.MaxValue - 1),
        ];
        byte[] content =
        [
            .. GrafeoBytes.Node(1, "N"),
            .. GrafeoBytes.Node(2, new string('N', 90)),
            .. GrafeoBytes.Node(4, ""),
            .. GrafeoBytes.Node(ulong.MaxValue - 1, "N"),
        ];
        for (var block = 1; block <= log.Length; block++)
        {
            var splitter = new GrafeoFrameSplitter(1000);
            var (seen, others) = (new List<byte>(), new List<(GrafeoRecordKind, ulong)>());
            for (var at = 0; at < log.Length; at += block)
            {
                splitter.Take(
                    log.AsSpan(at, Math.Min(block, log.Length - at)),
                    (offset, bytes) =>
                    {
                        Assert.Equal(log[(int)(offset - 1000)..(int)(offset - 1000 + bytes.Length)], bytes.ToArray());
                        seen.AddRange(bytes);
                    },
                    record => others.Add((record.Kind, record.Value))
                );
            }
            Assert.True(splitter.AtBoundary);
            Assert.Equal(content, seen);
            Assert.Equal(
                [
                    (GrafeoRecordKind.TransactionCommit, 2ul),
                    (GrafeoRecordKind.EpochAdvance, 1),
                    (GrafeoRecordKind.Checkpoint, 3),
                    (GrafeoRecordKind.TransactionCommit, 9),
                    (GrafeoRecordKind.EpochAdvance, 7),
                    (GrafeoRecordKind.TransactionCommit, ulong.MaxValue),
                    (GrafeoRecordKind.EpochAdvance, ulong.MaxValue - 1),
                ],
                others
            );
        }
    }

    [Fact]
    public void A_frame_that_is_cut_off_or_damaged_is_noticed()
    {
        var log = GrafeoBytes.Group(1);
        var cut = new GrafeoFrameSplitter(0);
        cut.Take(log.AsSpan(0, log.Length - 1), static (_, _) => { }, static _ => { });
        Assert.False(cut.AtBoundary);
        var damaged = new GrafeoFrameSplitter(0);
        log[5] ^= 1;
        var e = Assert.Throws<BackupException>(() => damaged.Take(log, static (_, _) => { }, static _ => { }));
        Assert.Equal((ErrorCode.ChecksumMismatch, (long?)0), (e.Code, e.Offset));
    }

    [Fact]
    public void Records_that_order_are_framed_as_the_engine_frames_them()
    {
        Assert.Equal(GrafeoBytes.Epoch(300), GrafeoRecord.Frame(GrafeoRecordKind.EpochAdvance, 300));
        Assert.Equal(
            GrafeoBytes.Hex("02 00 00 00 23 05 11 91 1A 8F"),
            GrafeoRecord.Frame(GrafeoRecordKind.TransactionCommit, 5)
        );
    }

    [Fact]
    public void An_image_takes_another_epoch_and_nothing_else_changes()
    {
        var image = GrafeoBytes.FixtureBytes("v05-reference", "S0.grafeo");
        var header = GrafeoContainerHeader.Read(image);
        var pages = GrafeoSections.WithEpoch(image.AsSpan(0, GrafeoContainerHeader.Size), header, 70_000);
        var changed = GrafeoContainerHeader.Read(pages);
        Assert.Equal(70_000ul, changed.Active.Epoch);
        Assert.Equal(header, changed with { Active = changed.Active with { Epoch = header.Active.Epoch } });
        Assert.Equal(pages, GrafeoSections.WithEpoch(pages, changed, 70_000));
        Assert.Equal(
            image[..GrafeoContainerHeader.Size],
            GrafeoSections.WithEpoch(pages, changed, header.Active.Epoch)
        );
    }

    [Fact]
    public void An_image_of_nothing_is_one_that_was_never_written()
    {
        var image = GrafeoSections.EmptyImage(1775000000000);
        var header = GrafeoContainerHeader.Read(image);
        header.CheckLength(image.Length);
        Assert.Equal(
            (GrafeoContainer.Empty, 1775000000000ul, "0.5.42", 0ul),
            (header.Container, header.CreatedMs, header.CreatorVersion, header.Active.Epoch)
        );
    }
}
