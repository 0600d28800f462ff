using System.Diagnostics;
using BackupTools.Errors;

namespace BackupTools.Files.Stores;

/// <summary>
/// What is known of the names in a store. Nothing but ourselves changes it under an operation: whatever lies below a folder
/// is listed once, in one go, when its first name is asked for. What is not published yet is not shown
/// (<see cref="StoreMarks"/>).
/// </summary>
/// <param name="scheme">Of the store.</param>
/// <param name="list">The objects of a bucket that begin with a prefix and come after a key, at most so many.</param>
/// <param name="read">All bytes of a small object.</param>
/// <param name="now">The time by the store's clock.</param>
internal sealed class StoreIndex(
    string scheme,
    Func<string, string, string?, int, ObjectPage> list,
    Func<string, StoreObject, byte[]> read,
    Func<DateTimeOffset> now
)
{
    private const int PageLength = 1000;
    private const int MostListings = 10;

    /// <summary>Clocks are known in whole seconds.</summary>
    private static readonly TimeSpan ClockStep = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Node> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, StoreObject> _objects = new(StringComparer.Ordinal);
    private readonly HashSet<string> _listed = new(StringComparer.Ordinal);
    private readonly Dictionary<string, PendingBundle> _pending = new(StringComparer.Ordinal);
    private ulong _count;

    /// <summary>What is there; null when nothing is.</summary>
    public Node? Find(string bucket, string key)
    {
        lock (_gate)
        {
            return Listed(_nodes, bucket, key);
        }
    }

    /// <summary>The object itself, shown or not; null when there is none.</summary>
    public StoreObject? Object(ObjectName name)
    {
        lock (_gate)
        {
            return Listed(_objects, name.Bucket, name.Key);
        }
    }

    /// <summary>The bundles that were begun in a folder, and are not published.</summary>
    public IReadOnlyList<PendingBundle> Pending(string bucket, string folder)
    {
        lock (_gate)
        {
            Listed(_nodes, bucket, folder);
            var marks = NameOf(bucket, StoreMarks.In(folder, ""));
            return [.. _pending.Where(p => p.Key.StartsWith(marks, StringComparison.Ordinal)).Select(p => p.Value)];
        }
    }

    /// <summary>The keys with a prefix of what is there, shown or not, in a folder that was listed.</summary>
    public IReadOnlyList<string> Keys(string bucket, string prefix)
    {
        lock (_gate)
        {
            return
            [
                .. _objects
                    .Where(o => o.Key.StartsWith(NameOf(bucket, prefix), StringComparison.Ordinal))
                    .Select(o => o.Value.Key),
            ];
        }
    }

    /// <summary>Every request is listed again.</summary>
    public void Forget()
    {
        lock (_gate)
        {
            _nodes.Clear();
            _objects.Clear();
            _listed.Clear();
            _pending.Clear();
        }
    }

    /// <summary>Notes an object that was put there; it is shown once it is published.</summary>
    public void Put(string bucket, StoreObject what)
    {
        lock (_gate)
        {
            _objects[NameOf(bucket, what.Key)] = what;
        }
    }

    /// <summary>Shows an object no more, nor folders with nothing else in them; it is still there.</summary>
    public void Hide(ObjectName name)
    {
        lock (_gate)
        {
            var at = NameOf(name.Bucket, name.Key);
            if (!_nodes.TryGetValue(at, out var node))
            {
                return;
            }
            node.Object = null;
            while (at.LastIndexOf('/') is var end and > 0 && node is { Object: null, Children.Count: 0 })
            {
                _nodes.Remove(at);
                at = at[..end];
                _nodes[at].Children.Remove(node);
                node = _nodes[at];
            }
        }
    }

    /// <summary>Notes that an object was removed that is not shown.</summary>
    public void Remove(ObjectName name)
    {
        lock (_gate)
        {
            _objects.Remove(NameOf(name.Bucket, name.Key));
        }
    }

    /// <summary>Shows what was put there.</summary>
    public void Show(ObjectName name)
    {
        lock (_gate)
        {
            Add(name.Bucket, _objects[NameOf(name.Bucket, name.Key)]);
        }
    }

    private T? Listed<T>(Dictionary<string, T> names, string bucket, string key)
        where T : class
    {
        var name = NameOf(bucket, key);
        if (!IsListed(name))
        {
            List(bucket, key);
            _listed.Add(name);
        }
        return names.GetValueOrDefault(name);
    }

    private static string NameOf(string bucket, string key) => key.Length == 0 ? bucket : $"{bucket}/{key}";

    private bool IsListed(string name)
    {
        for (var length = name.Length; length > 0; length = name.LastIndexOf('/', length - 1))
        {
            if (_listed.Contains(name[..length]))
            {
                return true;
            }
        }
        return false;
    }

    private void List(string bucket, string key)
    {
        var folder = key.Length == 0 ? "" : key + "/";
        List<StoreObject>? found;
        IReadOnlyList<PendingBundle> pending;
        for (var i = 0; (found = AtOnce(bucket, key, folder, out pending)) is null; i++)
        {
            if (i == MostListings)
            {
                throw new BackupException(
                    ErrorCode.BackupRunning,
                    "bundles come or go each time this is listed",
                    NameOf(bucket, key),
                    recommendation: "Run again when nothing is being written there."
                );
            }
        }
        if (key.Length == 0)
        {
            _nodes.TryAdd(bucket, new Node(bucket, ++_count));
        }
        else if (found.Count == 0 && list(bucket, key, null, 1).Objects is [var only] && only.Key == key)
        {
            // The first key that begins so is the key itself, if there is such an object.
            found.Add(only);
        }
        foreach (var one in found)
        {
            _objects[NameOf(bucket, one.Key)] = one;
        }
        foreach (var one in pending)
        {
            _pending[NameOf(bucket, one.Begin.Key)] = one;
        }
        foreach (var shown in StoreMarks.Shown(found, pending))
        {
            Add(bucket, shown);
        }
    }

    /// <summary>All objects of a folder and what their marks say, of one moment; null where it changed meanwhile.</summary>
    private List<StoreObject>? AtOnce(
        string bucket,
        string key,
        string folder,
        out IReadOnlyList<PendingBundle> pending
    )
    {
        pending = [];
        var began = Stopwatch.GetTimestamp();
        var found = All(bucket, folder);
        // By the store's clock, which is known by now.
        var since = now() - Stopwatch.GetElapsedTime(began) - ClockStep;
        if (found.Count > PageLength && HasChanged(bucket, key, found, since))
        {
            return null;
        }
        try
        {
            // Only what was listed is read: which marks count is said by the lease of the same moment.
            pending = StoreMarks.Pending(k => new ObjectName(scheme, bucket, k), found, what => read(bucket, what));
            return found;
        }
        catch (BackupException e) when (e.Code is ErrorCode.ReadFailed or ErrorCode.PathNotFound)
        {
            return null;
        }
    }

    private List<StoreObject> All(string bucket, string prefix)
    {
        var found = new List<StoreObject>();
        for (var more = true; more; )
        {
            var page = list(bucket, prefix, found.Count == 0 ? null : found[^1].Key, PageLength);
            found.AddRange(page.Objects);
            more = page.HasMore && page.Objects.Count > 0;
        }
        return found;
    }

    /// <summary>
    /// One page is of one moment. Where there were more, a bundle may have come or gone between them: then its marks have,
    /// which are the first of their folder perhaps: then something there is as young.
    /// </summary>
    private bool HasChanged(string bucket, string key, List<StoreObject> found, DateTimeOffset since) =>
        StoreMarks
            .FoldersIn(found)
            .Concat(found.Where(o => o.ModifiedUtc >= since).SelectMany(o => MarksAbove(o.Key, key)))
            .Distinct(StringComparer.Ordinal)
            .Any(marks =>
                !All(bucket, marks)
                    .Where(StoreMarks.IsMark)
                    .Select(m => (m.Key, m.ETag))
                    .SequenceEqual(
                        found
                            .Where(m => m.Key.StartsWith(marks, StringComparison.Ordinal) && StoreMarks.IsMark(m))
                            .Select(m => (m.Key, m.ETag))
                    )
            );

    /// <summary>Where the marks of the folders would be that an object is in, as far as those were listed.</summary>
    private static IEnumerable<string> MarksAbove(string key, string listed)
    {
        for (var end = key.LastIndexOf('/'); end > listed.Length; end = key.LastIndexOf('/', end - 1))
        {
            yield return StoreMarks.In(key[..end], "");
        }
        yield return StoreMarks.In(listed, "");
    }

    private void Add(string bucket, StoreObject what)
    {
        // A name that no file can have is never asked for. What ends with a separator stands for a folder, and may be empty.
        var parts = what.Key.Split('/');
        var isFolder = parts[^1].Length == 0;
        if (parts[..^1].Any(IsNoName) || (!isFolder && IsNoName(parts[^1])))
        {
            return;
        }
        var at = _nodes.GetValueOrDefault(bucket) ?? (_nodes[bucket] = new Node(bucket, ++_count));
        var name = bucket;
        for (var i = 0; i < parts.Length - (isFolder ? 1 : 0); i++)
        {
            name = $"{name}/{parts[i]}";
            if (!_nodes.TryGetValue(name, out var next))
            {
                _nodes[name] = next = new Node(name, ++_count);
                at.Children.Add(next);
            }
            at = next;
        }
        if (!isFolder)
        {
            at.Object = what;
        }
    }

    private static bool IsNoName(string part) => part is "" or "." or ".." || part.AsSpan().IndexOfAny('\\', '\0') >= 0;

    /// <summary>An object, or what keys have in common, which stands for a folder.</summary>
    internal sealed class Node(string name, ulong number)
    {
        /// <summary>Bucket and key.</summary>
        public string Name => name;

        /// <summary>Tells it from every other one of the operation.</summary>
        public ulong Number => number;

        public StoreObject? Object { get; set; }

        public List<Node> Children { get; } = [];

        /// <summary>A key that is also the beginning of others is a folder: no folder on a disk has a content of its own.</summary>
        public bool IsFolder => Object is null || Children.Count > 0;

        /// <summary>All objects here and below.</summary>
        public IEnumerable<Node> Leaves => Children.SelectMany(c => c.Leaves).Concat(Object is null ? [] : [this]);
    }
}
