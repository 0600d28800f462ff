using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;
using Blake3;

namespace BackupTools.Engines.PowDb;

/// <summary>A file of the state that an increment is compared with; the digest is null where only pages are known.</summary>
internal sealed record PowDbBaseFile(string Name, long Length, Hash? Blake3);

/// <summary>
/// The state that an increment is compared with: its files and the fingerprint of every page, without its pages.
/// </summary>
internal abstract class PowDbBaseline : IDisposable
{
    /// <summary>The bundle that leads to the state.</summary>
    public required PowDbBundle Parent { get; init; }

    public required IReadOnlyDictionary<string, PowDbBaseFile> Files { get; init; }

    /// <summary>Id of the bundle whose table the new one is laid upon; null when the new one has to be complete.</summary>
    public required string? On { get; init; }

    /// <summary>Depth of the new table.</summary>
    public required int Depth { get; init; }

    /// <summary>The secret of the fingerprints, which the new table keeps.</summary>
    public required UInt128 Key { get; init; }

    /// <summary>Reads the fingerprints of one window of a heap's pages.</summary>
    /// <param name="heap">The heap.</param>
    /// <param name="window">The window.</param>
    /// <param name="pages">How many pages of the window the heap had.</param>
    /// <param name="fingerprints">Receives 16 bytes per page.</param>
    /// <param name="known">Receives the pages whose fingerprint is known; the others count as changed.</param>
    /// <param name="repeat">Receives the pages whose fingerprint the new table has to repeat.</param>
    public abstract void ReadWindow(
        string heap,
        uint window,
        int pages,
        Span<byte> fingerprints,
        PageSet known,
        PageSet repeat
    );

    public abstract void Dispose();

    /// <summary>
    /// The state after the last bundle of a path through a chain: from our side files; from the chain's pages where one is
    /// missing (the engine made the bundle), damaged, or without a secret (fingerprints of version 1). The new table is
    /// complete then.
    /// </summary>
    /// <exception cref="BackupException">The chain itself is damaged.</exception>
    public static PowDbBaseline Open(IReadOnlyList<BundleHeader> path, StagingArea staging, EngineContext context)
    {
        var parent = PowDbBundle.Open(path[^1], context);
        if (parent is { SideProblem: null, Side: null or { Pages.Key: null } })
        {
            context.Verbose(
                parent.Side is null
                    ? $"{parent.Name} has no side file of BackupTools: the pages of its chain are read for comparison"
                    : $"the page fingerprints of {parent.Name} are of an older version: the pages of its chain are read for comparison"
            );
            return PowDbChainBaseline.Open(path, staging, context);
        }
        try
        {
            return parent.SideProblem is { } problem ? throw problem : PowDbTableBaseline.Open(parent, path, context);
        }
        catch (BackupException e)
            when (ErrorCodes.KindOf(e.Code) is ErrorKind.Damaged or ErrorKind.NotFound or ErrorKind.Unsupported)
        {
            context.Warn($"{e.Describe()}: the pages of the chain are read for comparison instead");
            return PowDbChainBaseline.Open(path, staging, context);
        }
    }
}
