using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Hostile;

/// <summary>
/// A chain of ours of each engine with harm done to each of its files: what is restored is what was backed up, or
/// somebody says so. What no format can notice is named here, and in docs/guarantees.md.
/// </summary>
public sealed class ChainDamageTests(ITestOutputHelper output)
{
    private const int Small = 400;
    private const int FewFiles = 4;

    // Of a file each time.
    private const int EverydayPlaces = 150;

    // A bundle of many files is looked at in as many places as one of few.
    private const int PlacesInManyFiles = 200;
    private const int EverydayPlacesInManyFiles = 100;

    public static TheoryData<string> Engines => [.. EngineSample.All.Select(s => s.Name)];

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_changed_byte_is_caught_or_harmless(string engine) =>
        ForEachFile(
            engine,
            (box, file) =>
            {
                var sound = File.ReadAllBytes(box.Bundle(file));
                var bytes = sound.ToArray();
                foreach (var at in Places(box, sound.Length))
                {
                    // The first makes of a digit something else, the second another digit.
                    foreach (var mask in sound.Length <= Small ? new byte[] { 0x10, 0x01 } : [0x10])
                    {
                        bytes[at] ^= mask;
                        File.WriteAllBytes(box.Bundle(file), bytes);
                        Judge(box, $"byte {at} of {file}");
                        bytes[at] = sound[at];
                    }
                }
                File.WriteAllBytes(box.Bundle(file), sound);
            }
        );

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_file_that_is_cut_or_longer_is_caught_or_harmless(string engine) =>
        ForEachFile(
            engine,
            (box, file) =>
            {
                var sound = File.ReadAllBytes(box.Bundle(file));
                foreach (var length in Places(box, sound.Length))
                {
                    File.WriteAllBytes(box.Bundle(file), sound[..length]);
                    Judge(box, $"{file} cut to {length}");
                }
                File.WriteAllBytes(box.Bundle(file), [.. sound, 0]);
                Judge(box, $"{file} and one byte");
                File.WriteAllBytes(box.Bundle(file), sound);
            }
        );

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_file_that_is_missing_is_caught_or_was_what_made_the_newest_bundle_one(string engine) =>
        ForEachFile(
            engine,
            (box, file) =>
            {
                var sound = File.ReadAllBytes(box.Bundle(file));
                File.Delete(box.Bundle(file));
                Judge(box, $"{file} missing", mayBeOlder: true);
                File.WriteAllBytes(box.Bundle(file), sound);
            }
        );

    /// <summary>Each file with every one behind it in a long run, and with a few of them each time.</summary>
    [Theory]
    [MemberData(nameof(Engines))]
    public void Files_that_are_swapped_are_caught_or_harmless(string engine) =>
        ForEachFile(
            engine,
            (box, file) =>
            {
                var sound = File.ReadAllBytes(box.Bundle(file));
                var others = box.Files.Where(f => string.CompareOrdinal(f, file) > 0).ToList();
                foreach (var other in SoakBudget.Sample(others.Count, everyday: 2).Select(i => others[i]))
                {
                    var its = File.ReadAllBytes(box.Bundle(other));
                    if (its.AsSpan().SequenceEqual(sound))
                    {
                        continue;
                    }
                    File.WriteAllBytes(box.Bundle(file), its);
                    File.WriteAllBytes(box.Bundle(other), sound);
                    // Every sound checkpoint.meta has the same CRC-32, as it ends with its own. One that is too new is
                    // caught; one that is too old has the engine replay commits that the tables hold already.
                    var isMeta =
                        Path.GetFileName(file) == "checkpoint.meta" && Path.GetFileName(other) == "checkpoint.meta";
                    Judge(box, $"{file} and {other} swapped", mayDiffer: isMeta);
                    File.WriteAllBytes(box.Bundle(other), its);
                }
                File.WriteAllBytes(box.Bundle(file), sound);
            }
        );

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_file_that_is_duplicated_or_renamed_is_caught_or_harmless(string engine) =>
        ForEachFile(
            engine,
            (box, file) =>
            {
                var extension = Path.GetExtension(file);
                var other = Path.ChangeExtension(file, null) + "-2" + extension;
                File.Copy(box.Bundle(file), box.Bundle(other));
                Judge(box, $"{file} twice");
                File.Delete(box.Bundle(file));
                Judge(box, $"{file} renamed", mayBeOlder: true);
                File.Move(box.Bundle(other), box.Bundle(file));
            }
        );

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_whole_bundle_that_is_missing_is_caught_or_was_the_newest(string engine)
    {
        using var box = new ChainBox(EngineSample.Of(engine));
        foreach (var bundle in Directory.GetFileSystemEntries(box.Bundles).Where(p => !p.EndsWith(".lock")))
        {
            var aside = box.At("aside");
            Directory.Move(bundle, aside);
            Judge(box, $"{Path.GetFileName(bundle)} missing", mayBeOlder: true);
            Directory.Move(aside, bundle);
        }
        Assert.Equal(Verdict.Harmless, box.Try());
    }

    private readonly SortedDictionary<string, int> _tally = new(StringComparer.Ordinal);

    private void ForEachFile(string engine, Action<ChainBox, string> harm)
    {
        using var box = new ChainBox(EngineSample.Of(engine));
        Assert.Equal(Verdict.Harmless, box.Try());
        foreach (var file in box.Files)
        {
            harm(box, file);
        }
        // What was done was undone, or the verdicts would have been about something else.
        Assert.Equal(Verdict.Harmless, box.Try());
        output.WriteLine($"{engine}: {string.Join(", ", _tally.Select(t => $"{t.Value} {t.Key}"))}");
        Assert.NotEmpty(_tally);
    }

    private void Judge(ChainBox box, string what, bool mayBeOlder = false, bool mayDiffer = false)
    {
        var verdict = box.Try();
        _tally[$"{verdict}"] = _tally.GetValueOrDefault($"{verdict}") + 1;
        if (verdict is not Verdict.Caught)
        {
            output.WriteLine($"{verdict}: {what}{(box.Warnings.Count > 0 ? $" ({box.Warnings[0]})" : "")}");
        }
        var isAsItMayBe = verdict switch
        {
            Verdict.Older => mayBeOlder,
            Verdict.Wrong => mayDiffer,
            _ => true,
        };
        Assert.True(isAsItMayBe, $"{verdict}: {what}");
    }

    /// <summary>
    /// So many places in a file, both ends among them. In a long run every place of a bundle of few files, and more of the
    /// others.
    /// </summary>
    private static IEnumerable<int> Places(ChainBox box, int length)
    {
        var most = (box.Files.Count <= FewFiles, SoakBudget.IsLong) switch
        {
            (true, true) => int.MaxValue,
            (true, false) => EverydayPlaces,
            (false, true) => 60 * PlacesInManyFiles / box.Files.Count,
            (false, false) => EverydayPlacesInManyFiles / box.Files.Count,
        };
        return SoakBudget.Spread(length, most);
    }
}
