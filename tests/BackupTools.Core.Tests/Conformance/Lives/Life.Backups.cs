using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Operations;
using BackupTools.Reports;

namespace BackupTools.Tests.Conformance.Lives;

/// <summary>What a life does with backups.</summary>
internal sealed partial class Life
{
    private EngineCapabilities Can => EngineRegistry.Default.ByName(_subject.Engine).Capabilities;

    private void BackUp(LifeStep step)
    {
        var folder = step.Pick >= 9 ? _folders[1] : Bundles;
        var isFull = step.Kind == LifeStepKind.Full;
        var settings = _subject.Choose(
            new BackupSettings
            {
                FullIfNeeded = !isFull && step.Pick is 5 or 6,
                SourcePath = Database,
                DestinationPath = folder.Path,
                Differential =
                    step.Kind == LifeStepKind.Differential && Can.Options.Contains(nameof(EngineOptions.Differential)),
            },
            step.Pick
        );
        var host = Host();
        BundleInfo taken;
        try
        {
            taken = isFull ? Verbs.Full(settings, host) : Verbs.Increment(settings, host);
        }
        catch (BackupException e)
        {
            _story.Add($"{step}: refused, {e.Describe()}");
            RequireReason(
                e,
                new LifeSituation(
                    isFull || settings.FullIfNeeded,
                    folder.Since(Key),
                    folder.Newest(Key),
                    _rows,
                    HoldsOthers: folder.Keys.Any(k => k != Key),
                    settings
                )
            );
            RequireNothingNew(folder);
            return;
        }
        var added = Added(folder);
        _story.Add($"{step}: {Told(added)}{string.Concat(_warnings.Select(w => $"\n    warning: {w}"))}");
        if (!added.Any(b => b.Id == taken.Id))
        {
            throw new LifeFinding($"{step} told of {taken.Name}, which is not in the folder");
        }
        Captured(folder, added, isOurs: true);
    }

    private void RequireReason(BackupException e, LifeSituation situation)
    {
        var newest = situation.Newest;
        var isRight = e.Code switch
        {
            ErrorCode.NoFullBackup => !situation.IsFull && newest is null,
            // Said only where nothing was committed since.
            ErrorCode.NothingToBackUp => newest?.History[^1].Rows == Rows,
            _ => _subject.MayRefuse(situation).Contains(e.Code),
        };
        if (!isRight)
        {
            throw new LifeFinding($"refused without a reason: {e.Code} after {situation.Since}", e);
        }
    }

    private void RequireNothingNew(LifeFolder folder)
    {
        if (Added(folder) is { Count: > 0 } added)
        {
            throw new LifeFinding($"a backup was refused and left {Told(added)}");
        }
    }

    private void EngineBackUp(LifeStep step)
    {
        var folder = step.Pick % 3 == 2 ? _folders[1] : Bundles;
        Directory.CreateDirectory(folder.Path);
        var isDone = _subject.BackUp(Database, folder.Path, full: step.Pick % 3 == 0 || folder.Captures.Count == 0);
        // A try that fails has opened the database all the same.
        Happened(step, LifeEvents.EngineBackUp);
        if (!isDone)
        {
            RequireNothingNew(folder);
            return;
        }
        var added = Added(folder);
        _story.Add($"{step}: {Told(added)}");
        Captured(folder, added, isOurs: false);
    }

    /// <summary>Bundles that were not there before; in the order in which they build on each other.</summary>
    private List<BundleInfo> Added(LifeFolder folder) =>
        [.. folder.Chains(Host()).SelectMany(c => c.Bundles).Where(b => !folder.Captures.ContainsKey(b.Id))];

    private static string Told(IEnumerable<BundleInfo> bundles) =>
        string.Join(
            ", ",
            bundles.Select(b => $"{b.Name} {b.StartPosition}..{b.EndPosition} {b.CreatedUtc:yyyy-MM-dd HH:mm:ss}")
        );

    private void Captured(LifeFolder folder, List<BundleInfo> added, bool isOurs)
    {
        if (added.Count == 0)
        {
            throw new LifeFinding("a backup was taken, and the folder holds nothing new");
        }
        added.ForEach(b => Date(b.FullName));
        Observe();
        if (_subject.HasExactPosition && added[^1].EndPosition != _subject.Position)
        {
            throw new LifeFinding(
                $"the database is at position {_subject.Position}, and its backup says {added[^1].EndPosition}"
            );
        }
        foreach (var bundle in added)
        {
            folder.Add(
                new LifeCapture(
                    bundle.Id,
                    Key,
                    ++_count,
                    new DateTimeOffset(bundle.CreatedUtc),
                    [.. _history],
                    isOurs,
                    IsTip: bundle == added[^1]
                )
            );
        }
        _folders.Where(f => f != folder).ToList().ForEach(f => f.Note(LifeEvents.OtherFolder));
        CheckNewest(folder);
        var chain = folder.Chains(Host()).Single(c => c.Bundles.Any(b => b.Id == added[^1].Id));
        foreach (var offer in folder.Offers(chain, _clock.HasJumped).Where(o => o.IsOf(added[^1])))
        {
            Check(offer);
        }
    }

    /// <summary>Files that were written are dated by the clock of the life, as far as it can be set.</summary>
    private void Date(string path)
    {
        if (_subject.HasOwnClock)
        {
            return;
        }
        var files = Directory.Exists(path) ? Directory.GetFiles(path, "*", SearchOption.AllDirectories) : [path];
        foreach (var file in files.Where(f => File.GetLastWriteTimeUtc(f) < LifeClock.Start))
        {
            File.SetLastWriteTimeUtc(file, _clock.GetUtcNow().UtcDateTime);
        }
    }

    private void RestoreInPlace(LifeStep step)
    {
        var host = Host();
        var offers = Bundles
            .Chains(host)
            .Where(c => Bundles.Captures[c.Bundles[0].Id].Key == Key)
            .SelectMany(c => Bundles.Offers(c, _clock.HasJumped))
            .Where(o => o.Rows.Count == 1)
            .ToList();
        if (offers.Count == 0)
        {
            return;
        }
        var offer = offers[step.Pick * 7 % offers.Count];
        Close();
        Overwrite(offer);
        _rows.Clear();
        foreach (var row in offer.Rows[0].Split(' ').Where(r => r != "(empty)"))
        {
            _rows[row.Split('=')[0]] = row.Split('=')[1];
        }
        _history = [.. offer.History];
        Note(LifeEvents.Restored, $"{step}: {offer.What}, {Rows}");
        EnsureOpen();
    }

    private void Overwrite(LifeOffer offer)
    {
        try
        {
            Restore(offer, Database, force: true);
        }
        catch (LifeFinding e)
            when (e.InnerException is BackupException { Code: ErrorCode.SourceInUse } && _subject.Release(Database))
        {
            _story.Add("what a killed process has left is settled");
            Restore(offer, Database, force: true);
        }
    }

    private void CopyFolder(LifeStep step)
    {
        if (!Directory.Exists(Bundles.Path) || Bundles.Captures.Count == 0)
        {
            return;
        }
        var copy = At($"bundles{++_count}");
        var keepsTimes = step.Pick % 4 != 2;
        if (step.Pick % 2 == 0)
        {
            CopyTree(Bundles.Path, copy, keepsTimes);
        }
        else
        {
            var report = Verbs.Copy(
                new CopySettings
                {
                    Path = Bundles.Path,
                    DestinationPath = copy,
                    Verify = true,
                },
                Host()
            );
            if (report.IsValid != true)
            {
                throw new LifeFinding($"the copy is not valid: {string.Join("; ", report.Problems)}");
            }
        }
        Directory.GetFileSystemEntries(copy).ToList().ForEach(Date);
        _folders.Insert(0, keepsTimes ? Bundles.CopyTo(copy) : WithoutTimes(Bundles.CopyTo(copy)));
        Happened(step, LifeEvents.None);
        CheckNewest(Bundles);
    }

    private void Prune(LifeStep step)
    {
        if (Bundles.Captures.Count > 0)
        {
            Prune(Bundles, 1 + (step.Pick % 2));
            Happened(step, LifeEvents.None);
            Bundles.Note(LifeEvents.Pruned);
        }
    }

    /// <summary>Whatever the clock did, what was taken last of a database stays.</summary>
    private void Prune(LifeFolder folder, int keepLast)
    {
        var report = Verbs.Expire(new ExpirySettings { Path = folder.Path, KeepLast = keepLast }, Host());
        folder.Recognise(folder.Chains(Host()).SelectMany(c => c.Bundles));
        var left = folder.Chains(Host()).SelectMany(c => c.Bundles).Select(b => b.Id).ToHashSet(StringComparer.Ordinal);
        var newest = folder.Keys.Select(folder.Newest).OfType<LifeCapture>().ToList();
        var gone = folder.Captures.Keys.Where(id => !left.Contains(id)).ToList();
        folder.Remove(gone);
        // What nothing but its date could tell, and what is not dated after now, nobody can know for the newest.
        bool MayGo(LifeCapture c) => DatedLater(folder, c).Any(later => later.Said is null);
        if (newest.FirstOrDefault(n => !left.Contains(n.Id) && !MayGo(n)) is { } lost)
        {
            throw new LifeFinding(
                $"prune --keep-last {keepLast} removed the newest bundle, {lost.Id[..12]} of {lost.CreatedUtc:O}: "
                    + string.Join("; ", report.Decisions.Select(d => $"{Path.GetFileName(d.FullName)} {d.Keep}"))
            );
        }
        CheckNewest(folder);
    }

    /// <summary>
    /// A bundle that was dated by its files is dated by its name from then on, which tells nobody that a clock was wrong,
    /// unless that date had not come when the folder was copied.
    /// </summary>
    private LifeFolder WithoutTimes(LifeFolder copy)
    {
        foreach (var bundle in copy.Chains(Host()).SelectMany(c => c.Bundles))
        {
            if (_subject.DateInName(bundle.Name) is { } named && !ClockOrder.IsAfter(named, _clock.GetUtcNow()))
            {
                copy.Date(bundle.Id, named);
            }
        }
        return copy;
    }

    /// <summary>As cp -a does it, or cp -r.</summary>
    private void CopyTree(string from, string to, bool keepsTimes = true)
    {
        Directory.CreateDirectory(to);
        foreach (var entry in new DirectoryInfo(from).EnumerateFileSystemInfos())
        {
            var target = Path.Combine(to, entry.Name);
            if (entry is DirectoryInfo)
            {
                CopyTree(entry.FullName, target, keepsTimes);
            }
            else
            {
                File.Copy(entry.FullName, target);
                File.SetLastWriteTimeUtc(target, keepsTimes ? entry.LastWriteTimeUtc : _clock.GetUtcNow().UtcDateTime);
            }
        }
    }
}
