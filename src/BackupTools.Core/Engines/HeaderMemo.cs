using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using BackupTools.Errors;
using BackupTools.Files;
using Blake3;

namespace BackupTools.Engines;

/// <summary>
/// What one run has read of bundles, for its second plan: that one lists the folder again, since another run may have
/// written there, and reads only what is not the same as before. It lives no longer than the run and nothing needs it.
/// </summary>
internal sealed class HeaderMemo
{
    /// <summary>
    /// File systems date changes in steps, FAT's of two seconds: of a file that was changed just before it was read, a later
    /// change may not show.
    /// </summary>
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<(string Engine, string Path), (Hash Files, object Found)> _known = new();

    /// <summary>
    /// What <paramref name="read"/> gave before, if every file that it is made of is the very one that it was then; else
    /// what it gives now.
    /// </summary>
    /// <param name="engine">Who reads: each makes something of its own of a bundle.</param>
    /// <param name="path">The bundle.</param>
    /// <param name="files">All that is read of it, as it was listed before it is read; nothing else may count.</param>
    /// <param name="read">Reads it. Nothing, an error, and what it throws are not remembered.</param>
    /// <typeparam name="T">What the engine makes of it.</typeparam>
    public T? Read<T>(string engine, string path, IReadOnlyList<DiskEntry> files, Func<T?> read)
        where T : class
    {
        if (StoreAddress.Is(path))
        {
            return read();
        }
        var digest = DigestOf(files);
        if (_known.TryGetValue((engine, path), out var before) && before.Files == digest)
        {
            return (T)before.Found;
        }
        var settled = DateTimeOffset.UtcNow - Settled;
        var found = read();
        if (found is not (null or BundleReadResult { Header: null }) && files.All(f => CanTell(f, settled)))
        {
            _known[(engine, path)] = (digest, found);
        }
        return found;
    }

    /// <summary>
    /// All that tells the files from others and from what they were before; the entries themselves would take as much memory
    /// as the headers.
    /// </summary>
    private static Hash DigestOf(IReadOnlyList<DiskEntry> files)
    {
        var text = new ArrayBufferWriter<byte>(256 * files.Count);
        foreach (var file in files)
        {
            ReadOnlySpan<long> numbers =
            [
                file.Path.Length,
                (long)file.Kind,
                file.Length,
                file.ModifiedUtc.UtcTicks,
                file.ChangedUtc.UtcTicks,
                unchecked((long)file.Device),
                unchecked((long)file.Inode),
            ];
            text.Write(MemoryMarshal.AsBytes(numbers));
            text.Write(MemoryMarshal.AsBytes(file.Path.AsSpan()));
        }
        return Hasher.Hash(text.WrittenSpan);
    }

    /// <summary>A link says nothing of what it leads to, and some file systems do not number their files.</summary>
    private static bool CanTell(DiskEntry file, DateTimeOffset settled) =>
        file is { Kind: DiskEntryKind.File or DiskEntryKind.Directory, Inode: not 0 }
        && file.ModifiedUtc < settled
        && file.ChangedUtc < settled;
}
