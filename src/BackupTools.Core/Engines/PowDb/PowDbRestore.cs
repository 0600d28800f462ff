using BackupTools.Files;

namespace BackupTools.Engines.PowDb;

/// <summary>Rebuilds a data directory in staging and checks the result before it may be published.</summary>
internal sealed class PowDbRestore(RestoreRequest request, StagingArea staging, EngineContext context)
{
    private const string Staged = "data";

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
            Steps =
            [
                context.Disk.Stat(request.DestinationPath) is null
                    ? PublishStep.Place(Staged, request.DestinationPath)
                    : PublishStep.Replace(Staged, request.DestinationPath),
            ],
            End = request.Plan.Last.End,
            Files = parts.Select(p => Path.Combine(request.DestinationPath, p.Name)).ToArray(),
            Length = parts.Sum(p => p.Length),
        };
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
