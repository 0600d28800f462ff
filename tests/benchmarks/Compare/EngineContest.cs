using System.Globalization;
using BackupTools.Benchmarks.Data;

namespace BackupTools.Benchmarks.Compare;

/// <summary>Every match for one engine's data: full, increments, test, restores of longer and longer chains.</summary>
internal sealed class EngineContest(Workshop workshop, IDatabaseShape shape, CompareSettings settings)
{
    private readonly Match _match = new(workshop);
    private readonly SqliteTools? _tools = shape is SqliteShape ? new SqliteTools(workshop) : null;
    private readonly IReadOnlyList<Archiver> _archivers = settings.WithArchivers ? Archiver.Installed(workshop) : [];
    private readonly string _home = workshop.PathOf("data");
    private readonly string _copy = workshop.PathOf("copy");
    private readonly string _bundles = workshop.PathOf("bundles");
    private readonly string _base = workshop.PathOf("bundles.base");
    private readonly string _restored = workshop.PathOf("restored");
    private string _source = "";
    private byte[]? _sideFile;
    private long _seed = 1;

    /// <summary>The folder with everything that belongs to the database.</summary>
    private string SourceFolder => Directory.Exists(_source) ? _source : Path.GetDirectoryName(_source)!;

    public IEnumerable<MatchRow> Run()
    {
        Clean();
        _source = shape.Create(_home, settings.Size, _seed++);
        // One after the other: each leaves behind what the next needs.
        (string Name, Func<IEnumerable<MatchRow>> Play)[] parts =
        [
            ("full", Full),
            ("increment", Increments),
            ("test", Test),
            ("restore", Restores),
        ];
        foreach (var row in parts.Where(p => settings.Covers(p.Name)).SelectMany(p => p.Play()))
        {
            yield return row;
        }
        Clean();
    }

    private IEnumerable<MatchRow> Full()
    {
        var rows = _match.Play(
            shape.Name,
            "full",
            [
                Copy(SourceFolder),
                .. Sum(SourceFolder),
                .. Ours("full", Library.Full, () => Workshop.Delete(_bundles)),
                .. _tools?.Full(_source) ?? [],
                .. _archivers.Select(a => a.First(SourceFolder)),
            ]
        );
        Keep();
        return rows;
    }

    private IEnumerable<MatchRow> Increments()
    {
        RequireBundles();
        foreach (var share in settings.Shares)
        {
            var bytes = (long)(settings.Size * share);
            // The clock that files are dated by may lag behind by some milliseconds.
            var began = DateTime.UtcNow.AddMilliseconds(-100);
            shape.Change(_source, bytes, _seed++);
            var change = workshop.PathOf("change");
            WriteChange(change, bytes);
            var whole = workshop.PathOf("whole");
            Directory.CreateDirectory(whole);
            foreach (var file in shape.TakenWhole(_source, began))
            {
                File.Copy(file, Path.Combine(whole, Path.GetFileName(file)));
            }
            var rows = _match.Play(
                shape.Name,
                string.Create(CultureInfo.InvariantCulture, $"increment, {100 * share:0.##} %"),
                [
                    // PowDB has to look at all of the data, the others only at what was added.
                    .. shape.ChangesInPlace ? Sum(SourceFolder).Append(Copy(SourceFolder)) : [Copy(change)],
                    .. _tools is null ? Array.Empty<Contestant>() : [_tools.Copy(SourceFolder)],
                    .. Directory.EnumerateFiles(whole).Any()
                        ? [Copy(whole, "cp, its files + sync")]
                        : Array.Empty<Contestant>(),
                    .. Ours("incremental", Library.Increment, PutBack),
                    .. _archivers.Select(a => a.Next(SourceFolder)),
                ]
            );
            Workshop.Delete(change);
            Workshop.Delete(whole);
            Keep();
            foreach (var row in rows)
            {
                yield return row;
            }
        }
    }

    private IEnumerable<MatchRow> Test()
    {
        RequireBundles();
        return _match.Play(
            shape.Name,
            "test",
            [
                .. Sum(_bundles),
                Contestant.Program(Workshop.OurName, workshop.Ours("test", _bundles, "--json")),
                Contestant.Warm(() => Library.Test(_bundles)),
                Contestant.Warm(() => Library.HashLargest(_bundles), name: "BLAKE3 of the largest file"),
            ]
        );
    }

    private IEnumerable<MatchRow> Restores()
    {
        RequireBundles();
        Workshop.Delete(_bundles);
        Library.Full(_source, _bundles);
        var step = (long)(settings.Size * settings.ChainShare);
        var length = 0;
        foreach (var wanted in settings.ChainLengths.Order())
        {
            for (; length < wanted; length++)
            {
                shape.Change(_source, step, _seed++);
                Library.Increment(_source, _bundles);
            }
            var target = Path.Combine(_restored, Path.GetFileName(_source));
            var restore = workshop.Ours("restore", _bundles, "--destination-path", target, "--json");
            var archivers = wanted == settings.ChainLengths.Min() ? _archivers : [];
            var rows = _match.Play(
                shape.Name,
                $"restore, full + {wanted}",
                [
                    Copy(SourceFolder),
                    Contestant.Program(Workshop.OurName, restore, () => Workshop.Delete(_restored)),
                    Contestant.Warm(() => Library.Restore(_bundles, target), () => Workshop.Delete(_restored)),
                    .. _tools?.Restore() ?? [],
                    .. archivers.Select(a => a.Extract(workshop.PathOf(a.Name + ".out"))),
                ]
            );
            foreach (var row in rows)
            {
                yield return row;
            }
        }
    }

    private IEnumerable<Contestant> Ours(string verb, Action<string, string> library, Action prepare)
    {
        var call = workshop.Ours(verb, _source, "--destination-path", _bundles, "--json");
        return
        [
            Contestant.Program(Workshop.OurName, call, prepare),
            Contestant.Warm(() => library(_source, _bundles), prepare),
        ];
    }

    private Contestant Copy(string from, string name = "cp -r + sync") =>
        Contestant.Program(name, Workshop.PlainCopy(from, _copy), () => Workshop.Delete(_copy));

    private static IEnumerable<Contestant> Sum(string folder) =>
        Workshop.Has("b3sum") ? [Contestant.Program("b3sum", Workshop.Blake3(folder))] : [];

    /// <summary>Makes what a match before would have made, had it been asked for.</summary>
    private void RequireBundles()
    {
        if (!Directory.Exists(_bundles))
        {
            Library.Full(_source, _bundles);
            foreach (var archiver in _archivers)
            {
                var first = archiver.First(SourceFolder);
                first.Prepare();
                _ = first.Run();
            }
            Keep();
        }
    }

    /// <summary>What the last round made is what the next matches build on.</summary>
    private void Keep()
    {
        Workshop.LinkTree(_bundles, _base);
        _sideFile = shape.SideFile(_source) is { } path && File.Exists(path) ? File.ReadAllBytes(path) : null;
        foreach (var archiver in _archivers)
        {
            archiver.Keep();
        }
    }

    private void PutBack()
    {
        Workshop.LinkTree(_base, _bundles);
        if (shape.SideFile(_source) is { } path)
        {
            File.Delete(path);
            if (_sideFile is not null)
            {
                File.WriteAllBytes(path, _sideFile);
            }
        }
    }

    private static void WriteChange(string path, long bytes)
    {
        var text = new TextSource(bytes);
        using var file = DataFile.Create(path);
        for (; bytes > 0; bytes -= 1 << 16)
        {
            text.Fill(file.Take((int)Math.Min(bytes, 1 << 16)));
        }
    }

    private void Clean()
    {
        foreach (var path in Directory.GetFileSystemEntries(workshop.Folder))
        {
            Workshop.Delete(path);
        }
    }
}
