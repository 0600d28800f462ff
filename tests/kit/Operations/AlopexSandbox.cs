using BackupTools.Tests.Engines.Alopex;
using BackupTools.Tests.Formats.Alopex;

namespace BackupTools.Tests.Operations;

/// <summary>An Alopex data directory of small geometry: the engine's own states, or one that a model of it writes.</summary>
internal sealed class AlopexSandbox : EngineSandbox
{
    private AlopexWriter? _writer;

    public AlopexSandbox() => Become("S0");

    public override string Source => At("data");

    public override void Become(string state)
    {
        if (Directory.Exists(Source))
        {
            Directory.Delete(Source, recursive: true);
        }
        AlopexStates.Settle(AlopexFixtures.Copy(AlopexFixtures.At("small", state, "data"), Source));
    }

    public override void Change(Random random)
    {
        if (_writer is null)
        {
            Directory.Delete(Source, recursive: true);
            _writer = new AlopexWriter(Source);
        }
        for (var commits = random.Next(6); commits > 0; commits--)
        {
            _writer.Commit(random.Next(300));
            if (random.Next(5) == 0)
            {
                _writer.Checkpoint();
            }
        }
    }

    /// <summary>Its keys: what lies behind the end of the log is not taken along.</summary>
    public override string Content(string database) =>
        string.Join('\n', AlopexKeyReader.Read(database).Keys.Select(k => $"{k.Key}={k.Value}"));

    /// <summary>The engine restores what the marker names, so it must name the newest snapshot.</summary>
    public override IEnumerable<string> Lies()
    {
        foreach (var folder in new[] { Bundles, At("m"), At("c") }.Where(Directory.Exists))
        {
            var newest = Directory.GetDirectories(folder, "ts-*").MaxBy(p => long.Parse(Path.GetFileName(p)[3..]));
            var marker = Path.Combine(folder, "latest");
            var named = File.Exists(marker) ? File.ReadAllText(marker) : null;
            if (named != newest)
            {
                yield return $"{marker} names {named}, the newest is {newest}";
            }
        }
    }

    /// <summary>At no moment may the marker name a snapshot that is not there.</summary>
    public override IEnumerable<string> Traps() =>
        new[] { Bundles, At("m"), At("c") }
            .Select(folder => Path.Combine(folder, "latest"))
            .Where(File.Exists)
            .Where(marker => !Directory.Exists(File.ReadAllText(marker)));

    public override void Dispose()
    {
        _writer?.Dispose();
        base.Dispose();
    }
}
