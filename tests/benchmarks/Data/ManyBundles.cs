using BackupTools.Operations;
using BackupTools.Options;
using BackupTools.Tests;

namespace BackupTools.Benchmarks.Data;

/// <summary>
/// Folders of thousands of bundles of one small database, as an hourly schedule leaves them: chains of a full and a hundred
/// increments, of which only the last is continued.
/// </summary>
/// <param name="shape">The database.</param>
/// <param name="folder">Where it is made; nothing of it need outlive the machine.</param>
internal sealed class ManyBundles(IDatabaseShape shape, string folder)
{
    private const int ChainLength = 100;
    private const int Bytes = 64 << 10;

    private readonly SteppedClock _clock = new();
    private string _source = "";
    private long _seed = 1;

    /// <summary>A folder that chains begin in; each goes to <see cref="Many"/> when the next has begun.</summary>
    private string Begun => Path.Combine(folder, "begun");

    /// <summary>As many bundles as were asked for.</summary>
    public string Many => Path.Combine(folder, "many");

    /// <summary>Ten bundles of the same database.</summary>
    public string Few => Path.Combine(folder, "few");

    /// <summary>Makes database and folders; the path of the database, which has changed since the last bundle of both.</summary>
    public string Make(int count)
    {
        _source = shape.Create(Path.Combine(folder, "data"), Bytes, _seed++);
        _clock.Back(count);
        if (shape.Engine == EngineNames.Grafeo)
        {
            // Its increments hold whole log segments: what comes before is made of headers.
            MakeTen(Many);
            GrafeoFiller.Fill(Many, count);
        }
        else if (shape.Engine == EngineNames.Alopex)
        {
            MakeTen(Many);
            AlopexFiller.Fill(Many, count);
        }
        else
        {
            for (var made = 0; made < count - Ten; made += ChainLength)
            {
                var old = Directory.Exists(Begun) ? Items(Begun) : [];
                Take(Begun, incremental: false);
                old.ForEach(SetAside);
                MakeIncrements(Begun, Math.Min(ChainLength, count - Ten - made) - 1);
            }
            var last = Items(Begun);
            Take(Begun, incremental: false);
            last.ForEach(SetAside);
            MakeIncrements(Begun, Ten - 1);
            Items(Begun).ForEach(SetAside);
        }
        MakeTen(Few);
        Change();
        return _source;
    }

    private const int Ten = 10;

    private void MakeTen(string to)
    {
        Take(to, incremental: false);
        MakeIncrements(to, Ten - 1);
    }

    private void MakeIncrements(string to, int count)
    {
        for (var i = 0; i < count; i++)
        {
            Change();
            Take(to, incremental: true);
        }
    }

    /// <summary>Alopex links every table of a snapshot, so its number must not grow: its bundles are all alike.</summary>
    private void Change()
    {
        if (shape.Engine != EngineNames.Alopex)
        {
            shape.Change(_source, 4096, _seed++);
        }
    }

    private void Take(string to, bool incremental)
    {
        _clock.Step();
        using var host = new OperationHost { Clock = _clock };
        var settings = new BackupSettings
        {
            SourcePath = _source,
            DestinationPath = to,
            AllowEmpty = true,
        };
        _ = incremental ? Verbs.Increment(settings, host) : Verbs.Full(settings, host);
    }

    /// <summary>The bundles: folders of files for SQLite, whose levels stay, items of the folder itself for the others.</summary>
    private List<string> Items(string of) =>
        shape.Engine == EngineNames.Sqlite
            ?
            [
                .. Directory
                    .GetFiles(of, "*", SearchOption.AllDirectories)
                    .Where(f => f.Contains("/ltx/", StringComparison.Ordinal)),
            ]
            : [.. Directory.GetFileSystemEntries(of).Where(f => !Path.GetFileName(f).StartsWith('.'))];

    private void SetAside(string item)
    {
        var to = Path.Combine(Many, Path.GetRelativePath(Begun, item));
        Directory.CreateDirectory(Path.GetDirectoryName(to)!);
        Directory.Move(item, to);
    }

    /// <summary>An hour more for each bundle, and the last is taken now.</summary>
    private sealed class SteppedClock : TimeProvider
    {
        private DateTimeOffset _now = DateTimeOffset.UtcNow;

        public override DateTimeOffset GetUtcNow() => _now;

        public void Back(int bundles) => _now = DateTimeOffset.UtcNow - TimeSpan.FromHours(bundles + (3 * Ten));

        public void Step() => _now += TimeSpan.FromHours(1);
    }
}
