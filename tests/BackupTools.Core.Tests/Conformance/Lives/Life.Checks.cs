using BackupTools.Errors;
using BackupTools.Operations;
using BackupTools.Reports;

namespace BackupTools.Tests.Conformance.Lives;

/// <summary>What has to be true of the bundles at any time.</summary>
internal sealed partial class Life
{
    /// <summary>Everything that a folder offers, and that thinning it out loses nothing.</summary>
    private void CheckAll(LifeFolder folder)
    {
        if (folder.Captures.Count == 0)
        {
            return;
        }
        var chains = folder.Chains(Host());
        var ids = chains.SelectMany(c => c.Bundles).Select(b => b.Id).ToList();
        if (
            !ids.ToHashSet(StringComparer.Ordinal).SetEquals(folder.Captures.Keys)
            || ids.Count != folder.Captures.Count
        )
        {
            throw new LifeFinding($"{ids.Count} bundles are offered, {folder.Captures.Count} were taken");
        }
        foreach (var chain in chains)
        {
            if (chain.Problems.FirstOrDefault(p => p.Severity == "Error") is { } broken)
            {
                throw new LifeFinding($"a chain is said to be broken: {broken}");
            }
            foreach (var offer in folder.Offers(chain, _clock.HasJumped))
            {
                // A time that has not come, as after a clock that was ahead, may be refused.
                Check(
                    offer.Settings.PointInTime > _clock.GetUtcNow()
                        ? offer with
                        {
                            Rows = [.. offer.Rows, LifeOffer.Refused],
                        }
                        : offer
                );
            }
            Verify(folder, chain);
        }
        CheckNewest(folder);
        var copy = At($"pruned{++_count}");
        CopyTree(folder.Path, copy);
        Prune(folder.CopyTo(copy), 1);
    }

    private void Verify(LifeFolder folder, ChainInfo chain)
    {
        var settings = new VerifySettings
        {
            Path = folder.Path,
            ChainId = chain.ChainId,
            Deep = true,
        };
        foreach (var report in VerifyChain.Run(settings, Host()))
        {
            if (report.Problems.FirstOrDefault(p => p.Severity == "Error") is { } problem)
            {
                throw new LifeFinding($"the deep test finds fault with chain {chain.ChainId}: {problem}");
            }
        }
    }

    /// <summary>The newest state that is offered of each database is the newest that was captured.</summary>
    private void CheckNewest(LifeFolder folder)
    {
        var chains = folder.Chains(Host());
        foreach (var key in folder.Keys)
        {
            var newest = folder.Newest(key)!;
            var last = chains.Last(c => c.Bundles.Any(b => folder.Captures[b.Id].Key == key));
            var isOnly = chains.Select(c => c.Series).Distinct().Count() == 1;
            var asked = isOnly ? null : last.ChainId;
            Check(
                LifeOffer.Latest(folder, asked, [newest.History[^1].Rows]) with
                {
                    OtherRows =
                    [
                        .. DatedLater(folder, newest),
                        .. InDoubt(folder, newest, chains.SelectMany(c => c.Bundles).Single(b => b.Id == newest.Id)),
                    ],
                }
            );
            if (isOnly)
            {
                CheckEngine(folder, newest);
            }
        }
    }

    /// <summary>
    /// Where nothing but dates says that a bundle is the newest, those that are dated later may be taken for it: with a
    /// word about it when one is dated after now, and without when nobody can tell any more. One that says after what it
    /// was taken, because the clock had been set back before, seems to speak of all that is dated before that.
    /// </summary>
    private IEnumerable<(string Rows, string? Said)> DatedLater(LifeFolder folder, LifeCapture newest) =>
        newest.IsOurs || _subject.OrdersBackups
            ? []
            : folder
                .Captures.Values.Where(c => c.CreatedUtc > newest.CreatedUtc)
                .Select(c =>
                    (
                        c.History[^1].Rows,
                        c.CreatedUtc > _clock.GetUtcNow()
                        && !folder.Captures.Values.Any(e => e.Order < c.Order && e.CreatedUtc > c.CreatedUtc)
                            ? ""
                            : null
                    )
                );

    /// <summary>
    /// A full that the engine made while the clock was behind may be taken for older than ours, which know that it was
    /// set back: with a warning that names it.
    /// </summary>
    private IEnumerable<(string Rows, string? Said)> InDoubt(
        LifeFolder folder,
        LifeCapture newest,
        BundleInfo bundle
    ) =>
        newest.IsOurs || _subject.OrdersBackups || !_clock.HasJumped
            ? []
            : folder
                .Captures.Values.Where(c => c.IsOurs && c.CreatedUtc <= newest.CreatedUtc)
                .Select(c => (c.History[^1].Rows, (string?)bundle.Name));

    /// <summary>The engine makes the same of the folder.</summary>
    private void CheckEngine(LifeFolder folder, LifeCapture newest)
    {
        var scratch = At($"engine{++_count}");
        Directory.CreateDirectory(scratch);
        var path = Path.Combine(scratch, _subject.FileOf(_name));
        if (_subject.RestoreByEngine(folder.Path, path, newest.IsOurs))
        {
            var (expected, rows) = (newest.History[^1].Rows, LifeState.Text(_subject.Read(path)));
            if (rows != expected)
            {
                throw new LifeFinding($"the engine must restore the folder to {expected}, and restores to {rows}");
            }
        }
        Directory.Delete(scratch, recursive: true);
    }

    private void Check(LifeOffer offer)
    {
        var scratch = At($"restored{++_count}");
        Directory.CreateDirectory(scratch);
        var path = Path.Combine(scratch, _subject.FileOf(_name));
        var rows = Restore(offer, path, force: false) ? LifeState.Text(_subject.Read(path)) : LifeOffer.Refused;
        if (
            !offer.Rows.Contains(rows, StringComparer.Ordinal)
            && !offer.OtherRows.Any(o => o.Rows == rows && IsSaid(o.Said))
        )
        {
            throw new LifeFinding(
                $"{offer.What} must restore to {string.Join(" or ", offer.Rows)}, and restores to {rows}"
                    + string.Concat(_warnings.Select(w => $"\n    warning: {w}"))
            );
        }
        Directory.Delete(scratch, recursive: true);
    }

    private bool IsSaid(string? text) =>
        text is null || _warnings.Exists(w => w.Contains(text, StringComparison.Ordinal));

    /// <summary>Restores; false when that is refused and may be.</summary>
    private bool Restore(LifeOffer offer, string path, bool force)
    {
        _warnings.Clear();
        var settings = new RestoreSettings
        {
            Path = offer.Settings.Path,
            ChainId = offer.Settings.ChainId,
            ToPosition = offer.Settings.ToPosition,
            PointInTime = offer.Settings.PointInTime,
            DestinationPath = path,
            Force = force,
        };
        var host = Host();
        try
        {
            Verbs.Restore(settings, host);
            return true;
        }
        catch (BackupException e)
            when (e.Code == ErrorCode.TargetNotCovered && offer.Rows.Contains(LifeOffer.Refused, StringComparer.Ordinal)
            )
        {
            return false;
        }
        catch (BackupException e)
        {
            throw new LifeFinding($"{offer.What} is offered and refused: {e.Describe()}", e);
        }
    }
}
