using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using BackupTools.Errors;
using BackupTools.Operations;
using BackupTools.Reports;

namespace BackupTools.Tests.Operations;

/// <summary>
/// Kinds of damage × where it is × verbs, for every engine: what each verb does with a folder in which one bundle of two
/// chains is damaged. What is expected is stated once; what an engine does otherwise is named in <see cref="Kin"/>,
/// <see cref="IsSeen"/> and <see cref="IsHealed"/>. Every advice is followed, and then helps.
/// </summary>
public sealed partial class DamageTableTests
{
    // Full, increment; full, increment: the bundles by place.
    private const int OldFull = 0;
    private const int OldIncrement = 1;
    private const int Full = 2;
    private const int Increment = 3;

    private static readonly ConcurrentDictionary<string, Life> s_lives = new(StringComparer.Ordinal);
    private static readonly string[] s_damages = ["gone", "half", "longer", "flipped", "header"];

    public static TheoryData<string, string, int> Cells
    {
        get
        {
            var cells = new TheoryData<string, string, int>();
            foreach (var engine in EngineSandbox.All)
            {
                foreach (var damage in s_damages)
                {
                    for (var at = OldFull; at <= Increment; at++)
                    {
                        cells.Add(engine, damage, at);
                    }
                }
            }
            return cells;
        }
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void Of_what_is_damaged_nothing_is_restored_and_all_else_is_and_a_later_full_ends_it(
        string engine,
        string damage,
        int at
    )
    {
        using var cell = new Cell(engine, damage, at);
        cell.ListAndTest();
        for (var which = OldFull; which <= Increment; which++)
        {
            cell.RestoreTo(which);
        }
        cell.RestoreLatest();
        cell.TakeIncrement();
        cell.TakeFull();
        cell.CopyMergeAndReport();
        cell.PruneAndTidy();
    }

    /// <summary>A manifest that cannot be read lists nothing: every verb names it, and another folder can be used.</summary>
    [Theory]
    [InlineData("{")]
    [InlineData("{\"version\":2,\"segments\":[{\"kind\":\"Full\"}]}")]
    [InlineData("{\"version\":2,\"segments\":[{\"kind\":\"Full\",\"filename\":\"a\",\"start_epoch\":-1}]}")]
    public void A_manifest_of_Grafeo_that_is_malformed_is_named_by_every_verb(string manifest)
    {
        using var box = EngineSandbox.Of(EngineNames.Grafeo);
        box.Chain();
        var path = Path.Combine(box.Bundles, "backup_manifest.json");
        var sound = File.ReadAllBytes(path);
        File.WriteAllText(path, manifest);

        Action[] verbs = [() => box.RestoreFrom(box.Bundles), () => box.Full(), () => box.Merge(), () => box.Copy()];
        foreach (var verb in verbs)
        {
            var error = Assert.Throws<BackupException>(verb);
            Assert.Equal((ErrorCode.Malformed, path), (error.Code, error.FullName));
        }
        Assert.Contains(ReadChains.Read(box.Bundles, false, null, box.Host()), r => r.Error?.FullName == path);
        var refused = Assert.Throws<BackupException>(() => box.Increment());
        Assert.Equal(ErrorCode.NoFullBackup, refused.Code);
        Assert.Contains("backup_manifest.json", refused.Message, StringComparison.Ordinal);
        Assert.Contains("into another folder", refused.Recommendation, StringComparison.Ordinal);
        box.Full(box.Settings() with { DestinationPath = box.At("other") });
        box.RestoreFrom(box.At("other"));
        File.WriteAllBytes(path, sound);
        box.RestoreFrom(box.Bundles);
    }

    /// <summary>Bundles that a bundle needs, itself among them.</summary>
    private static int[] Needs(string engine, int which) =>
        engine == EngineNames.Alopex || which is OldFull or Full ? [which] : [which - 1, which];

    /// <summary>Alopex: a table that did not change is one file of both snapshots.</summary>
    private static int[] Kin(string engine, string damage, int at) =>
        engine == EngineNames.Alopex
        && damage is "half" or "longer" or "flipped"
        && at is OldFull or OldIncrement or Full
            ? [at ^ 1, at]
            : [at];

    /// <summary>A bundle that is gone is missed only where a list names it (Grafeo), or its side file is the last (SQLite).</summary>
    private static bool IsSeen(string engine, string damage, int at) =>
        damage != "gone" || engine == EngineNames.Grafeo || (engine == EngineNames.Sqlite && at == Increment);

    /// <summary>SPG: an increment is a piece of the log, and goes on from whatever holds the log before it.</summary>
    private static bool IsHealed(string engine, string damage, int at) =>
        engine == EngineNames.Spg && at == Full && damage != "flipped";

    /// <summary>Litestream's way: what a later snapshot holds too is not missed.</summary>
    private static bool IsMerged(string engine, int which) => engine == EngineNames.Sqlite && which == OldIncrement;

    /// <summary>What restores give where nothing is damaged: the same in every sandbox of an engine.</summary>
    private sealed record Life(IReadOnlyList<string> States, string Latest);

    private sealed partial class Cell : IDisposable
    {
        private readonly EngineSandbox _box;
        private readonly string _engine;
        private readonly string _damage;
        private readonly int _at;
        private readonly List<BundleInfo> _made = [];
        private readonly Life _life;

        public Cell(string engine, string damage, int at)
        {
            (_engine, _damage, _at) = (engine, damage, at);
            _box = EngineSandbox.Of(engine);
            _box.Become("S0");
            _made.Add(_box.Full());
            _box.Become("S1");
            _made.Add(_box.Increment());
            _made.Add(_box.Full());
            _box.Become("S2");
            _made.Add(_box.Increment());
            _life = s_lives.GetOrAdd(engine, _ => new Life(_made.ConvertAll(b => StateOf(b)), StateOf(null)));
            Damage();
        }

        private string Damaged => _made[_at].FullName;

        private bool IsBroken(int which) =>
            Needs(_engine, which).Intersect(Kin(_engine, _damage, _at)).Any()
            && !(which != _at && IsHealed(_engine, _damage, _at));

        public void ListAndTest()
        {
            var reports = VerifyChain.Run(new VerifySettings { Path = _box.Bundles }, _box.Host()).ToList();
            var seen =
                IsSeen(_engine, _damage, _at)
                || Enumerable.Range(0, 4).Any(i => i != _at && IsBroken(i) && !IsMerged(_engine, i));
            Assert.Equal(!seen, reports.TrueForAll(r => r.IsValid == true));
            if (_at == OldIncrement)
            {
                Assert.True(reports[^1].IsValid); // the newest chain: its drill passes, and no full is due
            }
            if (seen)
            {
                Assert.Contains(
                    reports.SelectMany(r => r.Problems),
                    p => p.Severity == "Error" && Names(p.FullName, p.Message)
                );
            }
            var listed = ReadChains.Read(_box.Bundles, false, null, _box.Host()).ToList();
            var chains = listed.Where(r => r.Chain is not null).Select(r => r.Chain!).ToList();
            // Lengths and the content of headers are looked at; the rest is not read.
            var isUnreadable =
                _damage is "header" or "half" or "longer" || (_damage == "gone" && IsSeen(_engine, _damage, _at));
            if (isUnreadable)
            {
                Assert.Contains(listed, r => r.Error is { } e && Names(e.FullName, e.Message));
                Assert.DoesNotContain(chains.SelectMany(c => c.Bundles), b => b.FullName == Damaged);
                Assert.Contains(chains, c => !c.IsValid && c.Problems.Any(p => Names(p.FullName, p.Message)));
            }
        }

        public void RestoreTo(int which)
        {
            if (!IsSeen(_engine, _damage, _at) && (which == _at || IsMerged(_engine, which)))
            {
                return; // as if it had never been there
            }
            try
            {
                // Where nothing is broken the chain is named, else whatever leads there will do.
                var isWhole = !IsBroken(which) && !IsHealed(_engine, _damage, _at);
                Assert.Equal(_life.States[which], StateOf(isWhole ? _made[which] : null, which));
            }
            catch (BackupException e) when (IsBroken(which))
            {
                AssertNamed(e);
            }
        }

        public void RestoreLatest()
        {
            // A newest bundle that is gone without a trace was never there.
            var expected = _at == Increment && !IsSeen(_engine, _damage, _at) ? Full : Increment;
            if (!IsBroken(Increment) || expected == Full)
            {
                Assert.Equal(expected == Full ? _life.States[Full] : _life.Latest, StateOf(null));
                return;
            }
            var error = Assert.Throws<BackupException>(() => StateOf(null));
            AssertNamed(error);
            if (Position().Match(error.Recommendation!) is { Success: true } match)
            {
                StateOf(null, position: ulong.Parse(match.Value));
            }
        }

        public void TakeIncrement()
        {
            try
            {
                _box.Increment();
                Assert.Equal(_life.Latest, StateOf(null));
            }
            catch (BackupException e) when (e.Code != ErrorCode.NothingToBackUp)
            {
                // Where it cannot go on from what is damaged, it says that a full can.
                Assert.Contains(" full", e.Recommendation, StringComparison.Ordinal);
            }
            catch (BackupException e) when (e.Code == ErrorCode.NothingToBackUp)
            {
                Assert.Equal(EngineNames.Grafeo, _engine); // whose format has no empty increment
            }
        }

        public void TakeFull()
        {
            _box.Full();
            Assert.Equal(_life.Latest, StateOf(null));
        }

        public void CopyMergeAndReport()
        {
            var merged = _box.Merge();
            Assert.Equal(_life.Latest, StateOf(null, folder: Path.GetDirectoryName(merged.FullName)));
            var report = Assert.Single(_box.Report(TimeSpan.FromHours(1)).Databases);
            Assert.Equal((false, _box.Chains().All(c => c.IsValid)), (report.IsLate, report.IsValid));
            try
            {
                _box.Copy();
                Assert.Equal(_life.Latest, StateOf(null, folder: _box.At("c")));
            }
            catch (BackupException e)
            {
                AssertNamed(e);
            }
        }

        public void PruneAndTidy()
        {
            _box.Expire();
            Assert.Equal(_life.Latest, StateOf(null));
            // As the findings advise: what is damaged is removed, and what builds on it, until nothing is found.
            for (var again = 0; again < 4 && Findings().Any(); again++)
            {
                foreach (var bad in Findings().Select(p => p.FullName!).Distinct().ToList())
                {
                    Remove(bad);
                }
                _box.Full();
                _box.Expire();
            }
            Assert.Empty(Findings());
            Assert.Equal(_life.Latest, StateOf(null));
        }

        public void Dispose() => _box.Dispose();

        private IEnumerable<ProblemInfo> Findings() =>
            VerifyChain
                .Run(new VerifySettings { Path = _box.Bundles }, _box.Host())
                .SelectMany(r => r.Problems)
                .Where(p => p.Severity == "Error");

        /// <summary>What a restore gives; of a Grafeo database, which nobody here can read, its last epoch.</summary>
        private string StateOf(BundleInfo? bundle, int? which = null, string? folder = null, ulong? position = null)
        {
            var target = which is { } w && bundle is null ? _made[w] : null;
            var byTime = !EngineSandbox.Engines.ByName(_engine).Capabilities.CutsByTime;
            var destination = _box.At("restored", $"{Guid.NewGuid():N}", Path.GetFileName(_box.Restored));
            var report = bundle is null
                ? _box.Restore(
                    new RestoreSettings
                    {
                        Path = folder ?? _box.Bundles,
                        DestinationPath = destination,
                        ToPosition = position ?? (byTime ? null : target?.EndPosition),
                        PointInTime = byTime && target is not null ? new DateTimeOffset(target.CreatedUtc) : null,
                    }
                )
                : null;
            destination = bundle is null ? destination : _box.RestoreFrom(_box.Bundles, bundle);
            var epoch = report?.EndPosition ?? bundle!.EndPosition;
            return _box.Content(destination) ?? $"epoch {epoch}";
        }

        private void AssertNamed(BackupException e) =>
            Assert.True(Names(e.FullName, e.Message), $"{e.FullName}: {e.Message}");

        /// <summary>The damaged bundle, or one that needs it, is named.</summary>
        private bool Names(string? path, string message) =>
            Enumerable
                .Range(0, _made.Count)
                .Where(IsBroken)
                .Append(_at)
                .Select(i => _made[i].FullName)
                .Any(bundle =>
                    path?.StartsWith(bundle, StringComparison.Ordinal) == true
                    || message.Contains(Path.GetFileName(bundle), StringComparison.Ordinal)
                );

        /// <summary>Removes the bundle that a finding names, or of which it names a file.</summary>
        private void Remove(string path)
        {
            var bundle = path.EndsWith(".ltx", StringComparison.Ordinal)
                ? path
                : Path.Combine(
                    _box.Bundles,
                    Path.GetRelativePath(_box.Bundles, path).Split(Path.DirectorySeparatorChar)[0]
                );
            if (File.Exists(bundle))
            {
                File.Delete(bundle);
            }
            else if (Directory.Exists(bundle))
            {
                Directory.Delete(bundle, recursive: true);
            }
        }

        private void Damage()
        {
            var isFile = File.Exists(Damaged);
            var files = isFile ? [Damaged] : Directory.GetFiles(Damaged, "*", SearchOption.AllDirectories);
            var header =
                files.FirstOrDefault(f =>
                    Path.GetFileName(f) is "manifest.json" or "increment.json" or "snapshot.manifest"
                ) ?? Damaged;
            var largest = files
                .Where(f => Path.GetFileName(f) is not ("lsm.wal" or ".backuptools.pages"))
                .MaxBy(f => new FileInfo(f).Length)!;
            switch (_damage)
            {
                case "gone" when isFile:
                    File.Delete(Damaged);
                    break;
                case "gone":
                    Directory.Delete(Damaged, recursive: true);
                    break;
                case "half":
                    File.WriteAllBytes(largest, File.ReadAllBytes(largest)[..(int)(new FileInfo(largest).Length / 2)]);
                    break;
                case "longer":
                    File.AppendAllText(largest, "1234567");
                    break;
                case "flipped":
                    EngineSandbox.Damage(_made[_at]);
                    break;
                default:
                    var bytes = File.ReadAllBytes(header);
                    for (var i = 0; i < Math.Min(64, bytes.Length); i++)
                    {
                        bytes[i] ^= 0x5A;
                    }
                    File.WriteAllBytes(header, bytes);
                    break;
            }
        }

        [GeneratedRegex("(?<=position )[0-9]+(?= explicitly)")]
        private static partial Regex Position();
    }
}
