using BackupTools.Engines.Sqlite;
using BackupTools.Errors;
using BackupTools.Operations;
using BackupTools.Reports;
using BackupTools.Tests.Engines.PowDb;
using BackupTools.Tests.Engines.Sqlite;

namespace BackupTools.Tests.Operations;

/// <summary>Damage behind which a sound full begins anew: names and lists tell which bundles are older.</summary>
public sealed class DamagedEarlierChainTests : IDisposable
{
    private readonly EngineSandbox _box = EngineSandbox.Of(EngineNames.Sqlite);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void The_newest_state_is_that_of_the_newest_sound_full_whatever_is_damaged_before_it(int which)
    {
        var chain = _box.Chain();
        _box.Become("S1");
        _box.Full();
        var content = _box.Content(_box.Source);
        Damage(chain[which].FullName);

        Assert.Equal(content, _box.Content(_box.RestoreFrom(_box.Bundles)));
        var found = VerifyChain.Run(new VerifySettings { Path = _box.Bundles }, _box.Host()).ToList();
        Assert.Contains(
            found.SelectMany(r => r.Problems),
            p => p.Severity == "Error" && p.FullName == chain[which].FullName
        );
        _box.Become("S2");
        _box.Increment();
        Assert.Equal(_box.Content(_box.Source), _box.Content(_box.RestoreFrom(_box.Bundles)));
    }

    [Fact]
    public void What_may_be_the_newest_bundle_still_makes_the_newest_state_unknown()
    {
        var chain = _box.Chain();
        Damage(chain[2].FullName);
        Assert.Equal(ErrorKind.Damaged, Assert.Throws<BackupException>(() => _box.RestoreFrom(_box.Bundles)).Kind);
    }

    [Fact]
    public void Behind_a_damaged_full_an_increment_is_refused_and_a_full_taken_where_that_was_asked_for()
    {
        var full = _box.Full();
        Damage(full.FullName);
        _box.Become("S1");
        var error = Assert.Throws<BackupException>(() => _box.Increment());
        Assert.Equal(ErrorCode.NoFullBackup, error.Code);
        Assert.Contains(full.Name, error.Message, StringComparison.Ordinal);

        var taken = _box.Increment(_box.Settings() with { FullIfNeeded = true });
        Assert.Equal("Full", taken.Kind);
        Assert.Equal(_box.Content(_box.Source), _box.Content(_box.RestoreFrom(_box.Bundles)));
        Assert.Contains(_box.Chains().SelectMany(c => c.Problems), p => p.FullName == full.FullName);
    }

    [Fact]
    public void Behind_damaged_fingerprints_an_increment_is_refused_and_a_full_taken_where_that_was_asked_for()
    {
        var side = SideFiles.PathOf(_box.Full().FullName);
        var bytes = File.ReadAllBytes(side);
        bytes[^3] ^= 1;
        File.WriteAllBytes(side, bytes);
        _box.Become("S1");
        var error = Assert.Throws<BackupException>(() => _box.Increment());
        Assert.Equal(ErrorCode.LogIsGone, error.Code);
        Assert.Contains("FullIfNeeded", error.Recommendation, StringComparison.Ordinal);
        Assert.Equal("Full", _box.Increment(_box.Settings() with { FullIfNeeded = true }).Kind);
        Assert.Equal(_box.Content(_box.Source), _box.Content(_box.RestoreFrom(_box.Bundles)));
    }

    [Theory]
    [InlineData("00000000.snapshot.lz4", true)]
    [InlineData("00000002_00001038.wal.lz4", true)]
    [InlineData("00000003_00001038.wal.lz4", false)]
    public void A_snapshot_of_03_begins_anew_too(string name, bool isPast)
    {
        var replica = SqliteFixtures.Litestream03(_box.Folder);
        Damage(Directory.GetFiles(replica, name, SearchOption.AllDirectories)[0]);
        var settings = new RestoreSettings { Path = replica, DestinationPath = _box.Restored };
        if (isPast)
        {
            _box.Restore(settings);
            var last = SqliteFixtures.Steps03[^1];
            Assert.Equal(("ok", last.Rows, last.Sha256), SqliteFixtures.Look(_box.Restored));
        }
        else
        {
            Assert.Throws<BackupException>(() => _box.Restore(settings));
        }
    }

    [Theory]
    [InlineData(EngineNames.Sqlite)]
    [InlineData(EngineNames.Spg)]
    [InlineData(EngineNames.PowDb)]
    [InlineData(EngineNames.Alopex)]
    [InlineData(EngineNames.Grafeo)]
    public void A_time_whose_state_was_in_the_damaged_bundle_is_refused_by_name(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        var chain = box.Chain();
        box.Clock!.Now += TimeSpan.FromHours(1);
        // What cuts its log at a time would find all of it in this increment or in the log of this full.
        box.Full();
        DamageHeader(chain[2]);
        var error = Assert.Throws<BackupException>(() =>
            box.Restore(box.RestoreTo("x") with { PointInTime = new DateTimeOffset(chain[2].CreatedUtc).AddMinutes(5) })
        );
        Assert.StartsWith(chain[2].FullName, error.FullName, StringComparison.Ordinal);
        Assert.Matches("restore to position [0-9]+ explicitly", error.Recommendation);
        box.RestoreFrom(box.Bundles, position: chain[1].EndPosition);
    }

    [Theory]
    [InlineData(EngineNames.Spg)]
    [InlineData(EngineNames.PowDb)]
    public void After_damage_of_a_bundle_that_is_dated_in_the_future_a_full_has_the_last_place_too(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        box.Full();
        var now = box.Clock!.Now;
        box.Clock.Now += TimeSpan.FromDays(365);
        DamageHeader(box.Full());
        box.Clock.Now = now;
        Assert.Throws<BackupException>(() => box.RestoreFrom(box.Bundles));
        box.Become("S2");
        box.Full();
        Assert.Equal(box.Content(box.RestoreFrom(box.Bundles)), Of(box));

        string? Of(EngineSandbox of) =>
            of.Content(of.RestoreFrom(of.Bundles, of.Chains().SelectMany(c => c.Bundles).MaxBy(b => b.EndPosition)));
    }

    /// <summary>A chain that was continued after another had begun: of either may be what cannot be read.</summary>
    [Theory]
    [InlineData(EngineNames.Spg)]
    [InlineData(EngineNames.PowDb)]
    public void Who_names_a_chain_is_told_of_what_may_have_been_its_newest(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        var full = box.Full();
        var other = box.Full();
        box.Become("S1");
        var lost = box.Increment(box.Settings() with { ChainId = full.ChainId });
        DamageHeader(lost);

        foreach (var named in new[] { full, other })
        {
            var test = new VerifySettings { Path = box.Bundles, ChainId = named.ChainId };
            Assert.Contains(
                Assert.Single(VerifyChain.Run(test, box.Host())).Problems,
                p => p.FullName!.StartsWith(lost.FullName, StringComparison.Ordinal)
            );
        }
        // It is shown with the chain that had begun last, of which a restore is refused.
        var report = box.Restore(box.RestoreTo("x") with { ChainId = full.ChainId });
        Assert.Contains(report.Problems, p => p.FullName!.StartsWith(lost.FullName, StringComparison.Ordinal));
        Assert.Throws<BackupException>(() => box.Restore(box.RestoreTo("y") with { ChainId = other.ChainId }));
    }

    [Fact]
    public void Damage_of_another_database_of_the_folder_is_its_own()
    {
        using var box = new SpgSandbox { Clock = new FixedClock(DateTimeOffset.UtcNow) };
        box.Chain();
        File.Copy(box.Source, box.At("other.db"));
        File.WriteAllBytes(box.At("other.wal"), []);
        var other = box.Full(box.Settings() with { SourcePath = box.At("other.db") });
        DamageHeader(box.Full(box.Settings() with { SourcePath = box.At("other.db") }));

        var chain = box.Chains().First(c => c.Database == "a");
        box.Restore(box.RestoreTo("x") with { ChainId = chain.ChainId });
        var error = Assert.Throws<BackupException>(() =>
            box.Restore(box.RestoreTo("y") with { ChainId = other.ChainId })
        );
        Assert.Contains("the newest state is not known", error.Message, StringComparison.Ordinal);
        Assert.True(chain.IsValid);
    }

    public void Dispose() => _box.Dispose();

    private static void DamageHeader(BundleInfo bundle)
    {
        var files = File.Exists(bundle.FullName) ? [bundle.FullName] : Directory.GetFiles(bundle.FullName);
        Damage(
            files.FirstOrDefault(f => f.EndsWith("manifest", StringComparison.Ordinal))
                ?? files.Last(f =>
                    !Path.GetFileName(f).StartsWith('.')
                    && (files.Length == 1 || f.EndsWith(".json", StringComparison.Ordinal))
                )
        );
    }

    private static void Damage(string file)
    {
        var bytes = File.ReadAllBytes(file);
        bytes[5] ^= 0x40;
        File.WriteAllBytes(file, bytes[..(bytes.Length / 2)]);
    }
}
