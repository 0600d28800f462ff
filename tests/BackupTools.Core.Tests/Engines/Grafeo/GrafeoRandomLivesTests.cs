using BackupTools.Errors;

namespace BackupTools.Tests.Engines.Grafeo;

/// <summary>Random lives in the real 0.5.42. What is restored is a state that was, and the newest lacks nothing.</summary>
public class GrafeoRandomLivesTests(ITestOutputHelper output)
{
    public static TheoryData<int> Seeds => [1, 2, 3, 4, Random.Shared.Next(1000, 1_000_000)];

    [RealGrafeo05Theory]
    [MemberData(nameof(Seeds))]
    public void Whatever_a_database_goes_through_its_backups_lack_nothing(int seed)
    {
        output.WriteLine($"seed {seed}");
        using var life = new GrafeoLife();
        new Steps(life, new Random(seed), output.WriteLine).Take(24);
        life.Holds();
    }

    private sealed class Steps(GrafeoLife life, Random random, Action<string> say)
    {
        private readonly List<string> _alive = [];
        private bool _isOpen;
        private bool _hasFull;
        private int _count;

        public void Take(int count)
        {
            for (var step = 0; step < count; step++)
                Step(random.Next(16));
            if (_isOpen)
                Do("kill");
            Do("backup");
        }

        private void Step(int dice) =>
            Do(
                !_isOpen && dice < 10 ? "open"
                : dice < 5 ? "commit"
                : dice == 5 && _alive.Count > 0 ? "delete"
                : dice == 6 && _isOpen ? "schema"
                : dice == 7 && _isOpen ? "rollback"
                : dice is 8 && _isOpen ? "close"
                : dice is 9 && _isOpen ? "kill"
                : dice == 10 ? "full"
                : dice == 11 && _hasFull ? "restore in place"
                : "backup"
            );

        private void Do(string what)
        {
            say(what);
            switch (what)
            {
                case "open":
                    life.Open();
                    break;
                case "commit":
                    _alive.Add($"n{++_count}");
                    life.Commit(_alive[^1]);
                    break;
                case "delete":
                    var gone = random.Next(_alive.Count);
                    life.Delete(_alive[gone]);
                    _alive.RemoveAt(gone);
                    break;
                case "schema":
                    life.Run($"CREATE NODE TYPE T{++_count} (name STRING)");
                    break;
                case "rollback":
                    life.Run("START TRANSACTION").Run("INSERT (:N {name:'undone'})").Run("ROLLBACK");
                    break;
                case "close":
                    life.Close();
                    _isOpen = false;
                    return;
                case "kill":
                    life.Kill();
                    _isOpen = false;
                    return;
                case "full":
                    life.Full();
                    _hasFull = true;
                    return;
                case "restore in place":
                    RestoreInPlace();
                    return;
                default:
                    Backup();
                    return;
            }
            _isOpen = true;
        }

        private void Backup()
        {
            try
            {
                life.IncrementOrFull();
            }
            catch (BackupException e) when (e.Code == ErrorCode.NothingToBackUp) { }
            _hasFull = true;
        }

        private void RestoreInPlace()
        {
            if (_isOpen)
                life.Kill();
            _isOpen = false;
            var epochs = life.Epochs(life.Backups).ToList();
            var chosen = epochs[random.Next(epochs.Count)];
            say($"  to {chosen} of {string.Join(',', epochs)}");
            var names = RealGrafeo05.Names(life.RestoreTo(chosen));
            life.PutInPlace(life.RestoreTo(chosen));
            life.Became([.. names]);
            _alive.Clear();
            _alive.AddRange(names);
        }
    }
}
