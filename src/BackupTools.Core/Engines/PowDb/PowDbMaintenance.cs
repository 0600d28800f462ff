using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.PowDb;
using Blake3;

namespace BackupTools.Engines.PowDb;

/// <summary>Merges and copies bundles, for which no engine and no database is needed.</summary>
internal sealed class PowDbMaintenance(StagingArea staging, EngineContext context)
{
    private const string Staged = "bundle";

    /// <summary>
    /// One full of the state that the plan leads to, a restore into a bundle: each page is read once, however long the
    /// chain, and the digests must be those that were taken of the source. Date and position are those of the last bundle,
    /// so that increments continue from it, even where the position is above what the pages show; elsewhere the manifest
    /// is, byte for byte, that of a full taken then.
    /// </summary>
    public CaptureResult Merge(RestorePlan plan, string folder)
    {
        var rebuild = PowDbRebuild.Open(plan, context);
        context.Progress.Activity = "merging";
        staging.CreateDirectory(Staged);
        var path = PathFor(plan, folder);
        IReadOnlyList<Hash> digests;
        PowDbPageTable pages;
        using (var table = new PowDbTableWriter(Create(PowDbSideFile.TableFileName), PowDbPageMac.NewKey()))
        {
            digests = rebuild.Write(
                path,
                part => Create(part.Name, part.Length),
                part => new PowDbMergedFile(part, table),
                deep: false
            );
            pages = table.Finish(on: null, depth: 0);
        }
        var content = Content(plan, rebuild, digests, pages);
        return Result(path, PowDbBundleWriter.Write(content, _ => false, name => Create(name), Delete));
    }

    /// <summary>Copies the folder's files that its manifest or ours lists, and compares every digest.</summary>
    public CaptureResult Copy(BundleHeader header, string folder)
    {
        var bundle = PowDbBundle.Open(header, context);
        if (bundle.HasUnknownWal(context) is { } log)
        {
            throw log.ToException();
        }
        staging.CreateDirectory(Staged);
        var entries = bundle.Entries;
        PowDbFileWork.ForEach(entries, e => e.FileLength, (i, threads) => Copy(bundle, entries[i], threads), context);
        CopyOurs(bundle);
        // Last, and its digest is the bundle's id: so the copy is the same bundle.
        Copy(bundle, Path.GetFileName(bundle.ManifestPath), bundle.Id);
        return Result(Path.Combine(folder, bundle.Name), bundle.Id);
    }

    private static PowDbBundleContent Content(
        RestorePlan plan,
        PowDbRebuild rebuild,
        IReadOnlyList<Hash> digests,
        PowDbPageTable pages
    )
    {
        var last = rebuild.Last;
        var files = rebuild.Parts.Zip(
            digests,
            (part, digest) =>
                new PowDbCaptured
                {
                    Name = part.Name,
                    Length = part.Length,
                    Blake3 = digest,
                    IsWhole = true,
                }
        );
        var wal = files.FirstOrDefault(f => f.Name == PowDbNames.Wal);
        return new PowDbBundleContent
        {
            Facts = new CaptureFacts(
                plan.Last.CreatedUtc,
                ClockOrder.InPlaceOf(plan.Last),
                plan.Full.Series ?? plan.Full.Name,
                last.Side?.MaxLsn ?? last.Manifest.SourceLsn,
                Position: last.Manifest.SourceLsn,
                rebuild.Catalog.Version,
                IsLegacy: last.SideWal is null,
                Baseline: null
            ),
            Files = files.Where(f => f != wal).ToArray(),
            Wal = wal is null ? null : new PowDbSideWal(wal.Length, wal.Blake3),
            Pages = pages,
        };
    }

    /// <summary>
    /// A chain made by the engine has no database id, nor has what is made from it: any database can continue it.
    /// </summary>
    private string PathFor(RestorePlan plan, string folder) =>
        PowDbBundles.FreePath(
            folder,
            again =>
                plan.Full.Series is { } series
                    ? PowDbBundles.NameOf(series, plan.Last.CreatedUtc, BundleKind.Full, again)
                    : $"{plan.Full.Name}-merged{(again > 1 ? $"-{again}" : "")}",
            context.Disk
        );

    private static CaptureResult Result(string path, string id) =>
        new()
        {
            Steps = [PublishStep.Place(Staged, path)],
            BundlePath = path,
            BundleId = id,
        };

    private void Copy(PowDbBundle bundle, PowDbEntry entry, int threads)
    {
        if (entry is PowDbPages pages)
        {
            using var delta = Create(pages.DeltaFile, (long)pages.DeltaLength);
            long at = 0;
            PowDbAssembly.CheckDelta(
                new PowDbLayer(bundle, pages),
                context,
                checkPages: true,
                block =>
                {
                    delta.Write(block, at);
                    at += block.Length;
                }
            );
            return;
        }
        var part = PowDbStatePart.Of((PowDbWhole)entry, bundle);
        PowDbAssembly.RequireFiles(part, context);
        using var file = Create(part.Name, part.Length);
        using var progress = context.Progress.BeginFile(bundle.PathOf(part.Name), part.Length);
        try
        {
            var check = PowDbFileCheck.Of(part.Name, part.Length);
            PowDbAssembly.Run(
                part,
                OrderedBlocks.WhileWriting(threads),
                (offset, bytes) =>
                {
                    file.Write(bytes, offset);
                    check.Take(offset, bytes);
                },
                context
            );
            check.Finish();
        }
        catch (BackupException e)
        {
            throw e.At(bundle.PathOf(part.Name));
        }
    }

    /// <summary>Ours can be done without: where they are damaged, the copy is as good without them.</summary>
    private void CopyOurs(PowDbBundle bundle)
    {
        if (bundle.SideProblem is { } problem)
        {
            context.Warn($"{problem.Describe()}: the copy is made without it");
        }
        if (bundle.Side is not { } side)
        {
            return;
        }
        Copy(bundle, PowDbSideFile.FileName, null);
        try
        {
            Copy(bundle, PowDbSideFile.TableFileName, side.Pages.Blake3.ToString());
        }
        catch (BackupException e) when (ErrorCodes.KindOf(e.Code) is ErrorKind.Damaged or ErrorKind.NotFound)
        {
            context.Warn($"{e.Describe()}: the copy is made without it");
            Delete(PowDbSideFile.TableFileName);
        }
    }

    private void Copy(PowDbBundle bundle, string name, string? digest)
    {
        using var source = bundle.OpenFile(name, context);
        using var target = Create(name);
        var hasher = Hasher.New();
        var range = new FileRange(0, source.Length);
        context.Copy(source, range, target, 0, hasher.Update);
        var found = hasher.Finalize();
        if (digest is not null && !string.Equals(found.ToString(), digest, StringComparison.Ordinal))
        {
            throw new BackupException(
                ErrorCode.ChecksumMismatch,
                $"{name} does not match its digest",
                source.Path,
                expected: digest,
                actual: found.ToString()
            );
        }
    }

    private IDiskFile Create(string name, long preallocate = 0) =>
        staging.CreateFile(Path.Combine(Staged, name), preallocate);

    private void Delete(string name) => context.Disk.DeleteFile(staging.PathOf(Path.Combine(Staged, name)));
}
