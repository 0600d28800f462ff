using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Sqlite;

namespace BackupTools.Engines.Sqlite;

/// <summary>
/// Captures a database, closed or live: a read transaction of SQLite keeps the state stable, and its bytes are read from
/// the log and the file.
/// </summary>
/// <remarks>
/// The order of steps: our handle on the file; the transaction, which fixes the state; the log, read once; the file, with
/// what was kept of the log laid over it; then the transaction ends, and our handle last. With a rollback journal, a
/// writer waits while the file is read.
/// </remarks>
internal sealed class SqliteCapture(CapturePlan plan, StagingArea staging, EngineContext context)
{
    private const string StagedBundle = "bundle";
    private const string StagedSide = "side";

    private readonly SqliteDestination _to = ((CapturePlan<SqliteDestination>)plan).Found;

    private string Source { get; } = SqliteSource.FileOf(plan.Request.SourcePath, context.Disk);

    private BundleHeader? Parent => plan.Request.Parent;

    private SqliteBundle? Parsed => Parent is { } parent ? SqliteBundle.Of(parent) : null;

    /// <summary>Captures, proves and says how to publish.</summary>
    /// <exception cref="BackupException">What <see cref="SqliteSession.Begin"/> throws; SourceDamaged, SourceChanging.</exception>
    public CaptureResult Run()
    {
        context.Progress.Activity = "copying";
        var writer = Write();
        writer.WriteSide(StagedSide, ParentState(), Source);
        context.Verbose($"{writer.Stored} pages stored");
        return Published(writer.Stored == 0 && Parsed is LtxBundle parent && parent.Header.Commit == writer.Pages);
    }

    private LtxFileWriter Write()
    {
        // Opened first and closed last: on Unix the end of any handle drops the locks of SQLite's.
        using var handle = SqliteHandle.Open(Source, context.Disk, context.Cancellation);
        var hadLog = context.Disk.Stat(Source + "-wal") is not null;
        try
        {
            using var session = SqliteSession.Begin(Source);
            // Everything that was committed until here is in the state.
            var time = context.Clock.GetUtcNow();
            var (size, pages) = (session.PageSize, session.Pages);
            using var log = new SqliteLog(session, staging, context).Read(size, pages);
            context.Progress.Expect((long)pages * size);
            return Write(new StatePages(handle.File, log, size, pages, context), Header(size, pages, time));
        }
        finally
        {
            if (!hadLog)
            {
                SqliteSession.RemoveOwnLog(Source, context);
            }
        }
    }

    private LtxFileWriter Write(StatePages state, LtxHeader header)
    {
        var earlier = _to.Since.Select(MacsOf);
        var key = _to.PageKey ?? PageMacs.NewKey();
        var writer = new LtxFileWriter(StagedBundle, header, key, staging, context);
        using var progress = context.Progress.BeginFile(Source, state.Length);
        writer.Write([.. earlier], state.Read);
        return writer;
    }

    /// <summary>The fingerprints of a bundle's pages; if they are damaged, only a full is possible.</summary>
    private byte[] MacsOf(BundleHeader bundle)
    {
        try
        {
            return SideFiles.PageMacs(bundle.FullName, ((LtxBundle)SqliteBundle.Of(bundle)).Side!, context.Disk);
        }
        catch (BackupException e) when (e.Kind == ErrorKind.Damaged)
        {
            throw SqlitePlan.NothingTells(bundle, e);
        }
    }

    private LtxHeader Header(int pageSize, uint pages, DateTimeOffset time)
    {
        // What has no page has no size of pages either: that of the chain will do.
        if (pages == 0 && Parsed is LtxBundle sized)
        {
            pageSize = sized.Header.PageSize;
        }
        if (Parsed is LtxBundle parent && parent.Header.PageSize != pageSize)
        {
            throw new BackupException(
                ErrorCode.SourceChanging,
                $"the database has pages of {pageSize} bytes since a moment ago",
                Source
            );
        }
        return new LtxHeader
        {
            HasNoStateChecksums = true,
            PageSize = pageSize,
            Commit = pages,
            MinTxid = _to.MinTxid,
            MaxTxid = _to.MaxTxid,
            TimeMs = time.ToUnixTimeMilliseconds(),
            WalOffset = LtxHeader.ForeignWalOffset,
        };
    }

    private (string Id, ulong Sum)? ParentState() =>
        Parent is { } parent && Parsed is LtxBundle { After: { } sum } ? (parent.Id, sum) : null;

    private CaptureResult Published(bool isUnchanged) =>
        new()
        {
            Steps =
            [
                PublishStep.Replace(StagedSide, SideFiles.PathOf(plan.BundlePath)),
                PublishStep.Place(StagedBundle, plan.BundlePath),
            ],
            BundlePath = plan.BundlePath,
            IsUnchanged = isUnchanged,
        };
}
