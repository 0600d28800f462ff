using System.Collections.Concurrent;
using System.Globalization;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Files.Stores;

namespace BackupTools.Operations;

/// <summary>
/// How bundles go from a store, all of a run at once: a mark that is never ended hides them, and says what is shown of the
/// rest (a manifest) until that has its new content. Whatever dies after that is finished by the next run.
/// </summary>
internal sealed partial class StoreDestination
{
    /// <summary>What was removed goes by this name, that of no bundle, and the number of the run.</summary>
    private const string Removed = "removal/";

    private string OwnRemoval => $"{Removed}{_lease.Number}";

    private static bool IsRemoval(string name) => name.StartsWith(Removed, StringComparison.Ordinal);

    public IReadOnlyDictionary<string, BackupException> Retained(IReadOnlyList<string> bundles)
    {
        var retained = new ConcurrentDictionary<string, BackupException>(StringComparer.Ordinal);
        if (bundles.Count > 0)
        {
            var denied = WhyNothingGoes();
            HashingCopy.ForEach(
                bundles,
                _host.Stores.Parallel,
                (bundle, _) =>
                {
                    if ((denied ?? RetentionOf(bundle)) is { } why)
                    {
                        retained[bundle] = why;
                    }
                },
                _host.Cancellation
            );
        }
        return retained;
    }

    /// <summary>Found out by removing what is not there.</summary>
    private BackupException? WhyNothingGoes()
    {
        var nothing = StoreMarks.In(_writer.Folder, Removed + "nothing");
        return _writer.TryDelete(nothing)
            ? null
            : new BackupException(
                ErrorCode.StoreRetained,
                "these credentials may not delete anything, so all bundles stay",
                $"{_writer.NameOf(_writer.Folder)}"
            );
    }

    private BackupException? RetentionOf(string bundle)
    {
        StoreRetention? longest = null;
        foreach (var key in _writer.Below(KeyOf(_host.Encrypted.Real(bundle))))
        {
            if (_writer.Retention(key) is { } found && (longest is null || found.UntilUtc > longest.UntilUtc))
            {
                longest = found;
            }
        }
        return longest is null || longest.UntilUtc <= _writer.Now
            ? null
            : new BackupException(
                ErrorCode.StoreRetained,
                longest.UntilUtc == StoreRetention.Held.UntilUtc
                    ? "the bundle is under a legal hold"
                    : $"the store keeps the bundle until {longest.UntilUtc.ToString("yyyy-MM-dd HH:mm'Z'", CultureInfo.InvariantCulture)}",
                bundle
            );
    }

    private void Remove(IReadOnlyList<PublishStep> steps, IReadOnlyList<Item> items)
    {
        var gone = steps.Select(s => KeyOf(s.FinalPath)).SelectMany(WithMarks).ToList();
        if (gone.Count == 0 && items.Count == 0)
        {
            return;
        }
        var shared = items.Where(i => i.IsShared).ToList();
        var own = items.Except(shared).ToList();
        var left = (_left.GetValueOrDefault(OwnRemoval)?.Keys ?? []).Except(items.Select(i => i.Key)).ToList();
        if (own.Count > 0)
        {
            // What is written again is hidden until the rest is removed.
            Hide([.. left, .. own.Select(i => i.Key)], NothingElse);
            TakeFromOthers(OwnRemoval, [], [.. own.Select(i => i.Key)]);
            Send(own, _left.Keys.Any(IsRemoval) ? _uploads ??= _writer.Uploads() : []);
        }
        TakeFromOthers(OwnRemoval, [.. shared.Select(i => i.Key)], []);
        // From here on readers see what stays.
        Hide([.. left, .. gone], shared.ToDictionary(i => i.Key, i => (byte[]?)ContentOf(i)));
        gone.ForEach(k => _store.Index.Hide(_writer.NameOf(k)));
        shared.ForEach(i => Replace(i));
        Show([.. items]);
        var mark = _writer.Known(StoreMarks.BeginOf(_writer.Folder, OwnRemoval))!;
        _left[OwnRemoval] = new PendingBundle(OwnRemoval, mark, [.. left, .. gone], NothingElse);
    }

    private static IReadOnlyDictionary<string, byte[]?> NothingElse { get; } = new Dictionary<string, byte[]?>();

    private void Hide(IReadOnlyList<string> keys, IReadOnlyDictionary<string, byte[]?> meanwhile)
    {
        var mark = StoreMarks.BeginOf(_writer.Folder, OwnRemoval);
        PutOurs(mark, BeginOf(keys, meanwhile), IfUnchanged(mark));
    }

    /// <summary>All that is there of a bundle, and its notes.</summary>
    private IEnumerable<string> WithMarks(string key) =>
        _writer
            .Below(key)
            .Concat(
                new[]
                {
                    StoreMarks.BeginOf(_writer.Folder, Below(key)),
                    StoreMarks.EndOf(_writer.Folder, Below(key)),
                }.Where(mark => _writer.Known(mark) is not null)
            );
}
