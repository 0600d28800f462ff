using BackupTools.Chains;
using BackupTools.Errors;
using Microsoft.Data.Sqlite;

namespace BackupTools.Tests.Engines.Sqlite;

/// <summary>Replicas that the real Litestream 0.3.13 makes while a program writes.</summary>
public sealed class SqliteRealLitestreamTests(ITestOutputHelper output) : IDisposable
{
    private const int Steps = 12;
    private const int MostSteps = 40;
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly SqliteBox _box = new();

    private string Source => _box.Harness.At("shop.db");

    private string Replica => _box.Harness.At("replica");

    [RealLitestreamFact]
    public void A_fresh_replica_restores_to_every_step_and_not_past_a_hole()
    {
        var steps = Replicate();
        foreach (var (position, rows) in steps)
        {
            Assert.Equal(rows, Rows(_box.Restore(Replica, position)));
        }
        Assert.Equal(steps[^1].Rows, Rows(_box.Restore(Replica, RestoreTarget.Latest)));
        Assert.DoesNotContain(
            _box.Chains(Replica).Chains.SelectMany(c => c.Problems),
            p => p.Severity > ProblemSeverity.Info
        );
        var theirs = _box.Harness.At("theirs.db");
        var (code, said) = RealLitestream.Restore(Replica, theirs);
        Assert.True(code == 0, said);
        Assert.Equal(steps[^1].Rows, Rows(theirs));

        // On a busy machine Litestream takes its last snapshot when it is stopped: then an older state has the hole.
        var (target, piece) = new ulong?[] { null }
            .Concat(steps.Select(s => (ulong?)s.Position).Reverse())
            .Select(p => (Target: p, Piece: InTheMiddle(p)))
            .First(h => h.Piece is not null);
        File.Delete(piece!);
        Assert.Null(Restored(target));
        if (target is null)
        {
            var cut = _box.Harness.At("cut.db");
            (code, said) = RealLitestream.Restore(Replica, cut);
            // Litestream itself ends with 0 here, and rows are missing or the file is malformed.
            output.WriteLine($"Litestream's restore past the hole: exit code {code} {said}");
            Assert.True(code != 0 || RowsOrDamage(cut) != steps[^1].Rows, said);
        }
    }

    /// <summary>
    /// A piece that the state of a position (null: the newest) needs, between two of the same WAL file; null when there is none.
    /// Litestream misses the first of a file, and one that is missing at its end leaves no trace.
    /// </summary>
    private string? InTheMiddle(ulong? position)
    {
        var way = _box.Plan(Replica, Target(position)).Bundles;
        return Enumerable
            .Range(2, Math.Max(0, way.Count - 3))
            .Where(i => WalFile(way[i - 1]) == WalFile(way[i]) && WalFile(way[i]) == WalFile(way[i + 1]))
            .Select(i => way[i].FullName)
            .LastOrDefault();
    }

    private static RestoreTarget Target(ulong? position) =>
        position is { } value ? new RestoreTarget.PositionTarget(value) : RestoreTarget.Latest;

    private static string WalFile(BundleHeader piece) => WalFile(piece.FullName);

    private static string WalFile(string piece) => Path.GetFileName(piece).Split('_')[0];

    /// <summary>
    /// Readers come and go, so that log files grow and snapshots are taken in the middle of them. What is missing at the
    /// end of a log file is the only thing that may go unseen, and then it is said that it may.
    /// </summary>
    [RealLitestreamFact]
    public void Whatever_piece_is_missing_no_state_is_made_up_without_a_word()
    {
        var states = ReplicateBesideReaders();
        foreach (var position in Positions().Distinct())
        {
            Assert.True(
                Restored(position) is not { } rows || states.Contains(rows),
                $"{position} is no state that was"
            );
        }
        var pieces = Directory.GetFiles(Replica, "*.lz4", SearchOption.AllDirectories).Order().ToList();
        var (refused, sound, unseen) = (0, 0, 0);
        foreach (var i in SoakBudget.Sample(pieces.Count, everyday: 12))
        {
            var away = _box.Harness.At("away");
            File.Move(pieces[i], away);
            foreach (var target in Targets(pieces[i]))
            {
                _box.Harness.Warnings.Clear();
                var rows = Restored(target);
                var wasThere = rows is null || states.Contains(rows);
                (refused, sound, unseen) =
                    rows is null ? (refused + 1, sound, unseen)
                    : wasThere ? (refused, sound + 1, unseen)
                    : (refused, sound, unseen + 1);
                Assert.True(
                    wasThere
                        || (
                            WalFile(pieces[i]) != WalFile(pieces.ElementAtOrDefault(i + 1) ?? "")
                            && _box.Harness.Warnings.Exists(w =>
                                w.Contains("may go unnoticed", StringComparison.Ordinal)
                            )
                        ),
                    $"{target} without {pieces[i]}"
                );
            }
            File.Move(away, pieces[i]);
        }
        output.WriteLine($"{pieces.Count} files: refused {refused}, sound {sound}, unseen but doubted {unseen}");
        Assert.True(refused > 0 && sound > 0);
    }

    /// <summary>The newest state, those right behind the file, and one far behind it.</summary>
    private List<ulong?> Targets(string file)
    {
        var all = _box.Chains(Replica).Chains.SelectMany(c => c.Bundles).ToList();
        var behind = all.Where(b => string.CompareOrdinal(b.Name, Path.GetFileName(file)) > 0)
            .OrderBy(b => b.Name, StringComparer.Ordinal)
            .Select(b => (ulong?)b.End.Value)
            .ToList();
        return [null, .. behind.Take(2), .. behind.Skip(behind.Count / 2).Take(1)];
    }

    /// <summary>The rows of a position, null for the newest; null where it is refused.</summary>
    private string? Restored(ulong? position)
    {
        try
        {
            var restored = _box.Restore(Replica, Target(position));
            var rows = RowsOrDamage(restored);
            Directory.Delete(Path.GetDirectoryName(restored)!, recursive: true);
            return rows;
        }
        catch (BackupException e)
        {
            Assert.True(
                e.Kind is ErrorKind.Chain || e.Code is ErrorCode.TargetNotCovered or ErrorCode.NoFullBackup,
                e.Describe()
            );
            return null;
        }
    }

    /// <summary>The rows, or what SQLite says of a file that is so damaged that they cannot be read.</summary>
    private static string RowsOrDamage(string database)
    {
        try
        {
            return Rows(database);
        }
        catch (SqliteException e)
        {
            return e.Message;
        }
    }

    /// <summary>Small and large commits beside readers; the rows after each.</summary>
    private HashSet<string> ReplicateBesideReaders()
    {
        var random = new Random(7);
        using var writer = new SqliteWriter(Source, autoCheckpoint: 0);
        var states = new HashSet<string> { Rows(Source) };
        using var litestream = new RealLitestream(Source, Replica);
        Assert.True(SpinWait.SpinUntil(() => Positions().Count > 0, Patience), "no snapshot was taken");
        for (var step = 0; step < 40; step++)
        {
            using var reader = SqliteTestDatabase.Open(Source);
            SqliteTestDatabase.Run(reader, step % 20 < 14 ? "begin; select count(*) from t" : "select 1");
            for (var commit = 0; commit < 3; commit++)
            {
                writer.Run(
                    random.Next(4) switch
                    {
                        0 => $"delete from t where n % 40 = {random.Next(40)}",
                        1 => $"update t set v = hex(randomblob(200)) where n % 9 = {random.Next(9)}",
                        _ => "insert into t select null, hex(randomblob(300)), value from json_each('[1,2,3,4,5]')",
                    }
                );
                states.Add(Rows(Source));
                Thread.Sleep(40);
            }
        }
        litestream.Stop();
        return states;
    }

    /// <summary>0.3 knows generations only; the tests show that it takes our folder for none, and not for another database.</summary>
    [RealLitestreamFact]
    public void Litestream_03_finds_no_backup_in_a_folder_of_ours()
    {
        SqliteTestDatabase.AddRows(Source, 10);
        _box.Harness.Full(Source, _box.Harness.At("b"));
        var out03 = _box.Harness.At("out.db");
        var (code, said) = RealLitestream.Restore(_box.Harness.At("b", "shop.db"), out03);
        Assert.NotEqual(0, code);
        Assert.Contains("no matching backups found", said, StringComparison.Ordinal);
        Assert.False(File.Exists(out03));
    }

    public void Dispose() => _box.Dispose();

    /// <summary>Writes in steps beside Litestream; for each the position at which the replica had it, and its rows.</summary>
    private List<(ulong Position, string Rows)> Replicate()
    {
        using var writer = new SqliteWriter(Source, autoCheckpoint: 0);
        using var litestream = new RealLitestream(Source, Replica);
        Assert.True(SpinWait.SpinUntil(() => Positions().Count > 0, Patience), "no snapshot was taken");
        List<(ulong, string)> steps = [];
        for (var step = 1; step <= Steps || (InTheMiddle(null) is null && step <= MostSteps); step++)
        {
            writer.AddRows(20);
            writer.Run($"update t set v = 'step {step}' where n % 7 = {step % 7}");
            writer.Run(step == 6 ? "delete from t where n % 5 = 0" : "select 1");
            writer.Run(step == 8 ? "create index t_h on t(h)" : "select 1");
            steps.Add((AwaitReplicated(), Rows(Source)));
            Thread.Sleep(Pace); // for snapshots and checkpoints in between
        }
        litestream.Stop();
        return steps;
    }

    /// <summary>The position at which the replica has what the database has now.</summary>
    private ulong AwaitReplicated()
    {
        var rows = Rows(Source);
        var seen = 0ul;
        Assert.True(SpinWait.SpinUntil(HasRows, Patience), "the replica does not get there");
        return seen;

        bool HasRows()
        {
            Thread.Sleep(20);
            var newest = Positions().Max();
            if (newest == seen)
            {
                return false;
            }
            seen = newest;
            return Rows(_box.Restore(Replica, newest)) == rows;
        }
    }

    /// <summary>The rows of the program's table; Litestream writes to tables of its own.</summary>
    private static string Rows(string database) => SqliteRows.Dump(database, "t");

    private List<ulong> Positions() =>
        Directory.Exists(Replica) ? [.. _box.Harness.Read(Replica).Select(h => h.End.Value)] : [];
}
