using BackupTools.Formats.Age;
using BackupTools.Operations;
using BackupTools.Reports;
using BackupTools.Tests.Engines.PowDb;
using BackupTools.Tests.Files;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Encryption;

/// <summary>Increments without the key of what engines have written, of both generations of Grafeo too.</summary>
public sealed class KeptSampleTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly X25519Identity _key = X25519Identity.New();
    private readonly FixedClock _clock = new(DateTimeOffset.UtcNow - TimeSpan.FromHours(1));

    public static TheoryData<string, bool> Samples =>
        new(
            EngineSample.All.SelectMany(s =>
                s.Name == "PowDB" ? new[] { (s.Name, false), (s.Name, true) } : [(s.Name, false)]
            )
        );

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Samples))]
    public void Without_the_key_the_same_increments_are_taken_as_in_clear(string name, bool differential)
    {
        File.WriteAllText(_folder["key.txt"], _key.Export());
        var sample = EngineSample.Of(name);
        var plain = new BackupSettings
        {
            SourcePath = _folder[sample.SourceName],
            DestinationPath = _folder["p"],
            AllowEmpty = true,
            Differential = differential,
            NoCursor = sample.Name == "Grafeo 0.6",
        };
        var sealedToo = plain with
        {
            DestinationPath = _folder["e"],
            Recipients = [$"{_key.Recipient}"],
            StatePath = _folder["state"],
        };
        var increments = 0;
        for (var state = 0; state < 3; state++)
        {
            sample.SetState(_folder.Path, state);
            var (one, other) = (Take(plain, state), Take(sealedToo, state));
            Assert.Equal(one.Select(Shape), other.Select(Shape));
            Assert.Equal(Restored("p", one), Restored("e", other));
            increments += other[0].Kind == "Incremental" ? 1 : 0;
        }
        Assert.True(increments > 0 || name == "Alopex", "each was a full");
    }

    /// <summary>Kind and range.</summary>
    private static string Shape(BundleInfo bundle) => $"{bundle.Kind} {bundle.StartPosition}..{bundle.EndPosition}";

    private IReadOnlyList<BundleInfo> Take(BackupSettings settings, int state)
    {
        settings = state == 0 ? settings with { Differential = false } : settings;
        // What an engine refuses in clear, such as a log that a clean close has removed, becomes a full here too.
        return Verbs.Fulls(settings with { Incremental = state > 0, FullIfNeeded = state > 0 }, Host(identity: false));
    }

    private string Restored(string from, IReadOnlyList<BundleInfo> made)
    {
        var at = Path.Combine(_folder[$"r-{from}-{_clock.Now.Ticks}"], "r");
        Verbs.Restore(
            new RestoreSettings
            {
                Path = _folder[from],
                DestinationPath = at,
                PointInTime = new DateTimeOffset(made.Max(b => b.CreatedUtc)),
            },
            Host(identity: true)
        );
        return EngineSandbox.Bytes(at);
    }

    private OperationHost Host(bool identity)
    {
        _clock.Now += TimeSpan.FromMinutes(1);
        return new OperationHost
        {
            Clock = _clock,
            Identities = new Identities { Paths = identity ? [_folder["key.txt"]] : [] },
            Stores = new() { SpoolPath = _folder["spool"] },
        };
    }
}
