using BackupTools.Errors;
using BackupTools.Operations;
using BackupTools.Tests.Engines.Grafeo;
using BackupTools.Tests.Formats.Grafeo;

namespace BackupTools.Tests.Operations;

/// <summary>Grafeo from plan to restored bytes, as the front ends call it.</summary>
public sealed class GrafeoOperationTests : IDisposable
{
    private readonly GrafeoHarness _box = new();
    private readonly List<string> _warnings = [];

    private OperationHost Host => new() { Warning = _warnings.Add };

    private BackupSettings Settings => new() { SourcePath = _box.Database, DestinationPath = _box.Backups };

    public void Dispose() => _box.Dispose();

    [Theory]
    [InlineData("v06-native", 8, 5)]
    [InlineData("v05-reference", 7, 5)]
    public void A_chain_is_taken_listed_tested_and_restored(string set, ulong last, ulong target)
    {
        _box.Become(set, "S1");
        var full = Verbs.Full(Settings, Host);
        Assert.Equal(("Grafeo", "Full", 3ul), (full.Engine, full.Kind, full.EndPosition));
        _box.Become(set, "S2");
        var increment = Verbs.Increment(Settings, Host);
        Assert.Equal((4ul, last, full.ChainId), (increment.StartPosition, increment.EndPosition, increment.ChainId));

        var report = Assert.Single(
            VerifyChain.Run(
                new VerifySettings
                {
                    Path = _box.Backups,
                    Deep = true,
                    RestoreDrill = true,
                },
                Host
            )
        );
        Assert.True(report.IsValid, string.Join("; ", report.Problems.Select(p => p.Message)));
        Assert.Equal(last, report.EndPosition);

        var restore = new RestoreSettings
        {
            Path = _box.Backups,
            DestinationPath = _box.Inner.At("r", "x.grafeo"),
            ToPosition = target,
        };
        var restored = Verbs.Restore(restore, Host);
        Assert.Equal(target, restored.EndPosition);
        Assert.Equal(File.ReadAllBytes(_box.Database), File.ReadAllBytes(restore.DestinationPath));
        var taken = Assert.Throws<BackupException>(() => RestoreChain.Plan(restore, Host));
        Assert.Equal(ErrorCode.DestinationExists, taken.Code);
        var forced = restore with { Force = true, ToPosition = null };
        Assert.Equal(last, Verbs.Restore(forced, Host).EndPosition);
        Assert.Empty(_warnings);
    }

    [Fact]
    public void A_folder_that_saw_the_conversion_is_still_one_databases()
    {
        _box.WithBackups("v05-reference").Become("v06-native", "S2");
        var error = Assert.Throws<BackupException>(() => TakeBackup.Plan(Settings with { Incremental = true }, Host));
        Assert.Equal(ErrorCode.ForeignEpoch, error.Code);
        Verbs.Full(Settings, Host);
        foreach (var (epoch, file) in new[] { (8ul, "S2"), (7ul, "S2") })
        {
            var restore = new RestoreSettings
            {
                Path = _box.Backups,
                DestinationPath = _box.Inner.At($"r{epoch}", "x.grafeo"),
                ToPosition = epoch,
            };
            Assert.Equal(epoch, Verbs.Restore(restore, Host).EndPosition);
            Assert.Equal(
                GrafeoBytes.FixtureBytes("v06-native", $"{file}.grafeo"),
                File.ReadAllBytes(restore.DestinationPath)
            );
        }
    }

    [Fact]
    public void Losses_of_the_older_engine_are_warned_of_and_do_not_make_a_chain_invalid()
    {
        _box.WithBackups("v05-lost", "backups-as-reference");
        var report = Assert.Single(VerifyChain.Run(new VerifySettings { Path = _box.Backups }, Host));
        Assert.True(report.IsValid);
        Assert.Contains(
            "epochs 4..5 are in no segment",
            Assert.Single(report.Problems).Message,
            StringComparison.Ordinal
        );
        var restore = new RestoreSettings { Path = _box.Backups, DestinationPath = _box.Inner.At("r", "x.grafeo") };
        Verbs.Restore(restore, Host);
        Assert.Contains(_warnings, w => w.Contains("epochs 4..5 are in no segment", StringComparison.Ordinal));
    }
}
