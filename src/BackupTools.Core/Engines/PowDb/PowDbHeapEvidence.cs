using System.Buffers.Binary;
using BackupTools.Formats.PowDb;

namespace BackupTools.Engines.PowDb;

/// <summary>
/// What the pages of one heap say about whether it follows the state before. An insert stamps its page with a new,
/// higher LSN; updates and deletes leave the LSN as it is (PowDB format, §9, defect 1). So a page of a later state has
/// the LSN that it had, or one that nobody had used when the state before was captured.
/// </summary>
/// <param name="name">The heap.</param>
/// <param name="pagesBefore">Its pages in the state before; 0 when it is new.</param>
internal sealed class PowDbHeapEvidence(string name, long pagesBefore)
{
    private const int SlotSize = 4;
    private const int SlotCountOffset = PowDbPage.Size - sizeof(ushort);
    private const ushort DeletedSlot = 0xFFFF;

    private long _pages;
    private bool _wentDown;

    public string Name => name;

    /// <summary>The highest LSN that the heap had in the state before.</summary>
    public ulong MaxBefore { get; private set; }

    /// <summary>The lowest LSN of a page that was stamped since; null when none was.</summary>
    public ulong? LowestNew { get; private set; }

    /// <summary>The lowest LSN of all its pages; null when no page has one.</summary>
    public ulong? Lowest { get; private set; }

    /// <summary>A page with rows is, byte by byte, what it was.</summary>
    public bool HasKeptPage { get; private set; }

    /// <summary>A page has the LSN that it had at this place.</summary>
    public bool HasKeptLsn { get; private set; }

    /// <summary>Rows of changed pages that are still in their slot.</summary>
    public long RowsKept { get; private set; }

    /// <summary>Rows of changed pages that are not.</summary>
    public long RowsGone { get; private set; }

    /// <summary>
    /// The heap can be the one it was: a heap never gets shorter, and the LSN of a page never goes down. Otherwise its
    /// table must have been dropped and created again, or rewritten: then no page may have its old LSN, and all must lie
    /// above those that were used.
    /// </summary>
    public bool CanBeTheSame => _pages >= pagesBefore && !_wentDown;

    /// <summary>Takes a page that is what it was.</summary>
    public void TakeKept(ReadOnlySpan<byte> page)
    {
        var lsn = Take(page);
        if (lsn != 0)
        {
            HasKeptPage = HasKeptLsn = true;
            MaxBefore = Math.Max(MaxBefore, lsn);
        }
    }

    /// <summary>Takes a page that the heap did not have.</summary>
    public void TakeNew(ReadOnlySpan<byte> page) => TakeStamp(Take(page));

    /// <summary>Takes a page of which nobody knows what it was.</summary>
    public void TakeUnknown(ReadOnlySpan<byte> page) => Take(page);

    /// <summary>Takes a page that is not what it was.</summary>
    public void TakeChanged(ReadOnlySpan<byte> before, ReadOnlySpan<byte> page)
    {
        TakeLsn(PowDbPageHeader.Read(before).Lsn, page);
        CompareRows(before, page);
    }

    /// <summary>The same, where traces stand for what the page was.</summary>
    /// <param name="lsnBefore">Its LSN.</param>
    /// <param name="rowsBefore">The hashes of its rows; null where they are not known.</param>
    /// <param name="key">Of the hashes.</param>
    /// <param name="page">The page now.</param>
    public void TakeChanged(ulong lsnBefore, ulong[]? rowsBefore, byte[] key, ReadOnlySpan<byte> page)
    {
        TakeLsn(lsnBefore, page);
        if (rowsBefore is null || RowHashesOf(page, key) is not { } rows)
        {
            return;
        }
        for (var slot = 0; slot < rowsBefore.Length; slot++)
        {
            if (rowsBefore[slot] != 0)
            {
                var isKept = slot < rows.Length && rows[slot] == rowsBefore[slot];
                (RowsKept, RowsGone) = isKept ? (RowsKept + 1, RowsGone) : (RowsKept, RowsGone + 1);
            }
        }
    }

    /// <summary>A hash of the row in each slot of a page, 0 where there is none; null for a page without rows.</summary>
    public static ulong[]? RowHashesOf(ReadOnlySpan<byte> page, byte[] key)
    {
        if (PowDbPageHeader.Read(page).Type != PowDbPage.Data)
        {
            return null;
        }
        var hashes = new ulong[SlotsOf(page)];
        for (var slot = 0; slot < hashes.Length; slot++)
        {
            var row = RowOf(page, slot);
            hashes[slot] = row.IsEmpty ? 0 : PowDbHeapTraces.HashOf(row, key);
        }
        return hashes;
    }

    private void TakeLsn(ulong lsnBefore, ReadOnlySpan<byte> page)
    {
        var lsn = Take(page);
        MaxBefore = Math.Max(MaxBefore, lsnBefore);
        if (lsn < lsnBefore)
        {
            _wentDown = true;
        }
        else if (lsn > lsnBefore)
        {
            TakeStamp(lsn);
        }
        else if (lsn != 0)
        {
            HasKeptLsn = true;
        }
    }

    private ulong Take(ReadOnlySpan<byte> page)
    {
        var lsn = PowDbPageHeader.Read(page).Lsn;
        _pages++;
        if (lsn != 0)
        {
            Lowest = Math.Min(Lowest ?? lsn, lsn);
        }
        return lsn;
    }

    // 0 stands on pages that nothing was inserted into: it says nothing.
    private void TakeStamp(ulong lsn)
    {
        if (lsn != 0)
        {
            LowestNew = Math.Min(LowestNew ?? lsn, lsn);
        }
    }

    private void CompareRows(ReadOnlySpan<byte> before, ReadOnlySpan<byte> page)
    {
        if (PowDbPageHeader.Read(before).Type != PowDbPage.Data || PowDbPageHeader.Read(page).Type != PowDbPage.Data)
        {
            return;
        }
        for (var slot = 0; slot < SlotsOf(before); slot++)
        {
            var row = RowOf(before, slot);
            if (row.IsEmpty)
            {
                continue;
            }
            if (slot < SlotsOf(page) && RowOf(page, slot).SequenceEqual(row))
            {
                RowsKept++;
            }
            else
            {
                RowsGone++;
            }
        }
    }

    private static int SlotsOf(ReadOnlySpan<byte> page) =>
        Math.Min(
            (int)BinaryPrimitives.ReadUInt16LittleEndian(page[SlotCountOffset..]),
            (SlotCountOffset - PowDbPage.HeaderSize) / SlotSize
        );

    /// <summary>Empty for a deleted row, and for one that cannot be: whether pages are sound is checked elsewhere.</summary>
    private static ReadOnlySpan<byte> RowOf(ReadOnlySpan<byte> page, int slot)
    {
        var at = SlotCountOffset - (SlotSize * (slot + 1));
        int offset = BinaryPrimitives.ReadUInt16LittleEndian(page[at..]);
        int length = BinaryPrimitives.ReadUInt16LittleEndian(page[(at + sizeof(ushort))..]);
        return length != DeletedSlot && offset < PowDbPage.Size && length <= PowDbPage.Size - offset
            ? page.Slice(offset, length)
            : default;
    }
}
