using BackupTools.Engines;
using BackupTools.Engines.Sqlite;
using BackupTools.Errors;
using BackupTools.Operations;
using BackupTools.Tests.Engines.Sqlite;

namespace BackupTools.Tests.Operations;

/// <summary>Damage behind which a sound full of SQLite begins anew: the names tell which bundles are older.</summary>
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

    public void Dispose() => _box.Dispose();

    private static void Damage(string file)
    {
        var bytes = File.ReadAllBytes(file);
        bytes[5] ^= 0x40;
        File.WriteAllBytes(file, bytes[..(bytes.Length / 2)]);
    }
}
