using System.Numerics;

namespace BackupTools.Engines.PowDb;

/// <summary>A set of page numbers below a limit: one bit per page, 32 KiB per GiB of heap. Not thread-safe.</summary>
internal sealed class PageSet(long limit)
{
    private readonly ulong[] _bits = new ulong[(limit + 63) / 64];

    /// <summary>How many pages are in the set.</summary>
    public long Count { get; private set; }

    public bool Contains(long page) => (_bits[page >> 6] & (1UL << (int)(page & 63))) != 0;

    /// <summary>Adds a page; false when it was there already.</summary>
    public bool Add(long page)
    {
        ref var word = ref _bits[page >> 6];
        var bit = 1UL << (int)(page & 63);
        if ((word & bit) != 0)
        {
            return false;
        }
        word |= bit;
        Count++;
        return true;
    }

    /// <summary>Adds every page of another set with the same limit.</summary>
    public void UnionWith(PageSet other)
    {
        Count = 0;
        for (var i = 0; i < _bits.Length; i++)
        {
            _bits[i] |= other._bits[i];
            Count += BitOperations.PopCount(_bits[i]);
        }
    }

    public void Clear()
    {
        Array.Clear(_bits);
        Count = 0;
    }

    /// <summary>The pages, ascending.</summary>
    public IEnumerable<long> All()
    {
        for (var i = 0; i < _bits.Length; i++)
        {
            for (var word = _bits[i]; word != 0; word &= word - 1)
            {
                yield return ((long)i << 6) + BitOperations.TrailingZeroCount(word);
            }
        }
    }
}
