using System.Reflection;
using BackupTools.Operations;

namespace BackupTools.Tests.Operations;

/// <summary>
/// Every verb that writes plans, shows the plan, and plans again once nobody else can write: what another run did in
/// between is in what it does.
/// </summary>
public sealed class PlanAgainTests : IDisposable
{
    private readonly EngineSandbox _box = EngineSandbox.Of("SPG");

    public void Dispose() => _box.Dispose();

    [Fact]
    public void An_increment_goes_on_from_what_another_run_has_added()
    {
        Begin();
        var plan = TakeBackup.Plan(_box.Settings() with { Incremental = true }, _box.Host());
        var between = Continue();
        var taken = Assert.Single(TakeBackup.Execute(plan, _box.Host()));
        Assert.Equal(between.EndPosition, taken.StartPosition);
        Assert.True(Assert.Single(_box.Chains()).IsValid);
    }

    [Fact]
    public void A_merge_takes_in_what_another_run_has_added()
    {
        Begin();
        var plan = MergeChain.Plan(
            new MergeSettings { Path = _box.Bundles, DestinationPath = _box.At("m") },
            _box.Host()
        );
        var between = Continue();
        Assert.Equal(between.EndPosition, MergeChain.Execute(plan, _box.Host())[^1].EndPosition);
    }

    [Fact]
    public void A_restore_takes_in_what_another_run_has_added()
    {
        Begin();
        var plan = RestoreChain.Plan(_box.RestoreTo("r", "rec"), _box.Host());
        var between = Continue();
        Assert.Equal(between.EndPosition, RestoreChain.Execute(plan, _box.Host()).EndPosition);
    }

    /// <summary>The chain is gone: the plan of a moment ago names bundles that are not there.</summary>
    [Fact]
    public void A_restore_of_a_chain_that_was_removed_meanwhile_takes_the_one_that_is_there()
    {
        Begin();
        var plan = RestoreChain.Plan(_box.RestoreTo("r", "rec"), _box.Host());
        var full = _box.Full();
        _box.Expire(
            new ExpirySettings
            {
                Path = _box.Bundles,
                KeepLast = 1,
                Force = true,
            }
        );
        Assert.Equal([full.FullName], RestoreChain.Execute(plan, _box.Host()).Bundles);
    }

    [Fact]
    public void A_copy_takes_in_what_another_run_has_added()
    {
        Begin();
        var plan = CopyChain.Plan(
            new CopySettings { Path = _box.Bundles, DestinationPath = _box.At("c") },
            _box.Host()
        );
        var between = Continue();
        Assert.Equal(between.Name, CopyChain.Execute(plan, _box.Host()).Copied[^1].Name);
    }

    [Fact]
    public void A_prune_keeps_the_newest_that_another_run_has_added()
    {
        Begin();
        var plan = ExpireBackups.Plan(new ExpirySettings { Path = _box.Bundles, KeepLast = 1 }, _box.Host());
        var between = _box.Full();
        var report = ExpireBackups.Execute(plan, _box.Host());
        Assert.Equal(between.FullName, Assert.Single(report.Decisions, d => d.Keep).FullName);
    }

    [Fact]
    public void A_report_tells_of_what_another_run_has_added()
    {
        Begin();
        var plan = ExportReport.Plan(
            new ReportSettings { Folders = [_box.Bundles], DestinationPath = _box.At("page.html") },
            _box.Host()
        );
        var between = Continue();
        var database = Assert.Single(ExportReport.Execute(plan, _box.Host()).Databases);
        Assert.Equal(between.CreatedUtc, database.RestorableUtc);
    }

    [Fact]
    public void Every_verb_has_the_one_contract()
    {
        var verbs = typeof(TakeBackup)
            .Assembly.GetExportedTypes()
            .Where(t => t.GetMethod("Execute", BindingFlags.Public | BindingFlags.Static) is not null)
            .ToList();
        Assert.Equal(
            ["CopyChain", "CreateKey", "ExpireBackups", "ExportReport", "MergeChain", "RestoreChain", "TakeBackup"],
            verbs.Select(v => v.Name).Order(StringComparer.Ordinal)
        );
        Assert.All(
            verbs,
            verb =>
            {
                var plan = verb.GetMethod("Plan")!;
                Assert.EndsWith("Settings", plan.GetParameters()[0].ParameterType.Name, StringComparison.Ordinal);
                Assert.True(plan.ReturnType.IsAssignableTo(typeof(IPlan)), verb.Name);
                Assert.Equal(
                    [plan.ReturnType, typeof(OperationHost)],
                    verb.GetMethod("Execute")!.GetParameters().Select(p => p.ParameterType)
                );
            }
        );
    }

    private void Begin()
    {
        _box.Become("S0");
        _box.Full();
        _box.Become("S1");
    }

    private Reports.BundleInfo Continue()
    {
        var bundle = _box.Increment();
        _box.Become("S2");
        return bundle;
    }
}
