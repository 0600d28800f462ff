using System.Globalization;
using System.Text;
using BackupTools.Formats.Primitives;

namespace BackupTools.Formats.Alopex;

/// <summary>One file of a snapshot. <paramref name="Name"/> is relative, with forward slashes.</summary>
internal sealed record AlopexManifestEntry(string Name, ulong Size, uint Crc32)
{
    /// <summary>
    /// True when the path names a file below the snapshot's folder. The engine follows any path, also one with "..":
    /// that is never done here.
    /// </summary>
    public bool IsSafe => Name.IndexOfAny(['\\', '\0']) < 0 && Array.TrueForAll(Name.Split('/'), IsSafePart);

    private static bool IsSafePart(string part) =>
        part.Trim('.').Length > 0 && (!OperatingSystem.IsWindows() || IsSafeOnWindows(part));

    /// <summary>
    /// False for a part of a path that means something else on Windows: a colon makes a drive or a stream, final dots
    /// and blanks vanish, and some names are devices.
    /// </summary>
    internal static bool IsSafeOnWindows(string part) => WindowsNames.WhyNot(part) is null;
}

/// <summary>snapshot.manifest (Alopex format, §6.3).</summary>
internal sealed record AlopexManifest(IReadOnlyList<AlopexManifestEntry> Entries)
{
    public const uint Version = 1;

    /// <summary>The largest manifest that is read: some 200,000 files.</summary>
    public const int LargestSize = 16 << 20;

    /// <summary>Reads a manifest as the engine does; the error has the words that the engine would use.</summary>
    /// <exception cref="Errors.BackupException">Malformed, UnsupportedVersion.</exception>
    public static AlopexManifest Read(ReadOnlySpan<byte> json) => new AlopexManifestReader(json).Read();

    /// <summary>The bytes of the manifest, in the engine's own layout; entries sorted by the bytes of their paths.</summary>
    public byte[] ToBytes()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{{\n  \"version\": {Version},\n  \"entries\": [");
        var sorted = Entries.Select(e => (Entry: e, Bytes: Encoding.UTF8.GetBytes(e.Name))).ToArray();
        Array.Sort(sorted, static (a, b) => a.Bytes.AsSpan().SequenceCompareTo(b.Bytes));
        for (var i = 0; i < sorted.Length; i++)
        {
            var entry = sorted[i].Entry;
            text.Append(i == 0 ? "\n" : ",\n");
            text.Append(
                CultureInfo.InvariantCulture,
                $"    {{\n      \"path\": {JsonText.Quote(entry.Name)},\n      \"size\": {entry.Size},\n      \"crc32\": {entry.Crc32}\n    }}"
            );
        }
        text.Append(sorted.Length == 0 ? "]\n}" : "\n  ]\n}");
        return Encoding.UTF8.GetBytes(text.ToString());
    }
}
