using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Reports;

namespace BackupTools.Operations;

/// <summary>Reads the headers of bundles, and on request checks their bytes against their own checksums.</summary>
public static class ReadHeaders
{
    /// <summary>
    /// The bundles that the path is or directly holds, each as soon as it is known. A bundle that cannot be read comes
    /// as its error, so that one bad file does not hide the others.
    /// </summary>
    /// <param name="path">A bundle, or a folder of bundles; absolute.</param>
    /// <param name="verify">Read the contents too and compare every checksum.</param>
    /// <param name="engine">Only this engine's bundles; null for all.</param>
    /// <param name="host">The front end.</param>
    /// <exception cref="BackupException">PathNotFound, UnknownEngine, BundleNotRecognised, IdentityRequired, IdentityMismatch.</exception>
    public static IEnumerable<HeaderReading> Read(string path, bool verify, string? engine, OperationHost host)
    {
        var context = host.Context;
        var engines = host.Engines.Candidates(engine);
        path = host.Opens(path);
        if (host.Disk.Stat(path) is null)
        {
            throw BundleFolder.NotThere(path, host.Disk);
        }
        // What lies in clear beside encrypted bundles tells nothing of their bytes.
        var records = verify ? null : BundleRecords.InsteadOf(path, host);
        return Enumerate(path, verify, engines, records, context with { Disk = new ListedOnce(host.Disk, path) }, host);
    }

    private static IEnumerable<HeaderReading> Enumerate(
        string path,
        bool verify,
        IReadOnlyList<IBackupEngine> engines,
        BundleRecords? records,
        EngineContext context,
        OperationHost host
    )
    {
        var any = false;
        var forOthers = new List<BundleReadResult>();
        foreach (var engine in engines)
        {
            foreach (var found in records?.Bundles(path, engine, context) ?? engine.ReadBundles(path, context))
            {
                context.Cancellation.ThrowIfCancellationRequested();
                var read = context.Admit?.Invoke(found) ?? found;
                if (read.Stranger is { } stranger)
                {
                    context.Warn(stranger.ToString());
                    continue;
                }
                if (BundleFolder.IsForOthers(read))
                {
                    forOthers.Add(read);
                    continue;
                }
                any = true;
                IEnumerable<ChainProblem>? verified =
                    verify && read.Header is { } header
                        ?
                        [
                            .. Signatures.ProblemsOf(header, host),
                            .. engine.Verify([header], 0, VerifyDepth.Checksums, host.Context),
                        ]
                        : null;
                yield return new HeaderReading(read.Header?.ToInfo(verified: verified), read.Error);
            }
        }
        if (!any && forOthers is [{ Error: { } error }, ..])
        {
            throw error;
        }
        foreach (var read in forOthers)
        {
            yield return new HeaderReading(null, read.Error);
        }
        if (!any)
        {
            yield return new HeaderReading(
                null,
                new BackupException(ErrorCode.BundleNotRecognised, "this is not a bundle of a known engine", path)
            );
        }
    }
}

/// <summary>Either a bundle's description or why it has none.</summary>
/// <param name="Bundle">The description; null when <paramref name="Error"/> is set.</param>
/// <param name="Error">Why there is none; null when <paramref name="Bundle"/> is set.</param>
public sealed record HeaderReading(BundleInfo? Bundle, BackupException? Error);
