using System.IO.Hashing;
using BackupTools.Errors;
using BackupTools.Formats.PowDb;

namespace BackupTools.Engines.PowDb;

/// <summary>
/// What a file can say about its own soundness, fed as it passes: an index in order, a heap's pages in any order and
/// from several threads, other files not at all.
/// </summary>
internal sealed class PowDbFileCheck
{
    private readonly Lock _gate = new();

    private PowDbFileCheck() { }

    /// <summary>The index, once it has passed; null for other files.</summary>
    public PowDbIndexScan? Index { get; private init; }

    /// <summary>The rows of a heap with a table; null for other files.</summary>
    public PowDbRowTally? Rows { get; private init; }

    /// <summary>The first row that is not as the format says; the count is then of no use.</summary>
    public BackupException? RowFault { get; private set; }

    /// <summary>Prepares the check of one file.</summary>
    /// <param name="name">The file.</param>
    /// <param name="length">Its length.</param>
    /// <param name="table">A heap's table, to have its rows looked at; null not to.</param>
    /// <exception cref="BackupException">An index cannot have that length.</exception>
    public static PowDbFileCheck Of(string name, long length, PowDbTable? table = null) =>
        new()
        {
            Index = PowDbNames.IsIndex(name) ? new PowDbIndexScan(length) : null,
            Rows = table is null ? null : new PowDbRowTally(table.Columns.Count),
        };

    /// <summary>Takes the next bytes: of an index any, of a heap whole pages that passed their own check.</summary>
    public void Take(long offset, ReadOnlySpan<byte> bytes)
    {
        Index?.Feed(bytes);
        if (Rows is null)
        {
            return;
        }
        lock (_gate)
        {
            try
            {
                for (var at = 0; bytes.Length - at >= PowDbPage.Size && RowFault is null; at += PowDbPage.Size)
                {
                    Rows.Add(bytes.Slice(at, PowDbPage.Size), (offset + at) / PowDbPage.Size);
                }
            }
            catch (BackupException fault)
            {
                RowFault = fault;
            }
        }
    }

    /// <summary>Says that the file has ended.</summary>
    /// <exception cref="BackupException">The index is not sound.</exception>
    public void Finish() => Index?.Finish();
}

/// <summary>Checks the pages of a heap that passes in order, from the start of a page on.</summary>
internal sealed class PowDbPageStream
{
    private readonly Crc32 _crc = new();

    /// <summary>The highest page LSN.</summary>
    public ulong MaxLsn { get; private set; }

    /// <summary>Takes the next block. The engine ignores what is left after the last whole page, and so does this.</summary>
    /// <exception cref="BackupException">A page is corrupt.</exception>
    public void Take(long offset, ReadOnlySpan<byte> block)
    {
        for (var at = 0; block.Length - at >= PowDbPage.Size; at += PowDbPage.Size)
        {
            var lsn = PowDbPage.Check(block.Slice(at, PowDbPage.Size), (offset + at) / PowDbPage.Size, _crc);
            MaxLsn = Math.Max(MaxLsn, lsn);
        }
    }
}
