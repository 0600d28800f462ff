using BackupTools.Engines.Alopex;

namespace BackupTools.Tests.Engines.Alopex;

public sealed class AlopexDatesTests
{
    private static readonly DateTimeOffset Named = DateTimeOffset.FromUnixTimeSeconds(1_795_145_099);
    private static readonly DateTimeOffset Hours = Named.AddHours(-3);

    private static AlopexDates Of(DateTimeOffset log, DateTimeOffset? manifest) =>
        AlopexDates.Of("ts-1795145099", log, manifest);

    [Fact]
    public void A_name_is_the_date_of_what_was_written_then_or_later()
    {
        var expected = new AlopexDates(Named, null, Named, false);
        Assert.Equal(expected, Of(Named, Named));
        Assert.Equal(expected, Of(Named.AddSeconds(1), Named));
        Assert.Equal(expected with { TellsOrder = true }, Of(Named.AddMilliseconds(300), Named));
        Assert.Equal(expected, Of(Named.AddHours(3), Named.AddHours(4)));
        Assert.Equal(expected, Of(Named.AddHours(3), null));
        // Earlier versions wrote the log first and took the name last.
        Assert.Equal(expected, Of(Hours, Named.AddMilliseconds(-20)));
    }

    [Fact]
    public void A_name_ahead_of_the_clock_is_a_place_where_the_manifest_vouches_for_the_dates() =>
        Assert.Equal(new AlopexDates(Hours, Named.AddSeconds(-1), Hours, true), Of(Hours, Named));

    [Fact]
    public void Files_that_are_older_than_the_name_and_not_vouched_for_leave_it_open_when_it_was()
    {
        var open = new AlopexDates(Named, null, DateTimeOffset.MinValue, false);
        Assert.Equal(open, Of(Hours, null));
        Assert.Equal(open, Of(Hours, Hours.AddSeconds(1)));
        Assert.Equal(open, Of(Named.AddSeconds(-61), Named.AddSeconds(-61)));
        Assert.Equal(new AlopexDates(Named, null, Named, false), Of(Named.AddSeconds(-60), Named.AddSeconds(-61)));
    }

    [Fact]
    public void A_snapshot_with_another_name_is_as_old_as_its_log() =>
        Assert.Equal(new AlopexDates(Hours, null, Hours, false), AlopexDates.Of("monday", Hours, Named));
}
