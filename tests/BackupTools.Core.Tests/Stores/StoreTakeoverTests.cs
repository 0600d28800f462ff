using BackupTools.Errors;
using BackupTools.Files.Stores;
using BackupTools.Operations;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Stores;

/// <summary>A run that was cut off from the store, or slept, until another had taken over, and then goes on.</summary>
public sealed class StoreTakeoverTests : OnFakeS3
{
    /// <summary>
    /// Found by hand: the last request of such a run was made again once the network was back, and put its older bundle over
    /// the one that the other run had published.
    /// </summary>
    [Theory]
    [MemberData(nameof(Engines))]
    public void What_another_run_has_published_meanwhile_is_not_overwritten(string engine)
    {
        using var box = Empty(engine);
        var settings = Settings with { Patience = TimeSpan.FromSeconds(20) };
        // One after the other: nothing else of it is on the way.
        var late = new StoreWriting(box, Address, settings with { Parallel = 1 });
        box.Become("S0");
        IReadOnlyDictionary<string, byte[]>? published = null;
        Store.Misbehave = request =>
        {
            if (!IsData(request) || published is not null)
            {
                return Trouble.None;
            }
            // The request is not heard. Until it is made again, somebody else does all there is to do.
            Store.Misbehave = _ => Trouble.None;
            box.Become("S1");
            TakeOver(box, settings);
            published = Store.Snapshot();
            return Trouble.Busy;
        };

        var error = Record.Exception(() => late.Back(incremental: false));

        Assert.Equal(ErrorCode.BackupRunning, Assert.IsType<BackupException>(error).Code);
        Assert.NotNull(published);
        Assert.All(
            published.Where(o => !o.Key.Contains("/.backuptools", StringComparison.Ordinal)),
            o => Assert.Equal(o.Value, Store.Content(o.Key))
        );
        using var host = late.Host();
        Assert.All(
            VerifyChain.Run(new VerifySettings { Path = Address, RestoreDrill = true }, host),
            r => Assert.True(r.IsValid, string.Join("; ", r.Problems))
        );
    }

    /// <summary>It said that what it had pruned remained, and succeeded, while the other run removed it.</summary>
    [Fact]
    public void A_prune_that_another_run_has_taken_over_from_says_so()
    {
        using var box = Box("SPG");
        box.Full();
        var settings = Settings with { Patience = TimeSpan.FromSeconds(20) };
        var late = new StoreWriting(box, Address, settings with { Parallel = 1 });
        late.Copy();
        var isTaken = false;
        Store.Misbehave = request =>
        {
            if (
                request.Method != "DELETE"
                || isTaken
                || request.Key.Contains("/.backuptools", StringComparison.Ordinal)
            )
            {
                return Trouble.None;
            }
            isTaken = true;
            Store.Misbehave = _ => Trouble.None;
            TakeOver(box, settings);
            return Trouble.Busy;
        };

        var error = Record.Exception(() => late.Expire());

        Assert.True(isTaken);
        Assert.Equal(ErrorCode.BackupRunning, Assert.IsType<BackupException>(error).Code);
        Assert.Empty(late.Warnings);
        Assert.DoesNotContain(Store.Keys, k => k.Contains("/removal/", StringComparison.Ordinal));
        using var host = late.Host();
        Assert.All(
            VerifyChain.Run(new VerifySettings { Path = Address }, host),
            r => Assert.True(r.IsValid, string.Join("; ", r.Problems))
        );
    }

    [Fact]
    public void An_answer_that_was_lost_is_no_other_run()
    {
        using var box = Empty("SPG");
        box.Become("S0");
        var lost = 0;
        Store.Misbehave = request =>
            IsData(request) && Interlocked.Increment(ref lost) == 1 ? Trouble.LostAnswer : Trouble.None;
        var writing = new StoreWriting(box, Address, Settings with { Patience = TimeSpan.FromSeconds(20) });
        Assert.Equal("Full", Assert.Single(writing.Back(incremental: false)).Kind);
        Assert.Equal(2, lost);
    }

    [Fact]
    public void A_name_that_would_be_another_key_is_refused()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs Unix: names have no backslash");
        using var box = Empty("SQLite");
        box.Become("S0");
        File.Copy(box.Source, box.At(@"back\slash.db"));
        var writing = new StoreWriting(box, Address, Settings);
        using var host = writing.Host();
        var backup = box.Settings() with { SourcePath = box.At(@"back\slash.db"), DestinationPath = Address };
        var error = Assert.Throws<BackupException>(() => Verbs.Full(backup, host));
        Assert.Equal(ErrorCode.UnsafeName, error.Code);
        Assert.Contains(@"back\slash.db", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Store.Keys, k => k.EndsWith(".ltx", StringComparison.Ordinal));
    }

    /// <summary>
    /// A full by a run on another machine, which has a spool of its own, once the lease of the run that was cut off has run
    /// out: so long its requests wait, and what it renewed meanwhile would be its own.
    /// </summary>
    private void TakeOver(EngineSandbox box, StoreSettings settings)
    {
        Store.Remove($"{Prefix}/.backuptools/lease");
        Thread.Sleep(settings.Lease);
        using var host = new OperationHost
        {
            Stores = settings with { SpoolPath = box.At("spool-of-other") },
            Clock = box.Clock!,
        };
        Verbs.Fulls(box.Settings() with { DestinationPath = Address }, host);
    }

    private static bool IsData(FakeRequest request) =>
        request.Method == "PUT"
        && !request.Key.Contains("/.backuptools", StringComparison.Ordinal)
        && !Path.GetFileName(request.Key).StartsWith('.');
}
