using BackupTools.Chains;
using BackupTools.Errors;

namespace BackupTools.Operations;

/// <summary>When an increment that cannot be taken becomes a full, if the user wants that.</summary>
internal static class FullInstead
{
    /// <summary>
    /// True when the refusal says that only a full is possible. Other obstacles to an increment (damage, locks, disks)
    /// would also stop a full, or must be seen.
    /// </summary>
    public static bool Helps(BackupSettings settings, BackupException refusal) =>
        settings.FullIfNeeded
        && (
            refusal.Code
                is ErrorCode.NoFullBackup
                    or ErrorCode.ForeignEpoch
                    or ErrorCode.SinceBeyondLog
                    or ErrorCode.SinceInsideFrame
                    or ErrorCode.LogIsGone
                    or ErrorCode.ChainGap
                    or ErrorCode.ContinuityNotProved
            // A full needs nothing of what is encrypted for others.
            || (settings.IsEncrypted && refusal.Code == ErrorCode.IdentityRequired)
        );

    /// <summary>Refuses what names a place that a full would not continue from.</summary>
    /// <exception cref="BackupException">InvalidOption.</exception>
    public static void RefuseContradiction(BackupSettings settings)
    {
        if (
            settings.FullIfNeeded
            && (settings.Since is not null || settings.SinceBundle is not null || settings.ChainId is not null)
        )
        {
            throw new BackupException(
                ErrorCode.InvalidOption,
                $"{Spelling.Of("FullIfNeeded")} leaves open what the backup builds on: it cannot be combined with {Spelling.Of("Since")} or {Spelling.Of("ChainId")}",
                recommendation: "Leave out one of the two."
            );
        }
    }

    /// <summary>The warning that says why.</summary>
    public static ChainProblem Warning(BackupException refusal) =>
        new(
            ProblemSeverity.Warning,
            refusal.Code,
            $"a full backup is taken instead of an increment: {refusal.Message}",
            refusal.FullName,
            refusal.Offset,
            "No action is needed: increments continue from the new full."
        );
}
