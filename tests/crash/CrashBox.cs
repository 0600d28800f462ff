using System.Diagnostics;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Operations;
using BackupTools.Tests;
using BackupTools.Tests.Operations;

namespace BackupTools.Crash;

/// <summary>What stands in a box, as the commands see it.</summary>
/// <param name="Source">The files of the database.</param>
/// <param name="Bundles">What any command would take for bundles.</param>
/// <param name="Restored">The files at the destination of the restore.</param>
internal sealed record CrashState(string Source, string Bundles, string Restored);

/// <summary>
/// The folder that an operation is run in, made anew for every fault from a copy of what was there before it: source in
/// "s", bundles in "b", restored database in "r". Always at the same path, as side files hold paths.
/// </summary>
internal sealed class CrashBox : IDisposable
{
    private readonly EngineSample _sample;
    private readonly string _operation;
    private readonly string _root = Directory.CreateTempSubdirectory("backuptools-crash-").FullName;

    public CrashBox(EngineSample sample, string operation)
    {
        _sample = sample;
        _operation = operation;
        Directory.CreateDirectory(Source);
        Prepare();
        Copy(Folder, Kept);
    }

    /// <summary>It goes from bundle to bundle: each is whole, but one can be there before the other.</summary>
    public bool GoesByBundles => _operation is "copy" or "prune";

    public static IReadOnlyList<string> Operations { get; } =
    ["full", "increment", "restore", "forced restore", "merge", "copy", "prune"];

    public string Folder => Path.Combine(_root, "box");

    private string Kept => Path.Combine(_root, "kept");

    private string Source => Path.Combine(Folder, "s");

    private string Bundles => Path.Combine(Folder, "b");

    private string Elsewhere => Path.Combine(Folder, "m");

    private string Restored => Path.Combine(Folder, "r", _sample.SourceName);

    private bool IsRestore => _operation.EndsWith("restore", StringComparison.Ordinal);

    private BackupSettings Settings => _sample.Settings(Source, Bundles);

    /// <summary>What the console is told.</summary>
    public IReadOnlyList<string> Arguments =>
        _operation switch
        {
            "full" => ["full", Settings.SourcePath, "--destination-path", Bundles],
            "increment" => ["incremental", Settings.SourcePath, "--destination-path", Bundles],
            "merge" => ["merge", Bundles, "--destination-path", Elsewhere],
            "copy" => ["copy", Bundles, "--destination-path", Elsewhere],
            "prune" => ["prune", Bundles, "--keep-last", "1"],
            "restore" => ["restore", Bundles, "--destination-path", Restored],
            _ => ["restore", Bundles, "--destination-path", Restored, "--force"],
        };

    /// <summary>Everything as it was before the operation.</summary>
    public void Reset()
    {
        Directory.Delete(Folder, recursive: true);
        Copy(Kept, Folder);
    }

    /// <summary>The same operation once more, in this process and without a fault.</summary>
    public void RunAgain()
    {
        var host = new OperationHost();
        switch (_operation)
        {
            case "full":
                Verbs.Full(Settings, host);
                break;
            case "increment":
                Verbs.Increment(Settings, host);
                break;
            case "merge":
                var merge = new MergeSettings { Path = Bundles, DestinationPath = Elsewhere };
                Verbs.Merge(merge, host);
                break;
            case "copy":
                Verbs.Copy(new CopySettings { Path = Bundles, DestinationPath = Elsewhere }, host);
                break;
            case "prune":
                Verbs.Expire(new ExpirySettings { Path = Bundles, KeepLast = 1 }, host);
                break;
            default:
                var restore = new RestoreSettings { Path = Bundles, DestinationPath = Restored };
                Verbs.Restore(restore with { Force = _operation != "restore" }, host);
                break;
        }
    }

    public CrashState Look() =>
        new(Text(Source), $"{BundleText(Bundles)} | {BundleText(Elsewhere)}", Text(Path.Combine(Folder, "r")));

    /// <summary>Staging folders that a run left.</summary>
    public IReadOnlyList<string> Leftovers() =>
        [
            .. Directory
                .EnumerateFileSystemEntries(Folder, "*", SearchOption.AllDirectories)
                .Where(p => StagingArea.IsStagingName(Path.GetFileName(p))),
        ];

    /// <summary>What a deep test of the bundles finds wrong.</summary>
    public IReadOnlyList<string> Problems() =>
        [
            .. new[] { Bundles, Elsewhere }
                .Where(Directory.Exists)
                .SelectMany(f => VerifyChain.Run(new VerifySettings { Path = f, Deep = true }, new OperationHost()))
                .Where(r => r.IsValid != true)
                .SelectMany(r => r.Problems.Select(p => p.Message)),
        ];

    /// <summary>True when what is restored so far cannot be opened: the file that the engine opens is not there.</summary>
    public bool CannotBeOpened() =>
        IsRestore
        && !(
            _sample.Name switch
            {
                "PowDB" => File.Exists(Path.Combine(Restored, "catalog.bin")),
                "Alopex" => Directory.Exists(Restored),
                _ => File.Exists(Restored),
            }
        );

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private void Prepare()
    {
        var host = new OperationHost();
        _sample.SetState(Source, 0);
        if (_operation == "full")
        {
            return;
        }
        Verbs.Full(Settings, host);
        if (_operation == "forced restore")
        {
            Verbs.Restore(new RestoreSettings { Path = Bundles, DestinationPath = Restored }, host);
        }
        _sample.SetState(Source, 1);
        if (_operation != "increment")
        {
            Verbs.Increment(Settings, host);
        }
        if (_operation == "prune")
        {
            Verbs.Full(Settings, host);
        }
    }

    private static string BundleText(string folder)
    {
        if (!Directory.Exists(folder))
        {
            return "";
        }
        var readings = ReadHeaders.Read(folder, verify: true, engine: null, new OperationHost());
        return string.Join(
            ", ",
            readings
                .Where(r => r.Error?.Code != ErrorCode.BundleNotRecognised)
                .Select(r =>
                    r.Bundle is { } b ? $"{b.Kind} {b.StartPosition}..{b.EndPosition} {b.IsValid}" : $"{r.Error}"
                )
                .Order(StringComparer.Ordinal)
        );
    }

    private static string Text(string folder) =>
        string.Join(
            '\n',
            EngineSample
                .Inventory(folder)
                .Where(f => !f.Key.Split('/').Any(StagingArea.IsStagingName))
                .Select(f => $"{f.Key} {f.Value}")
        );

    // cp keeps hard links, modes and times, which the engines look at.
    private static void Copy(string from, string to)
    {
        using var copy = Process.Start("cp", ["-a", from, to]);
        copy.WaitForExit();
        Assert.Equal(0, copy.ExitCode);
    }
}
