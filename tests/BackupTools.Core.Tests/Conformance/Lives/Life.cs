using System.Globalization;
using BackupTools.Operations;
using BackupTools.Tests.Files;

namespace BackupTools.Tests.Conformance.Lives;

/// <summary>
/// One life of a database and its backups. The model knows the rows after every step; whatever a backup offers has to
/// restore to the rows of its moment, and what is refused has to be refused for something that happened.
/// </summary>
internal sealed partial class Life : IDisposable
{
    private readonly ILifeSubject _subject;
    private readonly TempFolder _root = new(TempFolder.Memory);
    private readonly LifeClock _clock;
    private readonly List<string> _story = [];
    private readonly List<string> _warnings = [];
    private readonly List<LifeFolder> _folders = [];
    private readonly SortedDictionary<string, string> _rows = new(StringComparer.Ordinal);
    private readonly List<LifeChange> _pending = [];
    private List<LifeState> _history = [];
    private string _place;
    private string _name = "shop";
    private bool _isOpen;
    private int _count;

    private Life(ILifeSubject subject)
    {
        _subject = subject;
        _clock = new LifeClock(subject.HasOwnClock);
        subject.Clock = _clock;
        _place = Folder("place");
        _folders.Add(new LifeFolder(At("bundles")));
        _folders.Add(new LifeFolder(At("others")));
    }

    /// <summary>The folder that backups go to, unless the other one is meant.</summary>
    private LifeFolder Bundles => _folders[0];

    private string Database => Path.Combine(_place, _subject.FileOf(_name));

    private string Key => _subject.KeyOf(Database);

    private string Rows => LifeState.Text(_rows);

    /// <summary>Lives a life.</summary>
    /// <exception cref="LifeFinding">It showed something that must not be; the story so far is told.</exception>
    public static void Run(ILifeSubject subject, IReadOnlyList<LifeStep> steps)
    {
        using var life = new Life(subject);
        try
        {
            life.Run(steps);
        }
        catch (Exception e)
        {
            throw new LifeFinding(
                $"{e.Message}\n  life: {LifeStep.Write(steps)}\n  {string.Join("\n  ", life._story)}",
                e
            );
        }
    }

    public void Dispose()
    {
        _subject.Dispose();
        _root.Dispose();
    }

    private void Run(IReadOnlyList<LifeStep> steps)
    {
        _subject.Create(Database, steps.Count > 0 ? steps[^1].Pick : 0);
        _isOpen = true;
        Observe();
        foreach (var step in steps)
        {
            _clock.Tick();
            _warnings.Clear();
            Do(step);
            Observe();
        }
        _folders.ForEach(CheckAll);
    }

    private void Do(LifeStep step)
    {
        switch (step.Kind)
        {
            case LifeStepKind.Commit:
                Commit(step.Pick);
                break;
            case LifeStepKind.Begin:
                Begin(step.Pick);
                break;
            case LifeStepKind.Checkpoint:
                EnsureOpen();
                if (_subject.Checkpoint(step.Pick))
                {
                    Happened(step, LifeEvents.Checkpointed);
                }
                break;
            case LifeStepKind.Close:
                Close();
                break;
            case LifeStepKind.Open:
                EnsureOpen();
                break;
            case LifeStepKind.Kill when _isOpen:
                _subject.Kill(step.Pick);
                Stopped();
                Happened(step, LifeEvents.Killed);
                break;
            case LifeStepKind.Restore:
                RestoreInPlace(step);
                break;
            case LifeStepKind.Replace:
                Replace(step);
                break;
            case LifeStepKind.Move:
                Move(step, Folder($"place{++_count}"), _name, LifeEvents.Moved);
                break;
            case LifeStepKind.Rename:
                Move(step, _place, _name == "shop" ? "store" : "shop", LifeEvents.Renamed);
                break;
            case LifeStepKind.Forward:
                _clock.Jump(Jump(step.Pick));
                Happened(step, LifeEvents.Forward);
                break;
            case LifeStepKind.Back:
                _clock.Jump(-Jump(step.Pick));
                Happened(step, LifeEvents.Back);
                break;
            case LifeStepKind.Engine:
                EngineBackUp(step);
                break;
            case LifeStepKind.Copy:
                CopyFolder(step);
                break;
            case LifeStepKind.Prune:
                Prune(step);
                break;
            case LifeStepKind.Full or LifeStepKind.Increment or LifeStepKind.Differential:
                BackUp(step);
                break;
        }
    }

    private static TimeSpan Jump(int pick) => pick % 2 == 0 ? TimeSpan.FromHours(3) : TimeSpan.FromDays(40);

    private void Commit(int pick)
    {
        EnsureOpen();
        var changes = _subject.Possible(Changes(pick), areLeftOpen: false);
        _subject.Commit(changes);
        LifeChange.Apply([.. _pending, .. changes], _rows);
        _pending.Clear();
        Note(LifeEvents.Committed, $"commit {Rows}");
    }

    private void Begin(int pick)
    {
        EnsureOpen();
        var changes = _subject.Possible([.. Changes(pick).Where(c => !c.IsTable)], areLeftOpen: true);
        if (_pending.Count == 0 && changes.Count > 0 && _subject.Begin(changes))
        {
            _pending.AddRange(changes);
            Note(LifeEvents.LeftOpen, "a transaction is left open");
        }
    }

    /// <summary>Most commits set one row to what no row ever was; some set two, delete one, or drop a table.</summary>
    private List<LifeChange> Changes(int pick)
    {
        var value = string.Create(CultureInfo.InvariantCulture, $"{++_count}");
        LifeChange Put(int n) => new($"t{n % 2}/{n % 5}", value);
        return pick switch
        {
            7 => [Put(_count), Put(_count + 1)],
            8 or 9 when _rows.Count > 0 => [new LifeChange(_rows.Keys.ElementAt(_count % _rows.Count), null)],
            10 when _rows.Count > 0 => [new LifeChange(_rows.Keys.ElementAt(_count % _rows.Count).Split('/')[0], null)],
            11 => [new LifeChange($"t{_count}/0", value)],
            _ => [Put(pick < 4 ? _count : pick)],
        };
    }

    private void Close()
    {
        if (_isOpen)
        {
            _subject.Close();
            Stopped();
            Observe();
            Note(LifeEvents.Closed, "close");
        }
    }

    private void EnsureOpen()
    {
        if (!_isOpen)
        {
            _subject.Open(Database);
            _isOpen = true;
            _story.Add("open");
            Observe();
        }
    }

    private void Stopped()
    {
        _isOpen = false;
        _pending.Clear();
    }

    private void Replace(LifeStep step)
    {
        Close();
        foreach (var file in _subject.FilesAt(Database))
        {
            Delete(file);
        }
        _rows.Clear();
        _history = [];
        _subject.Create(Database, step.Pick);
        _isOpen = true;
        Happened(step, LifeEvents.Replaced);
    }

    private void Move(LifeStep step, string place, string name, LifeEvents happened)
    {
        Close();
        var from = _subject.FilesAt(Database).ToList();
        (_place, _name) = (place, name);
        foreach (var (old, now) in from.Zip(_subject.FilesAt(Database)))
        {
            if (Path.Exists(old))
            {
                Directory.Move(old, now);
            }
        }
        Happened(step, happened);
    }

    /// <summary>Notes the state after a step; where positions begin anew, what was before is no way to it.</summary>
    private void Observe()
    {
        var state = new LifeState(Rows, _subject.Position);
        if (_history.Count > 0 && state.Position < _history[^1].Position)
        {
            _history = [];
        }
        if (_history.Count == 0 || state != _history[^1])
        {
            _history.Add(state);
        }
    }

    private void Happened(LifeStep step, LifeEvents happened) => Note(happened, step.ToString());

    private void Note(LifeEvents happened, string told)
    {
        _folders.ForEach(f => f.Note(happened));
        _story.Add(told);
    }

    private OperationHost Host() =>
        new()
        {
            Clock = _clock,
            Warning = _warnings.Add,
            ThrottleLimit = 1,
        };

    private string At(string name) => Path.Combine(_root.Path, name);

    private string Folder(string name) => Directory.CreateDirectory(At(name)).FullName;

    private static void Delete(string path)
    {
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }
        else if (File.Exists(path))
        {
            File.Delete(path);
        }
    }
}
