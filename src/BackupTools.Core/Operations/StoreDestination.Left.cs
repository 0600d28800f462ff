using BackupTools.Files;
using BackupTools.Files.Stores;

namespace BackupTools.Operations;

/// <summary>
/// What interrupted runs left in a store, for this one to continue or remove. Its marks stay for as long as the store may
/// still receive requests of such a run: what those bring is then hidden, and removed with the mark.
/// </summary>
internal sealed partial class StoreDestination
{
    /// <summary>What interrupted runs began, by name.</summary>
    private readonly Dictionary<string, PendingBundle> _left = new(StringComparer.Ordinal);

    public void Complete()
    {
        foreach (var left in _left.Values)
        {
            // Nobody sees it: where it may not be removed, it may stay.
            var what = IsRemoval(left.Name) ? "what was pruned" : $"what an interrupted run left behind: {left.Name}";
            Removal.Try(
                () =>
                {
                    Remove(left.Keys);
                    // What the store receives of it only now stays hidden, and goes with the mark.
                    if (left.LeftUtc is not { } since || _writer.Now - since >= _host.Stores.HeldBack)
                    {
                        _writer.Delete(left.Begin.Key);
                    }
                    _host.Verbose?.Invoke($"removed {what}");
                },
                text =>
                {
                    // Another run that has taken over removes it.
                    _lease.RequireHeld();
                    _host.Warning?.Invoke($"{what}: remains, hidden, as it {text}");
                }
            );
        }
        _left.Clear();
        RemoveParked();
    }

    /// <summary>
    /// What interrupted runs began is from now on this run's, and nothing that they may still have on the way counts any more:
    /// neither another version of their marks, nor a mark that comes only now.
    /// </summary>
    private void TakeOver(IReadOnlyList<PendingBundle> pending)
    {
        foreach (var left in pending.Where(p => !p.IsSuperseded))
        {
            Unshare(left);
            _left[left.Name] = Rewrite(left with { LeftUtc = left.LeftUtc ?? _writer.Now });
        }
        _lease.Fence();
        foreach (var late in pending.Where(p => p.IsSuperseded))
        {
            _writer.TryDelete(late.Begin.Key);
        }
    }

    /// <summary>
    /// What others share with an unfinished bundle is reset to what it was, so that they can continue; what only the
    /// bundle has stays hidden, for the run that continues it.
    /// </summary>
    private void Unshare(PendingBundle pending)
    {
        foreach (var (key, content) in pending.Meanwhile)
        {
            var there = _writer.Known(key);
            if (content is null)
            {
                _ = there is null || _writer.TryDelete(key);
            }
            else if (
                there is null
                || StoreDigest.Bare(there.ETag) != StoreDigest.ETag([StoreDigest.Md5(content)], isWhole: true)
            )
            {
                PutOurs(key, content, IfUnchanged(key));
            }
        }
    }

    /// <summary>The mark no longer names these keys.</summary>
    private PendingBundle Without(PendingBundle pending, HashSet<string> shared, HashSet<string> keys)
    {
        var rest = pending with
        {
            Keys = [.. pending.Keys.Where(k => !keys.Contains(k))],
            Meanwhile = pending.Meanwhile.Where(m => !shared.Contains(m.Key)).ToDictionary(StringComparer.Ordinal),
        };
        if (rest.Keys.Count == pending.Keys.Count && rest.Meanwhile.Count == pending.Meanwhile.Count)
        {
            return pending;
        }
        return Rewrite(rest);
    }

    private PendingBundle Rewrite(PendingBundle pending)
    {
        var begin = pending.Begin.Key;
        PutOurs(begin, BeginOf(pending.Keys, pending.Meanwhile, pending.LeftUtc), new PutIf(pending.Begin.ETag));
        return pending with { Begin = _writer.Known(begin)! };
    }

    /// <summary>What other interrupted runs hid of this is from now on this run's to hide, or to show.</summary>
    private void TakeFromOthers(string name, IReadOnlyCollection<string> shared, IReadOnlyCollection<string> keys)
    {
        HashSet<string> all = [.. shared, .. keys];
        foreach (var other in _left.Values.Where(l => l.Name != name).ToList())
        {
            _left[other.Name] = Without(other, [.. shared], all);
        }
    }

    private byte[] BeginOf(
        IReadOnlyList<string> keys,
        IReadOnlyDictionary<string, byte[]?> meanwhile,
        DateTimeOffset? leftUtc = null
    ) =>
        StoreMarks.WriteBegin(
            [.. keys.Select(Below)],
            meanwhile.ToDictionary(m => Below(m.Key), m => m.Value),
            _lease.Number,
            leftUtc
        );
}
