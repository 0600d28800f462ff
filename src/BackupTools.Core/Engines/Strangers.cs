using System.Text.RegularExpressions;
using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Engines;

/// <summary>
/// What other programs put beside bundles under names made of theirs. It is passed over with a warning: no bundle is
/// lost by that, as neither we nor an engine uses such a name.
/// </summary>
internal static partial class Strangers
{
    /// <summary>The first bytes of an AppleDouble file (RFC 1740): what macOS cannot store on a foreign disk.</summary>
    private static ReadOnlySpan<byte> AppleDouble => [0x00, 0x05, 0x16, 0x07];

    /// <summary>The finding about a file that is a stranger; null for any other.</summary>
    /// <param name="entry">An entry of a folder of bundles.</param>
    /// <param name="isBundle">True for the name of a bundle, as the stranger's name is made of it.</param>
    /// <param name="disk">For its first bytes.</param>
    public static ChainProblem? Of(DiskEntry entry, Func<string, bool> isBundle, IDisk disk)
    {
        if (entry.Kind != DiskEntryKind.File)
            return null;
        if (
            MayBeHalf(entry.Path)
            && HalfName().Match(entry.Name) is { Success: true } half
            && isBundle(half.Groups["name"].Value)
        )
        {
            return Passed(entry, "is an unfinished copy or download", "Run it again, or delete the file.");
        }

        if (!Path.GetFileName(entry.Path.AsSpan()).StartsWith('.'))
            return null;
        if (
            entry.Name.StartsWith("._", StringComparison.Ordinal)
            && isBundle(entry.Name[2..])
            && IsAppleDouble(entry, disk)
        )
        {
            return Passed(entry, "is a file of macOS (AppleDouble)", "It may be deleted.");
        }

        if (RsyncName().Match(entry.Name) is { Success: true } rsync && isBundle(rsync.Groups["name"].Value))
            return Passed(entry, "is an unfinished rsync transfer", "Run rsync again, or delete the file.");
        if (DeletedName().IsMatch(entry.Name))
            return Passed(entry, "was deleted while a program had it open", "It disappears when that program ends.");
        return null;
    }

    private static ChainProblem Passed(DiskEntry entry, string what, string advice) =>
        ChainProblem.Warning(
            ErrorCode.BundleNotRecognised,
            $"{entry.Name} {what}, not a bundle, and is skipped",
            entry.Path,
            advice: advice
        );

    /// <summary>False for what cannot be <see cref="HalfName"/>: nearly all there is, in folders of thousands.</summary>
    private static bool MayBeHalf(ReadOnlySpan<char> path)
    {
        foreach (var end in HalfEnds)
        {
            // The pattern's end is also before a last line feed.
            if (path.EndsWith(end, StringComparison.Ordinal) || path[^1] == '\n')
                return true;
        }
        return false;
    }

    private static readonly string[] HalfEnds = [".part", ".partial", ".filepart", ".crdownload", ".tmp"];

    private static bool IsAppleDouble(DiskEntry entry, IDisk disk) =>
        disk.Beginning(entry.Path, AppleDouble.Length) is { } start && AppleDouble.SequenceEqual(start);

    /// <summary>Rclone, WinSCP, FileZilla, browsers, Syncthing: a bundle's name with what they add until they are done.</summary>
    [GeneratedRegex(
        @"^((\.|~)syncthing[.~](?<name>.+)\.tmp|(?<name>.+?)(\.[0-9a-f]{8})?\.(part|partial|filepart|crdownload|tmp))$",
        RegexOptions.ExplicitCapture,
        NameMatching.TimeoutMilliseconds
    )]
    private static partial Regex HalfName();

    [GeneratedRegex(@"^\.(?<name>.+)\.[A-Za-z0-9]{6}$", RegexOptions.ExplicitCapture, NameMatching.TimeoutMilliseconds)]
    private static partial Regex RsyncName();

    /// <summary>What NFS and FUSE make of a file that is deleted while it is open.</summary>
    [GeneratedRegex(
        @"^\.(nfs[0-9a-f]{16,}|fuse_hidden[0-9a-f]{16,})$",
        RegexOptions.ExplicitCapture,
        NameMatching.TimeoutMilliseconds
    )]
    private static partial Regex DeletedName();
}
