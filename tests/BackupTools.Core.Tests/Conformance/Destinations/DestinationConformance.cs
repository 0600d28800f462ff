using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Files.Stores;
using BackupTools.Operations;
using BackupTools.Tests.Files;
using BackupTools.Tests.Operations;
using BackupTools.Tests.Stores;

namespace BackupTools.Tests.Conformance.Destinations;

/// <summary>
/// What every place keeps to where bundles go: whatever dies at whatever step, readers see what was there before or what
/// comes, and the next run finishes and leaves nothing behind. A new kind of destination is a class with three members.
/// </summary>
public abstract class DestinationConformance
{
    public static TheoryData<string> Engines => [.. EngineSandbox.Names];

    /// <summary>Why it is not there on this machine; null where it is.</summary>
    protected virtual string? WhyNot => null;

    /// <summary>From one step at which a run dies to the next; each is tried in a long run.</summary>
    protected abstract int Stride { get; }

    protected virtual bool IsFolder => false;

    private protected abstract StoreSettings Settings { get; }

    /// <summary>The address of an empty place.</summary>
    private protected abstract string NewPlace(EngineSandbox box, string name);

    /// <summary>Connects to the store; null for a folder.</summary>
    private protected abstract IObjectStore? Connect();

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_copy_is_the_chain_and_a_second_one_sends_nothing(string engine)
    {
        using var box = Box(engine);
        var place = NewPlace(box, $"a b+c%é/{engine}");
        var writing = Writing(box, place);
        var report = writing.Copy(verify: true);
        Assert.True(report.IsValid, string.Join("; ", report.Problems));
        Assert.Equal(Ids(box), writing.Seen());
        Assert.Equal(EngineSandbox.Bytes(box.RestoreFrom(box.Bundles)), Restored(box, writing, place));
        var down = Down(place);
        Assert.Equal(Shown(StoreFolder.Files(box.Bundles, "").Select(f => f.Key[1..])), Shown(down.Keys));
        Assert.Empty(writing.Copy().Copied);
        Assert.Equal(down.Keys.Order(), Down(place).Keys.Order());
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_copy_that_died_is_gone_on_with(string engine)
    {
        using var box = Box(engine);
        var clean = NewPlace(box, $"copy/{engine}/clean");
        Writing(box, clean).Copy();
        var (keys, ids) = (Shown(Down(clean).Keys).ToList(), Ids(box));
        Assert.InRange(
            DyingAnywhere(
                step =>
                {
                    var place = NewPlace(box, $"copy/{engine}/{step}");
                    return (place, Writing(box, place));
                },
                writing => writing.Copy(),
                (place, writing, _) =>
                {
                    var seen = writing.Seen();
                    Assert.Equal(ids.Take(seen.Count), seen);
                    writing.Copy();
                    Assert.Equal(ids, writing.Seen());
                    Assert.Equal(keys, Shown(Down(place).Keys));
                }
            ),
            2,
            500
        );
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_prune_that_died_is_finished_by_the_next(string engine)
    {
        using var box = Box(engine);
        box.Full();
        IReadOnlyList<string>? pruned = null;
        DyingAnywhere(
            step =>
            {
                var place = NewPlace(box, $"prune/{engine}/{step}");
                Writing(box, place).Copy();
                return (place, Writing(box, place));
            },
            writing => writing.Expire(),
            (place, writing, _) =>
            {
                var seen = writing.Seen();
                writing.Expire();
                pruned ??= writing.Seen();
                Assert.Equal(pruned, writing.Seen());
                Assert.True(seen.SequenceEqual(Ids(box)) || seen.SequenceEqual(pruned), $"{seen.Count}");
                Assert.DoesNotContain(Down(place).Keys, k => k.Contains("removal", StringComparison.Ordinal));
            }
        );
        // A full of Grafeo may come with an increment.
        Assert.InRange(pruned!.Count, 1, 2);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_backup_that_died_is_taken_by_the_next(string engine)
    {
        using var box = Box(engine, chain: false);
        box.Become("S0");
        DyingAnywhere(
            step =>
            {
                var place = NewPlace(box, $"backup/{engine}/{step}");
                var writing = Writing(box, place);
                writing.Back(incremental: false);
                return (place, writing);
            },
            writing => writing.Back(incremental: false),
            (place, writing, old) =>
            {
                var seen = writing.Seen();
                Assert.Equal(old, seen.Take(old.Count));
                var made = writing.Back(incremental: false);
                Assert.Equal(seen.Count + made.Count, writing.Seen().Count);
                var marks = Down(place).Keys;
                Assert.Equal(
                    marks.Count(k => k.EndsWith(".begin", StringComparison.Ordinal)),
                    marks.Count(k => k.EndsWith(".end", StringComparison.Ordinal))
                );
            }
        );
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_merge_is_a_full_of_the_same_state(string engine)
    {
        using var box = Box(engine);
        var place = NewPlace(box, $"merge/{engine}");
        var writing = Writing(box, place);
        writing.Copy();
        var made = writing.Merge();
        Assert.Equal(
            EngineSandbox.Bytes(box.RestoreFrom(box.Bundles)),
            Restored(box, writing, place, made[^1].ChainId)
        );
    }

    [Fact]
    public void Where_one_run_writes_another_waits_and_says_for_whom()
    {
        using var box = Box(EngineSandbox.Names.First());
        var place = NewPlace(box, "locked");
        using var host = new StoreWriting(box, place, Settings with { Lease = TimeSpan.FromSeconds(30) })
        {
            Maker = Maker,
        }.Host();
        using (
            IDestination held = StoreAddress.Is(place)
                ? new StoreDestination(place, host)
                : new FolderDestination(place, FolderLock.DefaultName, host)
        )
        {
            var error = Assert.Throws<BackupException>(() => Writing(box, place, TimeSpan.Zero).Copy());
            Assert.Equal(ErrorCode.BackupRunning, error.Code);
        }
        Assert.NotEmpty(Writing(box, place).Copy().Copied);
    }

    /// <summary>How often something died until it was done.</summary>
    private int DyingAnywhere(
        Func<int, (string Place, StoreWriting Writing)> make,
        Action<StoreWriting> act,
        Action<string, StoreWriting, IReadOnlyList<string>> then
    )
    {
        var count = 0;
        // Before that nobody has the place yet.
        for (var (step, died) = (4, true); died; step += SoakBudget.Step(Stride), count++)
        {
            var (place, writing) = make(step);
            var old = writing.Seen();
            var disk = new FaultyDisk(LocalDisk.Instance) { KillAt = step };
            var store = Connect() is { } alive ? new DyingStore(alive, step) : null;
            writing.Maker = store is null ? null : () => store;
            writing.Disk = store is null ? disk : null;
            Record.Exception(() => act(writing));
            died = store is null ? disk.Steps >= step : store.Requests > step;
            (writing.Maker, writing.Disk) = (Maker, null);
            then(place, writing, old);
            Assert.Empty(OpenUploads(place));
        }
        return count;
    }

    private StoreWriting Writing(EngineSandbox box, string place, TimeSpan? timeout = null) =>
        new(box, place, Settings with { HeldBack = TimeSpan.Zero })
        {
            Maker = Maker,
            LockTimeout = timeout ?? TimeSpan.FromMinutes(1),
        };

    private Func<IObjectStore>? Maker => IsFolder ? null : () => Connect()!;

    private EngineSandbox Box(string engine, bool chain = true)
    {
        Assert.SkipUnless(WhyNot is null, WhyNot ?? "");
        var box = EngineSandbox.Of(engine);
        // Nothing is dated after it was brought up.
        box.Clock!.Now -= TimeSpan.FromDays(1);
        if (chain)
        {
            box.Chain();
        }
        return box;
    }

    private static List<string> Ids(EngineSandbox box) =>
        [.. box.Chains().SelectMany(c => c.Bundles).Select(b => b.Id)];

    private static string Restored(EngineSandbox box, StoreWriting writing, string place, string? chain = null)
    {
        using var host = writing.Host();
        var to = box.At("from-place", Path.GetFileName(box.Restored));
        Verbs.Restore(
            new RestoreSettings
            {
                Path = place,
                DestinationPath = to,
                ChainId = chain,
            },
            host
        );
        return EngineSandbox.Bytes(to);
    }

    private static IEnumerable<string> Shown(IEnumerable<string> names) =>
        names.Where(n => !n.StartsWith(".backuptools", StringComparison.Ordinal)).Order(StringComparer.Ordinal);

    /// <summary>All that lies in a place, by relative name.</summary>
    private Dictionary<string, byte[]> Down(string place)
    {
        if (Connect() is not { } store)
        {
            return StoreFolder.Files(place, "").ToDictionary(f => f.Key[1..], f => File.ReadAllBytes(f.File));
        }
        using (store)
        {
            var (bucket, key) = StoreAddress.Parse(place);
            var page = store.ListAsync(bucket, key + "/", null, 1000, CancellationToken.None).GetAwaiter().GetResult();
            Assert.False(page.HasMore);
            return page.Objects.ToDictionary(o => o.Key[(key.Length + 1)..], o => Content(store, bucket, o));
        }
    }

    private static byte[] Content(IObjectStore store, string bucket, StoreObject what)
    {
        var content = new byte[what.Length];
        if (content.Length > 0)
        {
            store.ReadAsync(bucket, what, 0, content, () => { }, CancellationToken.None).GetAwaiter().GetResult();
        }
        return content;
    }

    private IReadOnlyList<StoreUpload> OpenUploads(string place)
    {
        using var store = Connect();
        var (bucket, key) = store is null ? ("", "") : StoreAddress.Parse(place);
        return store?.ListUploadsAsync(bucket, key + "/", CancellationToken.None).GetAwaiter().GetResult() ?? [];
    }
}
