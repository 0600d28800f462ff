using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.PowDb;

namespace BackupTools.Engines.PowDb;

/// <summary>
/// Takes a full or an increment: a look at log and catalogue, then the pages, then the log, then another look at what
/// must not have changed meanwhile (<see cref="PowDbSourceLook"/>). What is not proved is discarded and taken again.
/// </summary>
internal sealed class PowDbCapture(
    CaptureRequest request,
    StagingArea staging,
    EngineContext context,
    PowDbBaseline? baseline,
    PowDbSuccession? succession
)
{
    private const string Staged = "bundle";

    // With pauses of 6 s in all; then SourceChanging.
    private const int Attempts = 8;

    private readonly DateTimeOffset _now = context.Clock.GetUtcNow();
    private readonly string _series = PowDbBundles.SeriesOfSource(request.Name);

    private bool IncludeWal => request.Options.IncludeWal;

    public static CaptureResult Run(CapturePlan plan, StagingArea staging, EngineContext context)
    {
        var request = plan.Request;
        PowDbPlan.RefuseInUse(request, context);
        if (PowDbPlan.BaseOf(request) is not { } path)
        {
            return new PowDbCapture(request, staging, context, null, null).Run();
        }
        using var baseline = PowDbBaseline.Open(path, staging, context);
        var succession = new PowDbSuccession(path, baseline, context);
        return new PowDbCapture(request, staging, context, baseline, succession).Run();
    }

    private CaptureResult Run() =>
        new SteadyCapture<CaptureResult>(context)
        {
            Attempts = Attempts,
            FirstPause = TimeSpan.FromMilliseconds(50),
            LongestPause = TimeSpan.MaxValue,
            Judge = static e => e.Code == ErrorCode.SourceChanging ? null : e,
            StartOver = _ => context.Disk.DeleteDirectory(staging.PathOf(Staged)),
        }.Run(_ => Attempt());

    private CaptureResult Attempt()
    {
        var look = PowDbSourceLook.At(request.SourcePath, context);
        try
        {
            var source = PowDbSource.Read(request.SourcePath, context);
            look.NoteFiles(source);
            if (look.Wal.HasRecords && !IncludeWal)
            {
                throw PowDbPlan.WalNotEmpty(source.WalPath, look.Wal.Length);
            }
            return Take(source, look);
        }
        catch (BackupException e)
            when (ErrorCodes.KindOf(e.Code) is ErrorKind.Damaged or ErrorKind.NotFound or ErrorKind.SourceState)
        {
            // What looks like damage in a source that has just changed is most likely the change.
            look.RequireUnchanged(IncludeWal, []);
            throw;
        }
    }

    private CaptureResult Take(PowDbSource source, PowDbSourceLook look)
    {
        context.Progress.Activity = "reading";
        context.Progress.Expect(source.Files.Sum(f => f.Length) + (IncludeWal ? look.Wal.Length : 0));
        staging.CreateDirectory(Staged);
        succession?.Clear();
        PowDbCaptured[] files;
        PowDbPageTable pages;
        using (
            var table = new PowDbTableWriter(
                Create(PowDbSideFile.TableFileName),
                baseline?.Key ?? PowDbPageMac.NewKey()
            )
        )
        {
            files = TakeFiles(source, table);
            pages = table.Finish(baseline?.On, baseline?.Depth ?? 0);
        }
        var catalog = files.First(f => string.Equals(f.Name, PowDbNames.Catalog, StringComparison.Ordinal));
        if (catalog.Blake3 != source.CatalogDigest)
        {
            throw PowDbSourceLook.Changed(source.Folder, [catalog.Name]);
        }
        var wal = IncludeWal && look.Wal.Entry is not null ? TakeWal(source) : null;
        var unproven = source.Files.Where((_, i) => files[i].HasUnprovenPages).Select(f => f.Path).ToArray();
        look.RequireUnchanged(IncludeWal, unproven);
        succession?.Require(source);
        return Finish(source, files, wal, pages);
    }

    /// <summary>
    /// The position of what was captured, as the engine itself counts it: the highest LSN of its pages, or the durable one.
    /// It goes down when the table with the highest is dropped (PowDB format, §9, defect 2), in the engine's own
    /// increments too: the engine only requires that base_source_lsn is the source_lsn before.
    /// </summary>
    private static ulong MaxLsn(PowDbSource source, PowDbCaptured[] files) =>
        Math.Max(source.CatalogLsn, files.Max(f => f.MaxLsn));

    private PowDbCaptured[] TakeFiles(PowDbSource source, PowDbTableWriter table)
    {
        var captured = new PowDbCaptured[source.Files.Count];
        PowDbFileWork.ForEach(
            source.Files,
            f => f.Length,
            (i, threads) => captured[i] = TakeFile(source.Files[i], table, threads),
            context
        );
        return captured;
    }

    private PowDbCaptured TakeFile(PowDbSourceFile file, PowDbTableWriter table, int threads)
    {
        using var opened = context.Disk.OpenRead(file.Path);
        var length = opened.Length;
        using var progress = context.Progress.BeginFile(file.Path, length);
        try
        {
            if (!PowDbNames.IsHeap(file.Name) || length % PowDbPage.Size != 0)
            {
                return PowDbPlainCapture.Run(opened, file.Name, length, baseline, Create, context);
            }
            using var heap = new PowDbHeapCapture(
                opened,
                file.Name,
                length,
                baseline,
                succession,
                table,
                Create,
                context
            );
            return heap.Run(threads);
        }
        catch (BackupException e)
        {
            throw e.At(file.Path);
        }
    }

    private PowDbCapturedWal? TakeWal(PowDbSource source)
    {
        PowDbCapturedWal? wal;
        using (var copy = Create(PowDbNames.Wal))
        {
            wal = PowDbWalCapture.Copy(source.WalPath, copy, context);
        }
        if (wal is null)
        {
            Delete(PowDbNames.Wal);
        }
        else if (wal.TailLength > 0)
        {
            context.Warn(
                $"the log ends with {wal.TailLength} bytes that are not a whole record; like the engine, the backup leaves "
                    + $"them out: '{source.WalPath}'"
            );
        }
        return wal;
    }

    private CaptureResult Finish(PowDbSource source, PowDbCaptured[] files, PowDbCapturedWal? wal, PowDbPageTable pages)
    {
        var maxLsn = MaxLsn(source, files);
        var content = new PowDbBundleContent
        {
            Facts = new CaptureFacts(
                _now,
                ClockOrder.TakenAfter(_now, request.NewestUtc),
                _series,
                maxLsn,
                Position: maxLsn,
                source.Catalog.Version,
                source.IsLegacy && wal is not { HasHeader: true },
                baseline
            ),
            Files = files,
            Wal = wal is null ? null : new PowDbSideWal(wal.Length, wal.Blake3),
            Pages = pages,
        };
        var known = request.Chain?.Bundles.Select(b => b.Id).ToHashSet(StringComparer.Ordinal) ?? [];
        var id = PowDbBundleWriter.Write(content, known.Contains, Create, Delete);
        var final = PowDbBundles.FreePath(
            request.DestinationFolder,
            again => PowDbBundles.NameOf(_series, _now, request.Kind, again),
            context.Disk
        );
        return new CaptureResult
        {
            Steps = [PublishStep.Place(Staged, final)],
            BundlePath = final,
            BundleId = id,
            IsUnchanged = PowDbBundleWriter.IsUnchanged(content),
        };
    }

    private IDiskFile Create(string name) => staging.CreateFile(Path.Combine(Staged, name));

    private void Delete(string name) => context.Disk.DeleteFile(staging.PathOf(Path.Combine(Staged, name)));
}
