using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Formats.Grafeo;
using BackupTools.Tests.Files;

namespace BackupTools.Tests.Engines.Grafeo;

public class GrafeoBundlesTests
{
    [Fact]
    public void A_folder_its_manifest_and_its_segments_give_the_same_headers()
    {
        using var h = new GrafeoHarness().WithBackups("v06-native");
        var all = h.Inner.Read(h.Backups);
        Assert.Equal(
            [(3ul, 3ul, 77824L), (3, 4, 337), (4, 8, 102341), (8, 9, 2677)],
            all.Select(b => (b.Start.Value, b.End.Value, b.Length))
        );
        Assert.Equal(["a93304fb", "a3855102", "4b072517", "200b5c6d"], all.Select(b => b.Checksum));
        Assert.Equal([null, all[0].Id, all[1].Id, all[2].Id], all.Select(b => b.ParentId));
        Assert.Equal(DateTimeOffset.FromUnixTimeMilliseconds(1795145304205), all[3].CreatedUtc);
        Assert.Equal(
            all.Select(b => b.Id),
            h.Inner.Read(Path.Combine(h.Backups, "backup_manifest.json")).Select(b => b.Id)
        );
        Assert.All(all, b => Assert.Equal(b.Id, Assert.Single(h.Inner.Read(b.FullName)).Id));
        using var copy = new GrafeoHarness().WithBackups("v06-native");
        Assert.Equal(all.Select(b => b.Id), copy.Inner.Read(copy.Backups).Select(b => b.Id));
        Assert.Equal(4, all.Select(b => b.Id).Distinct().Count());
    }

    [Fact]
    public void A_folder_without_manifest_gives_the_images_and_increments_in_it_but_no_databases()
    {
        using var h = new GrafeoHarness().WithBackups("v06-native").Become("v06-native", "S0");
        File.Delete(Path.Combine(h.Backups, "backup_manifest.json"));
        File.WriteAllText(Path.Combine(h.Backups, "letter.wal"), "dear reader");
        var read = h.Inner.Read(h.Backups);
        Assert.Equal(4, read.Count);
        Assert.All(read, b => Assert.Equal(ErrorCode.MissingFile, Assert.Single(b.Notes).Code));
        Assert.Equal([(3ul, 3ul), (3, 4), (4, 8), (8, 9)], read.Select(b => (b.Start.Value, b.End.Value)));
        Assert.Null(read[0].Checksum);
        Assert.Empty(h.Inner.Read(h.Inner.Folder));
        Assert.Empty(h.Inner.Read(h.Database));
        Directory.Delete(h.Log, recursive: true);
        Assert.Equal(3ul, Assert.Single(h.Inner.Read(h.Database)).End.Value);
        Assert.Empty(h.Inner.Read(Path.Combine(h.Backups, "letter.wal")));
    }

    [Theory]
    [InlineData("../outside.grafeo")]
    [InlineData("/etc/passwd")]
    [InlineData("a/b.grafeo")]
    [InlineData("a\\b.grafeo")]
    [InlineData("..")]
    [InlineData("")]
    [InlineData("C:x.grafeo")]
    [InlineData("NUL")]
    [InlineData("com1.wal")]
    [InlineData("x.grafeo ")]
    [InlineData("x\n.grafeo")]
    [InlineData("x:stream")]
    public void Names_that_are_no_plain_file_names_are_refused(string name)
    {
        using var h = new GrafeoHarness().WithBackups("v06-native");
        File.Copy(Path.Combine(h.Backups, "backup_full_0000.grafeo"), h.Inner.At("outside.grafeo"));
        var path = Path.Combine(h.Backups, "backup_manifest.json");
        var manifest = GrafeoManifest.Read(File.ReadAllBytes(path));
        File.WriteAllBytes(
            path,
            (manifest with { Segments = [manifest.Segments[0] with { FileName = name }] }).Write()
        );
        var result = Assert.Single(h.Inner.Engine.ReadBundles(h.Backups, h.Inner.Context()));
        Assert.Equal((ErrorCode.UnsafeName, path), (result.Error?.Code, result.Error?.FullName));
    }

    [Fact(Skip = "Wine makes no symbolic links", SkipType = typeof(WindowsHost), SkipWhen = nameof(WindowsHost.IsWine))]
    public void A_link_in_the_place_of_a_segment_is_refused()
    {
        using var h = new GrafeoHarness().WithBackups("v06-native");
        var path = Path.Combine(h.Backups, "backup_full_0000.grafeo");
        File.Move(path, h.Inner.At("elsewhere"));
        File.CreateSymbolicLink(path, h.Inner.At("elsewhere"));
        var first = h.Inner.Engine.ReadBundles(h.Backups, h.Inner.Context()).First();
        Assert.Equal(ErrorCode.UnsafeName, first.Error?.Code);
    }

    [Fact]
    public void What_cannot_be_read_is_an_error_beside_the_others()
    {
        using var h = new GrafeoHarness().WithBackups("v06-native");
        File.Delete(Path.Combine(h.Backups, "backup_incr_0001.wal"));
        File.WriteAllText(Path.Combine(h.Backups, "backup_incr_0002.wal"), "GBAK");
        File.Copy(
            Path.Combine(h.Backups, "backup_full_0000.grafeo"),
            Path.Combine(h.Backups, "backup_incr_0003.wal"),
            overwrite: true
        );
        var results = h.Inner.Engine.ReadBundles(h.Backups, h.Inner.Context()).ToList();
        Assert.Equal(
            [null, ErrorCode.MissingFile, ErrorCode.Truncated, ErrorCode.Malformed],
            results.Select(r => r.Error?.Code)
        );
        File.WriteAllText(Path.Combine(h.Backups, "backup_manifest.json"), "{");
        var bad = Assert.Single(h.Inner.Engine.ReadBundles(h.Backups, h.Inner.Context()));
        Assert.Equal(
            (ErrorCode.Malformed, Path.Combine(h.Backups, "backup_manifest.json")),
            (bad.Error!.Code, bad.Error.FullName)
        );
    }

    [Fact]
    public void A_full_that_went_back_behind_an_older_backup_is_noted()
    {
        using var h = new GrafeoHarness().WithBackups("v06-native");
        var path = Path.Combine(h.Backups, "backup_manifest.json");
        var manifest = GrafeoManifest.Read(File.ReadAllBytes(path));
        File.Copy(
            Path.Combine(h.Backups, "backup_full_0000.grafeo"),
            Path.Combine(h.Backups, "backup_full_0004.grafeo")
        );
        var again = manifest.Segments[0] with { FileName = "backup_full_0004.grafeo", CreatedAtMs = 1795145309999 };
        File.WriteAllBytes(path, (manifest with { Segments = [.. manifest.Segments, again] }).Write());
        var note = Assert.Single(h.Inner.Read(h.Backups)[4].Notes);
        Assert.Equal((ProblemSeverity.Warning, ErrorCode.ForeignEpoch), (note.Severity, note.Code));
    }

    [Fact]
    public void Thousands_of_headers_are_read_quickly()
    {
        using var h = new GrafeoHarness().WithBackups("v06-native");
        var path = Path.Combine(h.Backups, "backup_manifest.json");
        var manifest = GrafeoManifest.Read(File.ReadAllBytes(path));
        var segment = manifest.Segments[1];
        var many = Enumerable
            .Range(0, 10_000)
            .Select(i => segment with { CreatedAtMs = segment.CreatedAtMs + (ulong)i });
        File.WriteAllBytes(path, (manifest with { Segments = [manifest.Segments[0], .. many] }).Write());
        var watch = System.Diagnostics.Stopwatch.StartNew();
        Assert.Equal(10_001, h.Inner.Read(h.Backups).Count);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), $"{watch.Elapsed}");
    }
}
