using System.Diagnostics;
using BackupTools.Errors;
using BackupTools.Files.Stores;
using BackupTools.Operations;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Stores;

/// <summary>What stores and the way to them do wrong: a named error in bounded time, and the destination untouched.</summary>
public sealed class StoreTroubleTests : IDisposable
{
    private const string Secret = "v3ryS3cretKey";
    private const string Address = $"s3://{FakeS3.Bucket}/p";

    private readonly EngineSandbox _box = EngineSandbox.Of("PowDB");
    private readonly FakeS3 _store = new();

    // Short where a server hangs only: on a busy machine any answer may take a second.
    private TimeSpan _stall = TimeSpan.FromSeconds(20);

    private TimeSpan _patience = TimeSpan.FromSeconds(1);

    public StoreTroubleTests()
    {
        _box.Chain();
        _store.PutFolder(_box.Bundles, "p");
    }

    private StoreSettings Settings =>
        new()
        {
            Endpoint = _store.Endpoint,
            Credential = new("key", Secret),
            Stall = _stall,
            Patience = _patience,
        };

    public void Dispose()
    {
        _store.Dispose();
        _box.Dispose();
    }

    [Theory]
    [InlineData(nameof(Trouble.Busy), "503 SlowDown")]
    [InlineData(nameof(Trouble.CutBody), "")]
    [InlineData(nameof(Trouble.Hang), "no data came for 0.5 s")]
    [InlineData(nameof(Trouble.HangInBody), "no data came for 0.5 s")]
    [InlineData(nameof(Trouble.HangInError), "no data came for 0.5 s")]
    public void A_store_that_goes_on_failing_is_named_in_bounded_time(string trouble, string words)
    {
        var what = Enum.Parse<Trouble>(trouble);
        if (what is Trouble.Hang or Trouble.HangInBody or Trouble.HangInError)
        {
            _stall = TimeSpan.FromSeconds(0.5);
        }
        foreach (
            var failing in new Func<FakeRequest, bool>[]
            {
                r => r.IsList,
                r => r.Key.EndsWith(".heap", StringComparison.Ordinal),
            }
        )
        {
            _store.Misbehave = r => failing(r) ? what : Trouble.None;
            var clock = Stopwatch.StartNew();
            var error = RestoreFails(ErrorCode.StoreUnavailable);
            Assert.InRange(clock.Elapsed, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60));
            Assert.Contains(_store.Endpoint.Authority, error.Message, StringComparison.Ordinal);
            Assert.Contains(words, error.Message, StringComparison.Ordinal);
            Assert.StartsWith(Address, error.FullName, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(nameof(Trouble.Busy))]
    [InlineData(nameof(Trouble.CutBody))]
    [InlineData(nameof(Trouble.Hang))]
    public void Trouble_that_passes_costs_time_only_and_is_counted(string trouble)
    {
        var what = Enum.Parse<Trouble>(trouble);
        _patience = TimeSpan.FromMinutes(2);
        var times = 3;
        if (what == Trouble.Hang)
        {
            _stall = TimeSpan.FromSeconds(3);
            times = 1;
        }
        var seen = new HashSet<string>();
        _store.Misbehave = r =>
        {
            lock (seen)
            {
                return seen.Count < times && seen.Add(r.Key) ? what : Trouble.None;
            }
        };
        var verbose = new List<string>();
        using (var host = Host(verbose))
        {
            Restore(host);
        }
        Assert.Equal(EngineSandbox.Bytes(_box.RestoreFrom(_box.Bundles)), EngineSandbox.Bytes(Destination));
        Assert.Matches($@"^requests to the store: \d LIST, \d+ GET, of which {times} were repeated$", verbose[^1]);
        Assert.Equal(times, verbose.Count(v => v.EndsWith("the request is made again", StringComparison.Ordinal)));
    }

    [Fact]
    public void What_is_unavailable_once_is_not_asked_again()
    {
        _store.Misbehave = _ => Trouble.Busy;
        using var host = Host();
        Assert.Throws<BackupException>(() => ReadChains.Read(Address, false, null, host).ToList());
        var asked = _store.Requests.Count;
        Assert.Equal(
            ErrorCode.StoreUnavailable,
            Assert.Throws<BackupException>(() => ReadChains.Read(Address, false, null, host).ToList()).Code
        );
        Assert.Equal(asked, _store.Requests.Count);
    }

    [Fact]
    public void A_byte_that_flips_on_the_way_is_damage()
    {
        _store.Misbehave = r =>
            r.Key.EndsWith("t0.heap", StringComparison.Ordinal) ? Trouble.FlippedByte : Trouble.None;
        Assert.Equal(ErrorKind.Damaged, RestoreFails(null).Kind);
        using var host = Host();
        var report = Assert.Single(VerifyChain.Run(new VerifySettings { Path = Address }, host));
        Assert.False(report.IsValid);
    }

    [Fact]
    public void Whoever_is_denied_hears_it_at_once()
    {
        _store.Misbehave = _ => Trouble.Denied;
        var error = RestoreFails(ErrorCode.StoreAccessDenied);
        Assert.Contains("AccessDenied", error.Message, StringComparison.Ordinal);
        Assert.Contains("docs/stores.md", error.Recommendation, StringComparison.Ordinal);
        Assert.Single(_store.Requests);
    }

    [Theory]
    [InlineData(-60)]
    [InlineData(60)]
    public void Clocks_that_differ_are_both_named(int minutes)
    {
        _store.ClockOffset = TimeSpan.FromMinutes(minutes);
        var error = RestoreFails(ErrorCode.StoreClockSkewed);
        var times = System.Text.RegularExpressions.Regex.Matches(error.Message, @"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ");
        Assert.Equal(2, times.Count);
        var apart = Time(times[0].Value) - Time(times[1].Value);
        Assert.InRange(apart.TotalMinutes, minutes - 1, minutes + 1);
        Assert.Single(_store.Requests);

        static DateTimeOffset Time(string text) =>
            DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
    }

    [Fact]
    public void What_lies_in_an_archive_is_named_before_anything_is_written()
    {
        var key = _store.Keys.First(k => k.EndsWith(".heap", StringComparison.Ordinal));
        _store.Archived.Add(key);
        var error = RestoreFails(ErrorCode.ObjectArchived);
        Assert.Equal($"s3://{FakeS3.Bucket}/{key}", error.FullName);
        Assert.DoesNotContain(_store.Requests, r => r.Key == key);
        Assert.False(Directory.Exists(Path.GetDirectoryName(Destination)));

        _store.BroughtBack.Add(key);
        using var host = Host();
        Restore(host);
        Assert.Equal(EngineSandbox.Bytes(_box.RestoreFrom(_box.Bundles)), EngineSandbox.Bytes(Destination));
    }

    [Fact]
    public void An_object_that_is_replaced_after_the_listing_is_not_mixed_with_the_old_one()
    {
        var key = _store.Keys.First(k => k.EndsWith("t0.heap", StringComparison.Ordinal));
        _store.Misbehave = r =>
        {
            if (r.Key == key)
            {
                _store.Put(key, new byte[5]);
            }
            return Trouble.None;
        };
        var error = RestoreFails(ErrorCode.ReadFailed);
        Assert.Equal($"s3://{FakeS3.Bucket}/{key}", error.FullName);
    }

    [Theory]
    [InlineData("s3://nobucket/p", "nobucket")]
    [InlineData("s3://bucket/none", "does not exist")]
    [InlineData("s3://bucket/p/none", "does not exist")]
    public void What_is_not_there_is_not_found(string address, string words)
    {
        using var host = Host();
        var error = Assert.Throws<BackupException>(() => ReadChains.Read(address, false, null, host).ToList());
        Assert.Equal(ErrorCode.PathNotFound, error.Code);
        Assert.Equal(address, error.FullName, ignoreCase: false);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(nameof(Trouble.Hang))]
    [InlineData(nameof(Trouble.Busy))]
    public void A_stop_ends_every_wait(string trouble)
    {
        var what = Enum.Parse<Trouble>(trouble);
        _store.Misbehave = r => r.IsList ? Trouble.None : what;
        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        using var host = new OperationHost
        {
            Stores = Settings with { Stall = TimeSpan.FromMinutes(5), Patience = TimeSpan.FromMinutes(5) },
            Cancellation = stop.Token,
        };
        var clock = Stopwatch.StartNew();
        Assert.ThrowsAny<OperationCanceledException>(() => Restore(host));
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(30));
        Assert.False(Directory.Exists(Path.GetDirectoryName(Destination)));
    }

    [Theory]
    [InlineData(ErrorCode.StoreUnavailable)]
    [InlineData(ErrorCode.StoreAccessDenied)]
    [InlineData(ErrorCode.StoreClockSkewed)]
    public void Once_the_advice_is_followed_the_restore_works(ErrorCode code)
    {
        _store.ClockOffset = code == ErrorCode.StoreClockSkewed ? TimeSpan.FromHours(2) : TimeSpan.Zero;
        _store.Misbehave = _ =>
            code == ErrorCode.StoreUnavailable ? Trouble.Busy
            : code == ErrorCode.StoreAccessDenied ? Trouble.Denied
            : Trouble.None;
        RestoreFails(code);

        _store.ClockOffset = TimeSpan.Zero;
        _store.Misbehave = _ => Trouble.None;
        using var host = Host();
        Restore(host);
        Assert.Equal(EngineSandbox.Bytes(_box.RestoreFrom(_box.Bundles)), EngineSandbox.Bytes(Destination));
    }

    [Fact]
    public void What_hears_no_stop_is_not_waited_for()
    {
        // As a program that is asked for credentials and hangs.
        using var hang = new ManualResetEventSlim();
        using var store = new DeafStore(hang);
        using var requests = new StoreRequests(
            store,
            new StoreSettings { Stall = TimeSpan.FromSeconds(0.1), Patience = TimeSpan.FromSeconds(0.3) },
            _ => { },
            CancellationToken.None
        );
        var error = Assert.Throws<BackupException>(() =>
            requests.ListAsync("bucket", "p/", null, 1, CancellationToken.None).GetAwaiter().GetResult()
        );
        hang.Set();
        Assert.Equal(ErrorCode.StoreUnavailable, error.Code);
        Assert.Contains("no data came for 0.1 s", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void No_server_at_all_is_named()
    {
        _store.Dispose();
        Assert.Contains(
            _store.Endpoint.Authority,
            RestoreFails(ErrorCode.StoreUnavailable).Message,
            StringComparison.Ordinal
        );
    }

    private string Destination => _box.At("from-store", "rec");

    private OperationHost Host(List<string>? verbose = null) =>
        new()
        {
            Stores = Settings,
            Clock = _box.Clock!,
            Verbose = text =>
            {
                Assert.DoesNotContain(Secret, text, StringComparison.Ordinal);
                lock (_box)
                {
                    verbose?.Add(text);
                }
            },
        };

    private void Restore(OperationHost host) =>
        Verbs.Restore(new RestoreSettings { Path = Address, DestinationPath = Destination }, host);

    /// <summary>The restore fails, leaves nothing, and says no secret.</summary>
    private BackupException RestoreFails(ErrorCode? code)
    {
        using var host = Host();
        var error = Assert.Throws<BackupException>(() => Restore(host));
        if (code is not null)
        {
            Assert.Equal(code, error.Code);
        }
        Assert.DoesNotContain(Secret, error.ToString(), StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.GetDirectoryName(Destination)));
        return error;
    }

    /// <summary>A store that answers when the test says so, and hears nothing else.</summary>
    private sealed class DeafStore(ManualResetEventSlim answer) : IReadingStore
    {
        public string Scheme => "s3";

        public string Host => "deaf";

        public Task<ObjectPage> ListAsync(
            string bucket,
            string prefix,
            string? after,
            int most,
            CancellationToken cancellation
        )
        {
            answer.Wait(CancellationToken.None);
            return Task.FromResult(new ObjectPage([], false));
        }

        public Task ReadAsync(
            string bucket,
            StoreObject what,
            long offset,
            Memory<byte> buffer,
            Action alive,
            CancellationToken cancellation
        ) => throw new NotSupportedException();

        public void Dispose() { }
    }
}
