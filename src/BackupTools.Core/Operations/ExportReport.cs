using System.Text;
using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Reports;

namespace BackupTools.Operations;

/// <summary>Reads the state of the databases in some folders, and writes it as one file.</summary>
public static class ExportReport
{
    private const string Staged = "page";

    /// <summary>
    /// Reads the headers of all bundles; writes nothing. A folder that cannot be read is a finding of the report: it is
    /// what the report is for.
    /// </summary>
    /// <exception cref="BackupException">UnknownEngine, InvalidOption, or what is at the destination is not a report in
    /// the same format.</exception>
    public static ReportPreview Plan(ReportSettings settings, OperationHost host)
    {
        host.Remember();
        Check(settings, host);
        var now = host.Clock.GetUtcNow();
        var engines = host.Engines.Candidates(settings.Engine);
        var databases = new List<DatabaseStatus>();
        var problems = new List<ChainProblem>();
        foreach (var (given, bundles) in SetsOf(settings, host))
        {
            try
            {
                var folder = host.Opens(given);
                var found = BundleFolder
                    .Walk(folder, settings.Recurse && bundles is null, host.Disk)
                    .Select(inner => BundleFolder.ReadPublic(inner, engines, host, bundles))
                    .ToList();
                var chains = found
                    .SelectMany(f => f.Records is { } records ? f.Chains.Select(c => KnownBy(records, c)) : f.Chains)
                    // With recursion a bundle that is a folder is found again on its own; it was listed with its chain.
                    .Where(c => c.Folder == folder || !c.Bundles.All(b => b.FullName == c.Folder))
                    .ToList();
                databases.AddRange(DatabaseStatuses.Of(chains, settings, now));
                var errors = found.SelectMany(f => f.Unreadable).Select(u => ChainProblem.From(u.Error!)).ToList();
                if (chains.Count + errors.Count == 0)
                {
                    errors.Add(ChainProblem.From(BundleFolder.NoBundles(folder)));
                }
                // Where its engine has a chain, an unreadable bundle is a finding of that chain.
                problems.AddRange(errors.Where(e => !chains.Exists(c => c.Problems.Contains(e))));
            }
            catch (BackupException error)
            {
                problems.Add(ChainProblem.From(error));
            }
        }
        var report = new BackupReport
        {
            Title = settings.Title ?? "Backups",
            CreatedUtc = now.UtcDateTime,
            RecoveryPointObjectiveSeconds = settings.RecoveryPointObjective?.TotalSeconds,
            Databases = databases
                // With recursion a folder may be found again below another one that was given.
                .DistinctBy(d => (d.Engine, d.Series, d.FullName))
                .OrderBy(d => d.IsValid)
                .ThenByDescending(d => d.IsLate)
                .ThenBy(d => d.FullName, StringComparer.Ordinal)
                .ThenBy(d => d.Series, StringComparer.Ordinal)
                .ToArray(),
            Notes = settings.Notes,
            Problems = problems.ToInfos(),
            FullName = settings.DestinationPath,
        };
        return new ReportPreview(settings, report);
    }

    /// <summary>Records lie there in clear: what the bundles themselves say was not read.</summary>
    private static BackupChain KnownBy(BundleRecords records, BackupChain chain) =>
        chain with
        {
            Problems =
            [
                .. chain.Problems,
                VerifySealed.Unread(records, "the bundles are encrypted, and known by their records only"),
            ],
        };

    /// <summary>Writes the page: it appears complete and flushed, or the old one stays.</summary>
    /// <exception cref="BackupException">BackupRunning, AccessDenied, DiskFull, WriteFailed.</exception>
    public static BackupReport Execute(ReportPreview preview, OperationHost host)
    {
        var settings = preview.Settings;
        var path = settings.DestinationPath;
        return UnderLock.Execute(
            host,
            FolderOf(path),
            () => Plan(settings, host),
            (fresh, _) => Write(fresh, host),
            $".{Path.GetFileName(path)}.backuptools.lock"
        );
    }

    /// <summary>A root has no folder around it: it is refused where it is there, and says so itself where it is not.</summary>
    private static string FolderOf(string path) => Path.GetDirectoryName(path) ?? path;

    private static BackupReport Write(ReportPreview preview, OperationHost host)
    {
        var (path, report) = (preview.Settings.DestinationPath, preview.Report);
        using var staging = StagingArea.Create(host.Disk, FolderOf(path), host.Clock, host.Warning);
        var page = Encoding.UTF8.GetBytes(ReportFile.Render(report, preview.Settings.Format));
        staging.Write(Staged, page);
        report.PageLength = page.Length;
        var isThere = host.Disk.Stat(path) is not null;
        if (isThere)
        {
            host.Disk.AdoptAccess(staging.PathOf(Staged), path);
        }
        staging.Publish(
            [isThere ? PublishStep.Replace(Staged, path) : PublishStep.Place(Staged, path)],
            host.Cancellation
        );
        return report;
    }

    /// <summary>Bundles that were given one by one are one database, not one each.</summary>
    private static IReadOnlyList<BundleSet> SetsOf(ReportSettings settings, OperationHost host)
    {
        try
        {
            return [.. BundleSets.Of(settings.Folders, settings.Engine, host)];
        }
        catch (BackupException)
        {
            // What cannot be read is a finding of the folder that is given, where it is met again.
            return [.. settings.Folders.Distinct(StringComparer.Ordinal).Select(folder => new BundleSet(folder, null))];
        }
    }

    private static void Check(ReportSettings settings, OperationHost host)
    {
        if (settings.RecoveryPointObjective < TimeSpan.Zero)
        {
            throw new BackupException(ErrorCode.InvalidOption, "the recovery point objective is negative");
        }
        RefuseForeign(settings.DestinationPath, ReportFile.Mark(settings.Format), host.Disk);
    }

    /// <summary>
    /// Only a BackupTools report in the same format is overwritten: a typing error must not cost a database. An empty
    /// file is no loss; with one an administrator decides beforehand who may read the report.
    /// </summary>
    private static void RefuseForeign(string path, string mark, IDisk disk)
    {
        if (disk.Stat(path) is not { } entry)
        {
            return;
        }
        if (entry.Kind == DiskEntryKind.Directory)
        {
            throw new BackupException(
                ErrorCode.DestinationNotRecognised,
                "the destination is a folder",
                path,
                recommendation: "Name the file to write in it."
            );
        }
        if (entry.Kind == DiskEntryKind.File)
        {
            using var file = disk.OpenRead(path);
            var head = new byte[mark.Length];
            var length = file.Read(head, 0);
            if (length == 0 || (length == head.Length && Encoding.ASCII.GetString(head) == mark))
            {
                return;
            }
        }
        throw new BackupException(
            ErrorCode.DestinationNotRecognised,
            "what is there is not a BackupTools report in this format",
            path
        );
    }
}
