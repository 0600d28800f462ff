using BackupTools.Files;
using BackupTools.Formats.Grafeo;
using BackupTools.Operations;
using BackupTools.Reports;
using BackupTools.Tests.Engines.Grafeo;
using BackupTools.Tests.Formats.Grafeo;

namespace BackupTools.Tests.Operations;

/// <summary>What is true of every Grafeo backup folder, whatever was done to it.</summary>
internal static class GrafeoFolderChecks
{
    public const string Manifest = "backup_manifest.json";

    public static CopyReport Copy(GrafeoHistory h, string? chain = null, IDisk? disk = null, string? folder = null) =>
        Verbs.Copy(
            new CopySettings
            {
                Path = h.Backups,
                DestinationPath = folder ?? h.At("copy"),
                ChainId = chain,
                Verify = disk is null,
            },
            h.Host(disk)
        );

    /// <summary>
    /// Valid in every checksum; nothing there that the manifest does not list; and no file has a name that the engine,
    /// which counts entries, will come to.
    /// </summary>
    public static void Sound(GrafeoHistory h, string folder)
    {
        foreach (var report in VerifyChain.Run(new VerifySettings { Path = folder, Deep = true }, h.Host()))
            Assert.DoesNotContain(report.Problems, p => p.Severity != "Info");
        ManifestIsTrue(folder, "");
        var manifest = GrafeoManifest.Read(File.ReadAllBytes(Path.Combine(folder, Manifest)));
        Assert.Equal(
            manifest.Segments.Select(s => s.FileName).Append(Manifest).Order(StringComparer.Ordinal),
            Directory
                .EnumerateFileSystemEntries(folder)
                .Select(f => Path.GetFileName(f)!)
                .Where(f => f != ".backuptools.lock")
                .Order(StringComparer.Ordinal)
        );
        for (var next = manifest.Segments.Count; next < manifest.Segments.Count + 50; next++)
        {
            Assert.False(File.Exists(Path.Combine(folder, $"backup_incr_{next:D4}.wal")));
            Assert.False(File.Exists(Path.Combine(folder, $"backup_full_{next:D4}.grafeo")));
        }
    }

    public static void ManifestIsTrue(string folder, string when)
    {
        var path = Path.Combine(folder, Manifest);
        if (!File.Exists(path))
            return;
        foreach (var segment in GrafeoManifest.Read(File.ReadAllBytes(path)).Segments)
        {
            var file = Path.Combine(folder, segment.FileName);
            Assert.True(File.Exists(file), $"{segment.FileName} is missing: {when}");
            Assert.Equal(segment.Checksum, GrafeoBytes.Crc(File.ReadAllBytes(file)));
        }
    }

    /// <summary>What each bundle restores to, by its id.</summary>
    public static Dictionary<string, string> States(GrafeoHistory h, string folder) =>
        h.Chains(folder)
            .SelectMany(c => c.Bundles.Select(b => (c.ChainId, b)))
            .ToDictionary(x => x.b.Id, x => h.Restored(folder, x.ChainId, x.b.EndPosition));

    /// <summary>The manifest without the names, which may differ between copies.</summary>
    public static IEnumerable<GrafeoSegment> Contents(string folder) =>
        GrafeoManifest
            .Read(File.ReadAllBytes(Path.Combine(folder, Manifest)))
            .Segments.Select(s => s with { FileName = "" });

    public static Dictionary<string, byte[]> Snapshot(string folder) =>
        Directory.EnumerateFiles(folder).ToDictionary(f => f, File.ReadAllBytes);
}
