using System.Buffers.Binary;
using BackupTools.Errors;
using BackupTools.Formats.Primitives;

namespace BackupTools.Formats.PowDb;

/// <summary>
/// Counts a table's live rows and, per column, the NULLs among them, page by page in any order, and checks what
/// pages say about their rows (PowDB format, §2). Index entries are compared with these counts.
/// </summary>
internal sealed class PowDbRowTally(int columns)
{
    private const int SlotSize = 4;
    private const int SlotCountOffset = PowDbPage.Size - 2;
    private const ushort Deleted = 0xFFFF;
    private const int PrefixSize = 6;

    // Pages from before 0.4.1 have no checksum field, so rows may start in its place.
    private const int OldestRowOffset = 16;

    private readonly long[] _nulls = new long[columns];

    public long Rows { get; private set; }

    public long Pages { get; private set; }

    public long NullsIn(int column) => _nulls[column];

    /// <summary>Adds a page that passed <see cref="PowDbPage.Check"/>.</summary>
    /// <exception cref="BackupException">Malformed: a slot or row does not fit its page.</exception>
    public void Add(ReadOnlySpan<byte> page, long index)
    {
        Pages++;
        var header = PowDbPageHeader.Read(page);
        if (header.Type != PowDbPage.Data)
        {
            return;
        }
        var slots = BinaryPrimitives.ReadUInt16LittleEndian(page[SlotCountOffset..]);
        var firstRow = header.HasChecksum ? PowDbPage.HeaderSize : OldestRowOffset;
        var slotStart = SlotCountOffset - (SlotSize * slots);
        if (header.FreeStart < firstRow || header.FreeStart > slotStart)
        {
            throw Bad(index, 6, $"{slots} slots and rows up to {header.FreeStart} do not fit");
        }
        for (var slot = 0; slot < slots; slot++)
        {
            var at = SlotCountOffset - (SlotSize * (slot + 1));
            var offset = BinaryPrimitives.ReadUInt16LittleEndian(page[at..]);
            var length = BinaryPrimitives.ReadUInt16LittleEndian(page[(at + 2)..]);
            if (length == Deleted)
            {
                continue;
            }
            if (offset < firstRow || offset + length > header.FreeStart)
            {
                throw Bad(index, at, $"slot {slot} points outside the rows");
            }
            AddRow(page.Slice(offset, length), index, offset);
        }
    }

    private void AddRow(ReadOnlySpan<byte> row, long index, int offset)
    {
        // A body's first two bytes are its length, at most 4070, so they never read "PR": the prefix is unambiguous.
        var versioned = row.StartsWith("PROW"u8);
        var body = row;
        if (versioned)
        {
            var version = row.Length < PrefixSize ? 0 : BinaryPrimitives.ReadUInt16LittleEndian(row[4..]);
            if (version is < 1 or > 2)
            {
                throw Bad(index, offset, $"unknown row version {version}");
            }
            body = row[PrefixSize..];
        }
        var bitmap = (_nulls.Length + 7) / 8;
        if (body.Length < 2 + bitmap)
        {
            throw Bad(index, offset, "a row is shorter than its null bitmap");
        }
        // Only the unprefixed layout was observed in full; what a prefixed row's length counts was not.
        var total = BinaryPrimitives.ReadUInt16LittleEndian(body);
        if (!versioned && total != row.Length)
        {
            throw Bad(index, offset, $"a row of {row.Length} bytes says it has {total}");
        }
        for (var column = 0; column < _nulls.Length; column++)
        {
            _nulls[column] += (body[2 + (column >> 3)] >> (column & 7)) & 1;
        }
        Rows++;
    }

    private static BackupException Bad(long index, int offset, string why) =>
        Fault.Malformed($"page {index} is corrupt: {why}", (index * PowDbPage.Size) + offset);
}
