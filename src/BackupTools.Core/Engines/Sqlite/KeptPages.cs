using BackupTools.Files;

namespace BackupTools.Engines.Sqlite;

/// <summary>Pages by number, each with its newest bytes: the first in memory, those above a bound in a staged file.</summary>
internal sealed class KeptPages(int pageSize, StagingArea staging, IDisk disk, int memory = 32 << 20) : IDisposable
{
    private const string Staged = "log-pages";

    private readonly Dictionary<uint, int> _slots = [];
    private readonly List<byte[]> _inMemory = [];
    private readonly int _mostInMemory = Math.Max(1, memory / pageSize);
    private IDiskFile? _spill;

    public int Count => _slots.Count;

    /// <summary>Keeps a page, in place of what it held before.</summary>
    public void Put(uint number, ReadOnlySpan<byte> page)
    {
        if (!_slots.TryGetValue(number, out var slot))
        {
            slot = _slots.Count;
            _slots.Add(number, slot);
        }
        if (slot >= _mostInMemory)
        {
            _spill ??= staging.CreateFile(Staged);
            _spill.Write(page, OffsetOf(slot));
        }
        else if (slot < _inMemory.Count)
        {
            page.CopyTo(_inMemory[slot]);
        }
        else
        {
            _inMemory.Add(page.ToArray());
        }
    }

    /// <summary>Puts a kept page into <paramref name="target"/>; false when it is none.</summary>
    public bool TryGet(uint number, Span<byte> target)
    {
        if (!_slots.TryGetValue(number, out var slot))
        {
            return false;
        }
        if (slot < _mostInMemory)
        {
            _inMemory[slot].CopyTo(target);
        }
        else
        {
            HashingCopy.ReadExactly(_spill!, target[..pageSize], OffsetOf(slot));
        }
        return true;
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        _slots.Clear();
        _inMemory.Clear();
    }

    public void Dispose()
    {
        if (_spill is { } spill)
        {
            spill.Dispose();
            _spill = null;
            disk.DeleteFile(staging.PathOf(Staged));
        }
    }

    private long OffsetOf(int slot) => (long)(slot - _mostInMemory) * pageSize;
}
