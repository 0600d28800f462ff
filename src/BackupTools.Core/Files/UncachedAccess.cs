using System.Runtime.Versioning;
using BackupTools.Files.Native;
using Microsoft.Win32.SafeHandles;

namespace BackupTools.Files;

/// <summary>
/// Writes large aligned blocks of a file from the caller's memory straight to the disk, and reads them from there. That saves
/// the copy into the page cache and the memory for it, lets the disk work from the first block on instead of at the flush, and
/// leaves the cache to the databases. An optimisation only: what it cannot do, the caller does in the usual way.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class UncachedAccess(SafeFileHandle file) : IDisposable
{
    /// <summary>Offset, length and address must be multiples of the page, which every disk's block size divides.</summary>
    public const int Alignment = 4096;

    /// <summary>Below this the disk's answer takes longer than a copy into the cache.</summary>
    private const int MinLength = 256 << 10;

    private readonly Lock _gate = new();
    private SafeFileHandle? _handle;
    private volatile bool _unavailable = !Linux.KnowsUncached;

    /// <summary>
    /// False when the block is small or not aligned, or when the file system does not do this: then it is not written,
    /// or not wholly.
    /// </summary>
    public unsafe bool TryWrite(ReadOnlySpan<byte> block, long offset)
    {
        if (!MayTake(block, offset))
            return false;
        fixed (byte* start = block)
        {
            if (Handle() is not { } handle)
                return false;
            if (Libc.TryWrite(handle, start, block.Length, offset))
                return true;
        }
        // A full disk, or a file system that only pretends: the usual way knows what to say.
        _unavailable = true;
        return false;
    }

    /// <summary>
    /// Reads a block that <see cref="TryWrite"/> would have written; false when it did not, or when it cannot be read whole.
    /// </summary>
    public bool TryRead(Span<byte> block, long offset)
    {
        if (!MayTake(block, offset) || Handle() is not { } handle)
            return false;
        try
        {
            return RandomAccess.Read(handle, block, offset) == block.Length;
        }
        catch (Exception e) when (DiskErrors.IsDiskFailure(e))
        {
            return false; // the usual way knows what to say
        }
    }

    public void Dispose() => _handle?.Dispose();

    private unsafe bool MayTake(ReadOnlySpan<byte> block, long offset)
    {
        if (_unavailable || block.Length < MinLength || ((offset | (long)block.Length) & (Alignment - 1)) != 0)
            return false;
        fixed (byte* start = block)
            return ((nint)start & (Alignment - 1)) == 0;
    }

    private SafeFileHandle? Handle()
    {
        lock (_gate)
        {
            if (_handle is null && !_unavailable)
            {
                _handle = Linux.TryOpenUncached(file);
                _unavailable = _handle is null;
            }
            return _handle;
        }
    }
}
