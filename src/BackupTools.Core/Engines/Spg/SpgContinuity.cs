using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Formats.Spg;

namespace BackupTools.Engines.Spg;

/// <summary>
/// What the numbers of bundles say about them, alone and one after the other (SPG format, §6.1–§6.3). The reference
/// checks almost none of this.
/// </summary>
internal static class SpgContinuity
{
    /// <summary>What is wrong with a bundle by its own numbers.</summary>
    public static IEnumerable<ChainProblem> CheckAlone(SpgBundle bundle, string path)
    {
        var header = bundle.Header;
        if (header.Kind > SpgBundleHeader.Incremental)
        {
            yield return ChainProblem.Error(
                ErrorCode.Malformed,
                $"kind {header.Kind} is neither full (0) nor incremental (1)",
                path,
                offset: 8
            );
        }
        foreach (var problem in bundle.IsFull ? CheckFull(bundle, path) : CheckIncrement(header, path))
        {
            yield return problem;
        }
        ulong trailing = 0;
        ChainProblem? cut = null;
        try
        {
            trailing = header.CheckBody((ulong)bundle.FileLength);
        }
        catch (BackupException e)
        {
            cut = ChainProblem.From(e.At(path));
        }
        if (cut is not null)
        {
            yield return cut;
        }
        if (trailing > 0)
        {
            yield return Warning($"{trailing} unexpected bytes after the end of the bundle", path, header.BodyLength);
        }
    }

    private static IEnumerable<ChainProblem> CheckFull(SpgBundle bundle, string path)
    {
        var header = bundle.Header;
        if (header.Since != 0)
        {
            yield return Warning($"a full with since {header.Since}; it is ignored", path, 9);
        }
        if (header.SnapLen == 0)
        {
            yield return ChainProblem.Error(
                ErrorCode.Malformed,
                "a full without a snapshot: no server writes one, an empty database has 13 bytes",
                path,
                offset: 25
            );
        }
        if (header.WalLen > 0 && bundle.Baseline is null)
        {
            yield return ChainProblem.Error(
                ErrorCode.Malformed,
                $"a full with {header.WalLen} bytes of log that its snapshot may already hold: "
                    + "applying them could duplicate every row",
                path,
                offset: header.WalOffset,
                advice: "Take a new full backup, or restore from another chain."
            );
        }
    }

    private static IEnumerable<ChainProblem> CheckIncrement(SpgBundleHeader header, string path)
    {
        if (header.SnapLen != 0)
        {
            yield return ChainProblem.Error(ErrorCode.Malformed, "an increment with a snapshot", path, offset: 25);
        }
        // Compared by subtraction: the sum could wrap.
        if (header.WalPos < header.Since || header.WalPos - header.Since != header.WalLen)
        {
            yield return ChainProblem.Error(
                ErrorCode.Malformed,
                $"wal_pos {header.WalPos} is not since {header.Since} + wal_len {header.WalLen}",
                path,
                offset: header.WalFieldsOffset
            );
        }
    }

    /// <summary>What is wrong with one bundle following another.</summary>
    public static IEnumerable<ChainProblem> CheckFollows(SpgBundle previous, SpgBundle next, string path)
    {
        if (next.IsFull)
        {
            yield return ChainProblem.Error(ErrorCode.ChainOverlap, "a second full inside a chain", path, offset: 8);
            yield break;
        }
        var (end, since) = (previous.Header.WalPos, next.Header.Since);
        if (since > end)
        {
            yield return ChainProblem.Error(
                ErrorCode.ChainGap,
                $"the increment starts at {since}, but what precedes it ends at {end}",
                path,
                offset: 9
            );
        }
        else if (since < end)
        {
            yield return ChainProblem.Error(
                ErrorCode.ChainOverlap,
                $"the increment starts at {since}, but what precedes it already ends at {end}",
                path,
                offset: 9
            );
        }
    }

    private static ChainProblem Warning(string message, string path, long offset) =>
        ChainProblem.Warning(ErrorCode.Malformed, message, path, offset);
}
