using BackupTools.Files;
using BackupTools.Formats.PowDb;

namespace BackupTools.Engines.PowDb;

/// <summary>Rebuilds a data directory in staging and checks the result before it may be published.</summary>
internal sealed class PowDbRestore(RestoreRequest request, StagingArea staging, EngineContext context)
{
    private const string Staged = "data";

    /// <summary>The destination: all that an engine writes has a name of its own kind.</summary>
    public static DataFolder FolderOf(RestoreRequest request, EngineContext context) =>
        new(
            context.Disk,
            request.DestinationPath,
            PowDbNames.IsOfTheEngine,
            PowDbNames.IsFolderOfTheEngine,
            static _ => false,
            PowDbNames.Spelled
        );

    public static IReadOnlyList<string> OccupiedBy(RestoreRequest request, EngineContext context)
    {
        var path = request.DestinationPath;
        return context.Disk.Stat(path) switch
        {
            null => [],
            { Kind: DiskEntryKind.Directory } when FolderOf(request, context).Entries().Count == 0 => [],
            _ => [path],
        };
    }

    public static IReadOnlyList<string> KeptBy(RestoreRequest request, EngineContext context) =>
        FolderOf(request, context).Strangers(new HashSet<string>());

    public static bool MayReplace(RestoreRequest request, EngineContext context)
    {
        var path = request.DestinationPath;
        if (
            context.Disk.Stat(path) is not { Kind: DiskEntryKind.Directory }
            || !PowDbSource.IsDataDirectory(path, context.Disk)
        )
        {
            return false;
        }
        return PowDbLock.Read(path, context) is { IsLive: true } held
            ? throw held.InUse("Stop the database first. If no engine runs, delete the file.")
            : true;
    }

    public RestoreResult Run()
    {
        var rebuild = PowDbRebuild.Open(request.Plan, context);
        var parts = rebuild.Parts;
        context.Progress.Activity = "restoring";
        staging.CreateDirectory(Staged);
        rebuild.Write(
            request.DestinationPath,
            part => staging.CreateFile(Path.Combine(Staged, part.Name), part.Length),
            null,
            request.Deep
        );
        if (request.Deep)
        {
            Reread(rebuild);
        }
        return new RestoreResult
        {
            Steps = Steps(parts),
            End = request.Plan.Last.End,
            Files = parts.Select(p => Path.Combine(request.DestinationPath, p.Name)).ToArray(),
            Length = parts.Sum(p => p.Length),
        };
    }

    /// <summary>
    /// A directory changes places with the old one whole, at one moment. Where that cannot be, the catalogue goes first
    /// and comes last: without it nothing opens.
    /// </summary>
    private List<PublishStep> Steps(IReadOnlyList<PowDbStatePart> parts)
    {
        var destination = request.DestinationPath;
        if (context.Disk.Stat(destination) is null)
        {
            return [PublishStep.Place(Staged, destination)];
        }
        var folder = FolderOf(request, context);
        if (!request.EntryByEntry && !folder.HasPlaces() && folder.Strangers(new HashSet<string>()).Count == 0)
        {
            return [PublishStep.Replace(Staged, destination)];
        }
        var names = parts.Select(p => p.Name).Where(n => n != PowDbNames.Catalog);
        var steps = folder.Steps(Staged, [.. names, PowDbNames.Catalog], staging);
        var last = steps.Find(s => s.StagedName == $"{Staged}/{PowDbNames.Catalog}")!;
        steps.Remove(last);
        return [.. steps, last with { SetAsideFirst = true }];
    }

    /// <summary>Reads the result back: the checks so far saw the bytes on their way to the disk.</summary>
    private void Reread(PowDbRebuild rebuild)
    {
        context.Progress.Activity = "verifying";
        PowDbFileWork.ForEach(
            rebuild.Parts,
            p => p.Length,
            (i, _) =>
            {
                var part = rebuild.Parts[i];
                var found = rebuild.Reread(part, staging.PathOf(Path.Combine(Staged, part.Name)));
                rebuild.RequireDigest(part, found);
            },
            context
        );
    }
}
