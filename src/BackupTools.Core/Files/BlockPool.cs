using System.Collections.Concurrent;

namespace BackupTools.Files;

/// <summary>
/// Large blocks that are reused for the life of the process: page-aligned, pinned, never cleared. What is given back
/// beyond <see cref="MaxKept"/> is left to the garbage collector, so that a burst does not stay in memory.
/// </summary>
internal static class BlockPool
{
    /// <summary>Bytes of a block: large enough to make calls and hand-overs cheap, small enough for a second-level cache.</summary>
    public const int BlockSize = 1 << 20;

    /// <summary>What the addresses of blocks are multiples of.</summary>
    public const int Alignment = 4096;

    private const int MaxKept = 16;

    private static readonly ConcurrentQueue<Memory<byte>> Kept = new();

    public static Memory<byte> Rent() => Kept.TryDequeue(out var block) ? block : Allocate();

    public static void Return(Memory<byte> block)
    {
        if (Kept.Count < MaxKept)
            Kept.Enqueue(block);
    }

    private static unsafe Memory<byte> Allocate()
    {
        var array = GC.AllocateUninitializedArray<byte>(BlockSize + Alignment, pinned: true);
        fixed (byte* start = array)
        {
            var offset = (int)(-(nint)start & (Alignment - 1));
            return array.AsMemory(offset, BlockSize);
        }
    }
}
