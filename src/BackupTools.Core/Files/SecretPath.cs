using System.Text.RegularExpressions;
using BackupTools.Errors;

namespace BackupTools.Files;

/// <summary>Secret keys where the path of a file belongs: no message may carry them.</summary>
internal static partial class SecretPath
{
    /// <summary>Refuses what holds a secret key, also one that was mistyped or cut off, without repeating it.</summary>
    /// <exception cref="BackupException">InvalidOption.</exception>
    public static void RefuseAsPath(string path)
    {
        if (Key().IsMatch(path))
        {
            throw new BackupException(
                ErrorCode.InvalidOption,
                "a secret key was given where the path of a file belongs",
                recommendation: "Write the key into a file that only you can read, and give the path of that. What was typed may be in "
                    + "the history of the shell: if others can read that, make a new key."
            );
        }
    }

    /// <summary>A file may be called age-secret-key-1.txt; a key goes on for 58 letters.</summary>
    [GeneratedRegex(
        "(AGE-SECRET-KEY-(PQ-)?1|BACKUPTOOLS-SIGNING-KEY-1)[A-Z0-9]{20}",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: NameMatching.TimeoutMilliseconds
    )]
    private static partial Regex Key();
}
