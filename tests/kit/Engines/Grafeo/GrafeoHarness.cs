using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Engines.Grafeo;
using BackupTools.Tests.Formats.Grafeo;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Engines.Grafeo;

/// <summary>The engine in a temporary folder, with a database made of fixtures.</summary>
internal sealed class GrafeoHarness : IDisposable
{
    public GrafeoHarness(TimeProvider? clock = null) => Inner = new EngineHarness(new GrafeoEngine(), clock: clock);

    public EngineHarness Inner { get; }

    /// <summary>The database.</summary>
    public string Database => Inner.At("live.grafeo");

    /// <summary>Its log.</summary>
    public string Log => Database + ".wal";

    /// <summary>The backup folder.</summary>
    public string Backups => Inner.At("backups");

    /// <summary>Makes the database what a fixture is, as if an engine had worked on it.</summary>
    public GrafeoHarness Become(string set, string state)
    {
        File.Copy(GrafeoBytes.Fixture(set, $"{state}.grafeo"), Database, overwrite: true);
        if (Directory.Exists(Log))
        {
            foreach (var file in Directory.EnumerateFiles(Log, "*.log"))
                File.Delete(file);
        }
        var log = GrafeoBytes.Fixture(set, $"{state}.grafeo.wal");
        if (Directory.Exists(log))
        {
            Directory.CreateDirectory(Log);
            foreach (var file in EngineSample.GrafeoLogOf(set, state))
                File.Copy(file, Path.Combine(Log, Path.GetFileName(file)));
        }
        return this;
    }

    /// <summary>Copies an engine-made backup folder of the fixtures to <see cref="Backups"/>.</summary>
    public GrafeoHarness WithBackups(string set, string folder = "backups")
    {
        Directory.CreateDirectory(Backups);
        foreach (var file in Directory.EnumerateFiles(GrafeoBytes.Fixture(set, folder)))
            File.Copy(file, Path.Combine(Backups, Path.GetFileName(file)), overwrite: true);
        return this;
    }

    public BundleHeader Full(EngineOptions? options = null, string? destination = null) =>
        Inner.Full(Database, destination ?? Backups, options);

    /// <summary>An increment on the newest bundle of the backup folder.</summary>
    public BundleHeader Increment(EngineOptions? options = null, string? destination = null) =>
        Inner.Increment(Database, destination ?? Backups, Newest(destination), options);

    /// <summary>The chains of a backup folder.</summary>
    public IReadOnlyList<BackupChain> Chains(string? folder = null) =>
        ChainBuilder.Build(folder ?? Backups, Inner.Read(folder ?? Backups), siblingsAreFine: false);

    /// <summary>The way to the head of the newest chain.</summary>
    public IReadOnlyList<BundleHeader> Newest(string? folder = null)
    {
        var chain = Chains(folder)[^1];
        return chain.PathTo(chain.Bundles.ToList().IndexOf(chain.Head!))!;
    }

    /// <summary>Plans a restore as the operations do and carries it out; the path of the result.</summary>
    public string Restore(RestoreTarget? target = null, string? folder = null, bool deep = false)
    {
        var chain = Chains(folder).Last(c => RestorePlanner.Covers(c, target ?? RestoreTarget.Latest));
        var plan = RestorePlanner.Plan(chain, target ?? RestoreTarget.Latest, cutsInside: true, cutsByTime: true);
        var destination = Inner.At($"restored-{Guid.NewGuid():N}", "out.grafeo");
        Directory.CreateDirectory(Path.GetDirectoryName(destination)!);
        var context = Inner.Context();
        using var staging = BackupTools.Files.StagingArea.Create(
            Inner.Disk,
            Path.GetDirectoryName(destination)!,
            TimeProvider.System
        );
        var result = Inner.Engine.Restore(
            new RestoreRequest
            {
                Plan = plan,
                DestinationPath = destination,
                Deep = deep,
            },
            staging,
            context
        );
        staging.Publish(result.Steps, default);
        Reached = result.End.Value;
        return destination;
    }

    /// <summary>The epoch that the last restore reached.</summary>
    public ulong Reached { get; private set; }

    public string RestoreTo(ulong epoch) => Restore(new RestoreTarget.PositionTarget(epoch));

    public byte[] Bytes(string name) => File.ReadAllBytes(Path.Combine(Backups, name));

    /// <summary>Every file of the database, so that a test can see that nothing touched it.</summary>
    public Dictionary<string, byte[]> SourceFiles() =>
        Directory
            .EnumerateFiles(Log)
            .Append(Database)
            .Where(f => !Path.GetFileName(f).StartsWith("backup_cursor", StringComparison.Ordinal))
            .ToDictionary(f => f, File.ReadAllBytes);

    public void Dispose() => Inner.Dispose();
}

/// <summary>A clock that stands where it is put.</summary>
internal sealed class StandingClock : TimeProvider
{
    public long Milliseconds { get; set; } = 1775000000000;

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(Milliseconds);
}
