using BackupTools.Errors;
using BackupTools.Operations;
using BackupTools.Tests.Files;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Hostile;

/// <summary>How a chain fared that something was done to.</summary>
internal enum Verdict
{
    /// <summary>The test of the chain or the restore says so.</summary>
    Caught,

    /// <summary>Nobody says anything, and the restored database is as it should be.</summary>
    Harmless,

    /// <summary>The newest bundle is no longer seen as one: what is restored is the state before it.</summary>
    Older,

    /// <summary>Nobody says anything, and what is restored never existed.</summary>
    Wrong,
}

/// <summary>A full and an increment that we took of a small database, to do harm to and to look at what follows.</summary>
internal sealed class ChainBox : IDisposable
{
    private readonly EngineSample _sample;
    private readonly string _older;
    private readonly string _newest;

    public ChainBox(EngineSample sample)
    {
        _sample = sample;
        // Thousands of restores: where flushing costs nothing they take seconds.
        var root = TempFolder.Memory ?? Path.GetTempPath();
        Folder = Path.Combine(root, $"backuptools-hostile-{Guid.NewGuid():N}");
        Directory.CreateDirectory(At("s"));
        _sample.SetState(At("s"), 0);
        Verbs.Full(_sample.Settings(At("s"), Bundles), Host);
        Verbs.Restore(RestoreTo("older"), Host);
        _older = Text("older");
        _sample.SetState(At("s"), 1);
        Verbs.Increment(_sample.Settings(At("s"), Bundles), Host);
        Verbs.Restore(RestoreTo("newest"), Host);
        _newest = Text("newest");
        Assert.NotEqual(_older, _newest);
        Directory.Delete(At("older"), recursive: true);
        Directory.Delete(At("newest"), recursive: true);
    }

    public string Folder { get; }

    public string Bundles => At("b");

    /// <summary>The database that the chain is of.</summary>
    public string Source => Path.Combine(At("s"), _sample.SourceName);

    /// <summary>What was warned of since the last attempt.</summary>
    public List<string> Warnings { get; } = [];

    /// <summary>Every file of every bundle, relative to the folder of the bundles.</summary>
    public IReadOnlyList<string> Files =>
        [
            .. Directory
                .EnumerateFiles(Bundles, "*", SearchOption.AllDirectories)
                .Select(f => TempFolder.Relative(Bundles, f))
                .Where(f => !f.EndsWith(".lock", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal),
        ];

    private OperationHost Host => new() { Warning = Warnings.Add };

    public string At(params string[] parts) => Path.GetFullPath(Path.Combine([Folder, .. parts]));

    public string Bundle(string file) => Path.Combine(Bundles, file);

    /// <summary>Tests the chain deeply and restores it to the latest, whatever the test says.</summary>
    /// <remarks>Anything but a <see cref="BackupException"/> gets through and fails the test.</remarks>
    public Verdict Try()
    {
        Warnings.Clear();
        var isCaught = IsCaught();
        try
        {
            Verbs.Restore(RestoreTo("r"), Host);
        }
        catch (BackupException e) when (e.Code != ErrorCode.Unexpected)
        {
            Assert.False(Directory.Exists(At("r")), $"a refused restore leaves something: {e}");
            return Verdict.Caught;
        }
        var restored = Text("r");
        Directory.Delete(At("r"), recursive: true);
        return restored == _newest ? (isCaught ? Verdict.Caught : Verdict.Harmless)
            : isCaught ? Verdict.Caught
            : restored == _older ? Verdict.Older
            : Verdict.Wrong;
    }

    /// <summary>True when the bundles of another folder restore to the newest state.</summary>
    public bool IsNewest(string bundles)
    {
        Verbs.Restore(RestoreTo("r") with { Path = bundles }, Host);
        var restored = Text("r");
        Directory.Delete(At("r"), recursive: true);
        return restored == _newest;
    }

    private bool IsCaught()
    {
        try
        {
            _ = ReadHeaders.Read(Bundles, verify: true, engine: null, Host).ToList();
            var reports = VerifyChain.Run(new VerifySettings { Path = Bundles, Deep = true }, Host).ToList();
            return reports.Exists(r => r.IsValid != true || r.Problems.Any(p => p.Severity != "Info"));
        }
        catch (BackupException e) when (e.Code != ErrorCode.Unexpected)
        {
            return true;
        }
    }

    private RestoreSettings RestoreTo(string folder) =>
        new() { Path = Bundles, DestinationPath = At(folder, _sample.SourceName) };

    private string Text(string folder) =>
        string.Join('\n', EngineSample.Inventory(At(folder)).Select(f => $"{f.Key} {f.Value}"));

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
