using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Engines.Sqlite;
using BackupTools.Operations;

namespace BackupTools.Tests.Engines.Sqlite;

/// <summary>A temporary folder with the engine and the operations' way of choosing chains.</summary>
internal sealed class SqliteBox : IDisposable
{
    private readonly EngineHarness _harness = new(new SqliteEngine());
    private int _restored;

    public EngineHarness Harness => _harness;

    public string Folder => _harness.Folder;

    /// <summary>The chains that a path names, as the operations build them.</summary>
    public BundleFolder Chains(string path) => BundleFolder.Read(path, [_harness.Engine], _harness.Context());

    /// <summary>The way to a target, as a restore plans it.</summary>
    public RestorePlan Plan(string path, RestoreTarget target) =>
        RestorePlanner.Plan(
            Chains(path).Choose(path, null, target, EngineRegistry.Default),
            target,
            cutsInside: false,
            cutsByTime: false
        );

    /// <summary>Restores a target; the restored file.</summary>
    public string Restore(string path, RestoreTarget target)
    {
        var destination = _harness.At($"restored-{_restored++}", "out.db");
        _harness.Restore(Plan(path, target).Bundles, destination);
        return destination;
    }

    public string Restore(string path, ulong position) => Restore(path, new RestoreTarget.PositionTarget(position));

    public void Dispose() => _harness.Dispose();
}
