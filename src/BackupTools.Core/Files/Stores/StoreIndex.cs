namespace BackupTools.Files.Stores;

/// <summary>
/// What is known of the names in a store. Nothing changes under an operation: whatever lies below a folder is listed
/// once, in one go, when its first name is asked for.
/// </summary>
/// <param name="list">The objects of a bucket that begin with a prefix and come after a key, at most so many.</param>
internal sealed class StoreIndex(Func<string, string, string?, int, ObjectPage> list)
{
    private const int PageLength = 1000;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Node> _nodes = new(StringComparer.Ordinal);
    private readonly HashSet<string> _listed = new(StringComparer.Ordinal);
    private ulong _count;

    /// <summary>What is there; null when nothing is.</summary>
    public Node? Find(string bucket, string key)
    {
        var name = NameOf(bucket, key);
        lock (_gate)
        {
            if (!IsListed(name))
            {
                List(bucket, key);
                _listed.Add(name);
            }
            return _nodes.GetValueOrDefault(name);
        }
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
        string? after = null;
        for (var more = true; more; )
        {
            var page = list(bucket, folder, after, PageLength);
            foreach (var found in page.Objects)
            {
                Add(bucket, found);
                after = found.Key;
            }
            more = page.HasMore && page.Objects.Count > 0;
        }
        if (key.Length == 0)
        {
            _nodes.TryAdd(bucket, new Node(bucket, ++_count));
        }
        else if (!_nodes.ContainsKey(NameOf(bucket, key)))
        {
            // The first key that begins so is the key itself, if there is such an object.
            if (list(bucket, key, null, 1).Objects is [var only] && only.Key == key)
            {
                Add(bucket, only);
            }
        }
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
    }
}
