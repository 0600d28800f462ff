using System.Text;
using System.Text.Json;
using BackupTools.Formats.Alopex;
using BackupTools.Formats.Grafeo;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Hostile;

/// <summary>
/// Names in manifests that lead elsewhere, with everything else in order: refused, and nothing outside is read into a
/// restore or written. SPG and SQLite have no names in their bundles.
/// </summary>
public sealed class HostileNameTests
{
    public static TheoryData<string, string> Names
    {
        get
        {
            var rows = new TheoryData<string, string>();
            foreach (var engine in EngineSample.All.Select(s => s.Name).Where(n => n is not ("SPG" or "SQLite")))
            {
                foreach (
                    var name in new[]
                    {
                        "../victim",
                        "../../victim",
                        "x/../../victim",
                        "/etc/passwd",
                        "//server/share/victim",
                        @"..\victim",
                        @"C:\victim",
                        @"\\?\C:\victim",
                        "C:victim",
                        "",
                        ".",
                        "..",
                        "/",
                        "a\0b",
                        "CON",
                        "NUL.heap",
                        "victim:stream",
                        ".backuptools.lock",
                        new string('a', 5000),
                    }
                )
                {
                    rows.Add(engine, name);
                }
            }
            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_name_that_leads_elsewhere_is_refused_and_nothing_is_written_there(string engine, string name)
    {
        using var box = new ChainBox(EngineSample.Of(engine));
        // What the manifest vouches for lies where the name leads to: only the name itself can be the reason to refuse.
        var manifest = Rename(box, engine, name, out var named);
        foreach (
            var victim in new[] { box.At("victim"), Path.Combine(Path.GetDirectoryName(manifest)!, "..", "victim") }
        )
        {
            File.Copy(named, victim, overwrite: true);
        }
        var before = EngineSample.Inventory(box.Folder);

        Assert.Equal(Verdict.Caught, box.Try());

        Assert.Equal(before, EngineSample.Inventory(box.Folder));
    }

    /// <summary>Names one file of the newest bundle differently; its manifest, and the file that was named before.</summary>
    private static string Rename(ChainBox box, string engine, string name, out string named)
    {
        var file = engine switch
        {
            "Alopex" => box.Files.Last(f => f.EndsWith("snapshot.manifest", StringComparison.Ordinal)),
            "PowDB" => box.Files.Last(f => f.EndsWith("increment.json", StringComparison.Ordinal)),
            _ => "backup_manifest.json",
        };
        var manifest = box.Bundle(file);
        var bytes = File.ReadAllBytes(manifest);
        string old;
        switch (engine)
        {
            case "Alopex":
                var entries = AlopexManifest.Read(bytes).Entries.ToList();
                old = entries[^1].Name;
                entries[^1] = entries[^1] with { Name = name };
                File.WriteAllBytes(manifest, new AlopexManifest(entries).ToBytes());
                break;
            case "PowDB":
                old = "users.heap.delta";
                var text = Encoding.UTF8.GetString(bytes);
                Assert.Contains($"\"{old}\"", text, StringComparison.Ordinal);
                File.WriteAllText(
                    manifest,
                    text.Replace($"\"{old}\"", JsonSerializer.Serialize(name), StringComparison.Ordinal)
                );
                break;
            default:
                var read = GrafeoManifest.Read(bytes);
                var segments = read.Segments.ToList();
                old = segments[^1].FileName;
                segments[^1] = segments[^1] with { FileName = name };
                File.WriteAllBytes(manifest, new GrafeoManifest(read.Encoding, segments).Write());
                break;
        }
        named = Path.Combine(Path.GetDirectoryName(manifest)!, old);
        return manifest;
    }
}
