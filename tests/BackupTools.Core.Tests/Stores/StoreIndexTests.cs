using System.Text;
using BackupTools.Errors;
using BackupTools.Files.Stores;

namespace BackupTools.Tests.Stores;

/// <summary>Names from listings, against a plain list of keys.</summary>
public sealed class StoreIndexTests
{
    private static readonly DateTimeOffset s_now = DateTimeOffset.UnixEpoch.AddDays(1);

    private readonly List<string> _asked = [];
    private readonly HashSet<string> _young = [];
    private string[] _keys = [];
    private string _lease = Lease(2);
    private Action<int> _then = _ => { };

    private StoreIndex Index =>
        new(
            "s3",
            (bucket, prefix, after, most) =>
            {
                _asked.Add($"{bucket}:{prefix}:{after}:{most}");
                var found = _keys
                    .Order(StringComparer.Ordinal)
                    .Where(k => k.StartsWith(prefix, StringComparison.Ordinal) && string.CompareOrdinal(k, after) > 0)
                    .ToList();
                _then(_asked.Count);
                return new ObjectPage(
                    [
                        .. found
                            .Take(most)
                            .Select(k => new StoreObject(
                                k,
                                1,
                                "e",
                                _young.Contains(k) ? s_now : DateTimeOffset.UnixEpoch,
                                null
                            )),
                    ],
                    found.Count > most
                );
            },
            (_, what) =>
                what.Key.EndsWith("/x.begin", StringComparison.Ordinal)
                    ? StoreMarks.WriteBegin(["b/1", "x/2"], new Dictionary<string, byte[]?>(), run: 2)
                : what.Key.EndsWith("/late.begin", StringComparison.Ordinal)
                    ? StoreMarks.WriteBegin(["c"], new Dictionary<string, byte[]?> { ["d"] = [1] }, run: 1)
                : what.Key.EndsWith("/lease", StringComparison.Ordinal) ? Encoding.UTF8.GetBytes(_lease)
                : throw new InvalidOperationException($"{what.Key} is read"),
            () => s_now
        );

    [Fact]
    public void A_folder_is_listed_once_whatever_is_asked_of_it()
    {
        _keys = ["a/x/1", "a/x/2", "a/y", "a-b", "c"];
        var index = Index;
        Assert.Equal(["b/a/x", "b/a/y"], index.Find("b", "a")!.Children.Select(c => c.Name));
        Assert.True(index.Find("b", "a/x")!.IsFolder);
        Assert.False(index.Find("b", "a/x/2")!.IsFolder);
        Assert.Null(index.Find("b", "a/none"));
        Assert.Null(index.Find("b", "a/x/1/deeper"));
        Assert.Single(_asked);
    }

    [Theory]
    [InlineData(1000, 1)]
    [InlineData(1001, 2)]
    [InlineData(2500, 3)]
    public void Every_thousand_keys_take_one_request(int keys, int requests)
    {
        _keys = [.. Enumerable.Range(0, keys).Select(i => $"a/{i:D6}")];
        Assert.Equal(keys, Index.Find("b", "a")!.Children.Count);
        Assert.Equal(requests, _asked.Count);
    }

    [Theory]
    [InlineData("begin", "end")]
    [InlineData("begin")]
    [InlineData("begin", "first")]
    [InlineData("begin", "end", "first")]
    public void What_comes_between_two_pages_is_seen_as_a_whole_or_not_at_all(params string[] marks)
    {
        // Where others brought all that is there, these are the first marks of the folder.
        var isFirst = marks[^1] == "first";
        marks = isFirst ? marks[..^1] : marks;
        string[] others =
        [
            .. isFirst ? [] : new[] { "a/.backuptools/lease" },
            .. Enumerable.Range(0, 1500).Select(i => $"a/c{i:D6}"),
        ];
        string[] bundle = ["a/b/1", "a/x/2"];
        _keys = others;
        var index = Index;
        // Between the first page and the second one.
        _then = asked =>
        {
            if (asked == 1)
            {
                _young.UnionWith(bundle);
                _keys = [.. others, .. bundle, .. marks.Select(m => $"a/.backuptools/x.{m}")];
            }
        };
        var names = index.Find("b", "a")!.Leaves.Select(l => l.Object!.Key).Intersect(bundle).ToList();
        Assert.Equal(marks.Length == 2 ? bundle : [], names);
        Assert.InRange(_asked.Count, 4, 10);
    }

    [Fact]
    public void What_changes_with_every_listing_is_given_up()
    {
        _keys = ["a/.backuptools/lease", .. Enumerable.Range(0, 1500).Select(i => $"a/{i:D6}")];
        _then = asked => _keys = [.. _keys, $"a/.backuptools/{asked}.end"];
        var error = Assert.Throws<BackupException>(() => Index.Find("b", "a"));
        Assert.Equal(ErrorCode.BackupRunning, error.Code);
    }

    /// <summary>A run that took over has the number 2; this is what the one before it had still on its way.</summary>
    [Fact]
    public void A_mark_with_a_lower_number_than_counts_hides_nothing()
    {
        _keys = ["a/.backuptools/late.begin", "a/.backuptools/lease", "a/.backuptools/x.begin", "a/c", "a/d", "a/x/2"];
        var index = Index;
        Assert.Equal(["a/c", "a/d"], index.Find("b", "a")!.Leaves.Select(l => l.Object!.Key));
        Assert.All(index.Find("b", "a")!.Leaves, l => Assert.Null(l.Object!.Content));
        Assert.Equal([("late", true), ("x", false)], index.Pending("b", "a").Select(p => (p.Name, p.IsSuperseded)));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("a lease")]
    [InlineData(
        """{"holder":"h","seconds":30,"isFree":true,"id":"00000000-0000-0000-0000-000000000000","number":-1}"""
    )]
    public void What_is_no_lease_is_not_taken_for_one(string lease)
    {
        _lease = lease;
        _keys = ["a/.backuptools/lease", "a/.backuptools/x.begin", "a/x/2"];
        Assert.Equal(ErrorCode.Malformed, Assert.Throws<BackupException>(() => Index.Find("b", "a")).Code);
    }

    [Fact]
    public void An_object_is_found_by_itself_and_what_only_begins_like_it_is_not()
    {
        _keys = ["a/x", "a/x-1", "a/xy"];
        var index = Index;
        Assert.False(index.Find("b", "a/x")!.IsFolder);
        Assert.Null(index.Find("b", "a/"));
        Assert.Null(index.Find("b", "a/z"));
        Assert.Equal(["b:a/x/::1000", "b:a/x::1"], _asked.Take(2));
    }

    [Fact]
    public void Keys_that_no_file_can_have_are_not_there()
    {
        _keys = ["a/../../etc/passwd", "a//x", "a/./x", @"a/b\c", "a/nul\0", "a/empty/", "a/ok"];
        var index = Index;
        Assert.Equal(["b/a/empty", "b/a/ok"], index.Find("b", "a")!.Children.Select(c => c.Name));
        Assert.True(index.Find("b", "a/empty")!.IsFolder);
    }

    [Fact]
    public void A_bucket_is_a_folder_even_when_it_is_empty() => Assert.True(Index.Find("b", "")!.IsFolder);

    private static string Lease(long floor) =>
        $$"""{"holder":"h","seconds":30,"isFree":true,"id":"{{Guid.Empty}}","number":{{floor}},"floor":{{floor}}}""";
}
