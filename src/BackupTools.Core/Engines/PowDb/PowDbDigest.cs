using BackupTools.Formats.PowDb;
using BackupTools.Formats.Primitives;

namespace BackupTools.Engines.PowDb;

/// <summary>
/// BLAKE3 of a file read by <see cref="OrderedBlocks"/>. For files of whole pages the costly part is done by any
/// thread and gives each page's chaining value on the way; other files are hashed in order.
/// </summary>
internal sealed class PowDbDigest
{
    private readonly Blake3Leaves? _leaves;
    private readonly Hasher? _hasher;

    public PowDbDigest(long length)
    {
        // One page alone is the root of its tree and has no chaining value that would do.
        if (length % PowDbPage.Size == 0 && length > PowDbPage.Size)
        {
            _leaves = new Blake3Leaves();
        }
        else
        {
            _hasher = new Hasher();
        }
    }

    /// <summary>Bytes of chaining values per block.</summary>
    public const int NotesLength = OrderedBlocks.BlockSize / PowDbPage.Size * Hash.Size;

    /// <summary>Computes the chaining values of a block's pages, where the file has whole pages.</summary>
    public void Work(long offset, ReadOnlySpan<byte> block, Span<byte> values)
    {
        if (_leaves is not null)
        {
            Blake3Leaves.ChainingValues(block, (ulong)(offset / PowDbPage.Size), values);
        }
    }

    /// <summary>Takes the next block.</summary>
    public void Commit(ReadOnlySpan<byte> block, ReadOnlySpan<byte> values)
    {
        _leaves?.Append(values[..(block.Length / PowDbPage.Size * Hash.Size)]);
        _hasher?.Update(block);
    }

    public Hash Finish() => _leaves?.Finalize() ?? _hasher!.Finalize();
}
