using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Operations;

/// <summary>A disk on which the kept parts of encrypted files are read as these files.</summary>
/// <param name="inner">The disk.</param>
/// <param name="find">What is kept of a file; null for nothing.</param>
internal sealed class StateDisk(IDisk inner, Func<string, IDisk, IDiskFile?> find) : ForwardingDisk(inner)
{
    public override IDiskFile OpenRead(string path) => find(path, Inner) ?? Inner.OpenRead(path);
}

/// <summary>
/// A file of which only parts are kept, each compared with its digest when it is first read. Whoever reads more than those
/// hears that an identity is needed.
/// </summary>
/// <param name="path">The name that it goes by.</param>
/// <param name="part">What is kept.</param>
/// <param name="stat">What lies there.</param>
/// <param name="state">Where the parts lie; belongs to this.</param>
/// <param name="start">From where on.</param>
internal sealed class StateFile(string path, BundleState.Part part, Func<DiskEntry?> stat, IDiskFile state, long start)
    : IDiskFile
{
    private readonly HashSet<BundleState.KeptRange> _compared = [];
    private readonly Lock _gate = new();

    public string Path => path;

    public long Length => part.Length;

    public DiskEntry Stat() =>
        stat() is { } entry
            ? entry with
            {
                Length = part.Length,
            }
            : throw new BackupException(ErrorCode.PathNotFound, "the file is gone", path);

    public int Read(Span<byte> buffer, long offset)
    {
        if (buffer.IsEmpty || offset >= part.Length)
        {
            return 0;
        }
        var at = start;
        foreach (var range in part.Ranges)
        {
            if (offset >= range.Start && offset < range.End)
            {
                Require(range, at);
                var wanted = buffer[..(int)Math.Min(buffer.Length, range.End - offset)];
                HashingCopy.ReadExactly(state, wanted, at + (offset - range.Start));
                return wanted.Length;
            }
            at += range.End - range.Start;
        }
        throw BundleStates.Unknown(path);
    }

    public void Dispose() => state.Dispose();

    private void Require(BundleState.KeptRange range, long at)
    {
        lock (_gate)
        {
            if (_compared.Contains(range))
            {
                return;
            }
            var end = at + (range.End - range.Start);
            if (end > state.Length || BundleState.DigestOf(state, new FileRange(at, end)) != range.Blake3)
            {
                throw BundleStates.Unknown(
                    path,
                    new BackupException(ErrorCode.ChecksumMismatch, "it is not what was kept of the bundle", state.Path)
                );
            }
            _compared.Add(range);
        }
    }
}

/// <summary>
/// An encrypted file of which nothing is known. To its engine it is of a format that nobody knows: where it has the name of a
/// bundle, a bundle that counts for nothing.
/// </summary>
/// <param name="path">The name that it goes by.</param>
/// <param name="stat">What lies there.</param>
internal sealed class UnknownFile(string path, Func<DiskEntry?> stat) : IDiskFile
{
    public string Path => path;

    public long Length => Stat().Length;

    public DiskEntry Stat() => stat() ?? throw new BackupException(ErrorCode.PathNotFound, "the file is gone", path);

    public int Read(Span<byte> buffer, long offset) =>
        throw new BackupException(
            ErrorCode.UnsupportedFormat,
            "the file is encrypted, and nothing of it is known",
            path,
            inner: BundleStates.Unknown(path)
        );

    public void Dispose() { }
}
