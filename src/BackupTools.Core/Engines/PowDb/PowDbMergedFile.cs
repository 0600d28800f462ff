using System.Buffers;
using BackupTools.Files;
using BackupTools.Formats.PowDb;
using BackupTools.Formats.Primitives;

namespace BackupTools.Engines.PowDb;

/// <summary>
/// Digest and page fingerprints of a file whose pages come in any order and from several threads: the chaining value of
/// each page goes to its place in a scratch file (0.8 % of the heap), from which both are read in order at last.
/// </summary>
internal sealed class PowDbMergedFile : IDisposable
{
    private readonly PowDbStatePart _part;
    private readonly PowDbTableWriter _table;
    private readonly IDisk _disk;
    private readonly IDiskFile? _values;
    private readonly Hasher? _hasher;

    /// <summary>Prepares for a file.</summary>
    /// <param name="part">The file.</param>
    /// <param name="table">Receives the fingerprints.</param>
    /// <param name="create">Makes the scratch file where one is needed.</param>
    /// <param name="disk">On which that is deleted again.</param>
    public PowDbMergedFile(PowDbStatePart part, PowDbTableWriter table, Func<IDiskFile> create, IDisk disk)
    {
        (_part, _table, _disk) = (part, table, disk);
        if (part.Pages > 0 && (part.IsPaged || part.Layers.Count > 0))
        {
            _values = create();
        }
        // What is no row of pages comes in order; and one page alone is the root of its tree.
        if (_values is null || part.Pages == 1)
        {
            _hasher = new Hasher();
        }
    }

    /// <summary>Takes bytes as <see cref="PowDbSink"/> says.</summary>
    public void Take(long offset, ReadOnlySpan<byte> bytes)
    {
        _hasher?.UpdateWithJoin(bytes);
        if (_values is null)
        {
            return;
        }
        var length = bytes.Length / PowDbPage.Size * Hash.Size;
        var rented = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            var first = offset / PowDbPage.Size;
            Blake3Leaves.ChainingValues(bytes, (ulong)first, rented.AsSpan(0, length));
            _values.Write(rented.AsSpan(0, length), first * Hash.Size);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <summary>Appends the fingerprints of a heap's pages to the table and gives the digest of the file.</summary>
    public Hash Finish()
    {
        if (_values is null)
        {
            return _hasher!.Finalize();
        }
        var leaves = new Blake3Leaves();
        var rented = ArrayPool<byte>.Shared.Rent((int)Math.Min(_part.Pages, PowDbFingerprints.WindowPages) * Hash.Size);
        try
        {
            for (long first = 0; first < _part.Pages; first += PowDbFingerprints.WindowPages)
            {
                var count = (int)Math.Min(_part.Pages - first, PowDbFingerprints.WindowPages);
                var values = rented.AsSpan(0, count * Hash.Size);
                HashingCopy.ReadExactly(_values, values, first * Hash.Size);
                leaves.Append(values);
                if (_part.IsPaged)
                {
                    var window = (uint)(first / PowDbFingerprints.WindowPages);
                    _table.Append(
                        new PowDbFingerprintSegment(_part.Name, window, true, count),
                        PowDbFingerprints.Of(values)
                    );
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
        return _hasher?.Finalize() ?? leaves.Finalize();
    }

    public void Dispose()
    {
        if (_values is not null)
        {
            _values.Dispose();
            _disk.DeleteFile(_values.Path);
        }
    }
}
