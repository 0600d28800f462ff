using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Formats.Grafeo;

namespace BackupTools.Engines.Grafeo;

/// <summary>What was parsed of a bundle.</summary>
internal sealed record GrafeoBundle
{
    /// <summary>The segment's file, absolute.</summary>
    public required string Path { get; init; }

    /// <summary>Its entry in the manifest; null for a file that no manifest lists.</summary>
    public GrafeoSegment? Entry { get; init; }

    /// <summary>The header of an image; null for an increment.</summary>
    public GrafeoContainerHeader? Image { get; init; }

    /// <summary>The header of an increment; null for an image.</summary>
    public GbakHeader? Gbak { get; init; }

    /// <summary>True for 0.6.0, false for 0.5.x.</summary>
    public bool IsPaged => Image?.IsPaged ?? Gbak?.Version == GbakHeader.Segments;

    /// <summary>Refuses a file that is not as long as the manifest says.</summary>
    /// <exception cref="BackupException">LengthMismatch.</exception>
    public static void RequireLength(GrafeoSegment entry, long length, string path)
    {
        if ((ulong)length != entry.SizeBytes)
        {
            throw new BackupException(
                ErrorCode.LengthMismatch,
                $"the file has {length} bytes, the manifest says {entry.SizeBytes}",
                path,
                Math.Min(length, (long)Math.Min(entry.SizeBytes, long.MaxValue)),
                $"{entry.SizeBytes} bytes",
                $"{length} bytes"
            );
        }
    }

    public static GrafeoBundle Of(BundleHeader header) => ((BundleHeader<GrafeoBundle>)header).Parsed;
}
