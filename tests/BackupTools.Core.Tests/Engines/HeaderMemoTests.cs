using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Tests.Engines;

/// <summary>What was read is given again only where nothing at all tells that it may be different.</summary>
public sealed class HeaderMemoTests
{
    private static readonly DateTimeOffset LongAgo = DateTimeOffset.UtcNow - TimeSpan.FromHours(1);

    private static readonly DiskEntry File = new(
        "/b/one",
        DiskEntryKind.File,
        Length: 10,
        LongAgo,
        LongAgo,
        Device: 1,
        Inode: 2,
        LinkCount: 1,
        AllocatedBytes: 4096
    );

    private readonly HeaderMemo _memo = new();
    private int _reads;

    /// <summary>What differs from the file that was read.</summary>
    public static TheoryData<string> Differences =>
        ["length", "modified", "changed", "device", "inode", "kind", "path", "one more", "one less"];

    [Fact]
    public void The_same_file_is_read_once()
    {
        Assert.Same(Read([File]), Read([File with { LinkCount = 1 }]));
        Assert.Equal(1, _reads);
    }

    [Theory]
    [MemberData(nameof(Differences))]
    public void A_file_that_is_not_the_same_is_read_again(string difference)
    {
        var tick = TimeSpan.FromTicks(1);
        var other = File with { Path = "/b/two" };
        var now = difference switch
        {
            "length" => [File with { Length = 11 }, other],
            "modified" => [File with { ModifiedUtc = LongAgo + tick }, other],
            "changed" => [File with { ChangedUtc = LongAgo - tick }, other],
            "device" => [File with { Device = 2 }, other],
            "inode" => [File with { Inode = 3 }, other],
            "kind" => [File with { Kind = DiskEntryKind.Directory }, other],
            "path" => [File with { Path = "/b/ONE" }, other],
            "one more" => [File, other, other],
            _ => new[] { File },
        };
        Read([File, other]);
        Read([File, other]);
        Assert.Equal(1, _reads);
        Read(now);
        Assert.Equal(2, _reads);
    }

    /// <summary>Of these a change may not show.</summary>
    public static TheoryData<string> Doubtful =>
        ["changed just now", "modified just now", "changed after now", "a link", "no number", "of a store"];

    [Theory]
    [MemberData(nameof(Doubtful))]
    public void What_cannot_tell_a_change_is_read_each_time(string kind)
    {
        var now = DateTimeOffset.UtcNow;
        var file = kind switch
        {
            "changed just now" => File with { ChangedUtc = now - TimeSpan.FromSeconds(1) },
            "modified just now" => File with { ModifiedUtc = now - TimeSpan.FromSeconds(1) },
            "changed after now" => File with { ChangedUtc = now + TimeSpan.FromHours(1) },
            "a link" => File with { Kind = DiskEntryKind.Link },
            "no number" => File with { Inode = 0 },
            _ => File,
        };
        var path = kind == "of a store" ? "s3:/bucket/one" : "/b/one";
        Read([file], path);
        Read([file], path);
        Assert.Equal(2, _reads);
    }

    [Fact]
    public void An_error_is_not_remembered()
    {
        for (var i = 0; i < 2; i++)
        {
            _memo.Read(
                EngineNames.Spg,
                "/b/one",
                [File],
                () =>
                {
                    _reads++;
                    return BundleReadResult.Bad("/b/one", new BackupException(ErrorCode.ReadFailed, "a bad sector"));
                }
            );
            Assert.Null(
                _memo.Read<BundleReadResult>(
                    EngineNames.Spg,
                    "/b/two",
                    [File],
                    () =>
                    {
                        _reads++;
                        return null;
                    }
                )
            );
        }
        Assert.Equal(4, _reads);
    }

    [Fact]
    public void Each_engine_has_its_own()
    {
        Read([File]);
        Read([File], engine: EngineNames.PowDb);
        Assert.Equal(2, _reads);
    }

    private BundleReadResult? Read(DiskEntry[] files, string path = "/b/one", string engine = EngineNames.Spg) =>
        _memo.Read(
            engine,
            path,
            files,
            () =>
            {
                _reads++;
                return BundleReadResult.Ok(
                    new BundleHeader
                    {
                        Engine = engine,
                        Kind = BundleKind.Full,
                        Start = default,
                        End = default,
                        CreatedUtc = LongAgo,
                        Length = 10,
                        FullName = path,
                        Format = "x",
                        Id = "x",
                    }
                );
            }
        );
}
