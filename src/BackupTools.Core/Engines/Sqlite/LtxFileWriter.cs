using BackupTools.Files;
using BackupTools.Formats.Sqlite;

namespace BackupTools.Engines.Sqlite;

/// <summary>
/// Writes an LTX file and its side file into staging. Each thread takes a block of pages through all of it (read, checksum,
/// fingerprint, compress, prove); what comes out is written in order.
/// </summary>
/// <param name="stagedName">Name of the LTX file in staging.</param>
/// <param name="header">What to say about it: page size and commit are those of the state.</param>
/// <param name="pageKey">Secret of the fingerprints.</param>
/// <param name="staging">Where to.</param>
/// <param name="context">Disk, progress, cancellation.</param>
internal sealed class LtxFileWriter(
    string stagedName,
    LtxHeader header,
    string pageKey,
    StagingArea staging,
    EngineContext context
)
{
    private readonly PageMacs _macs = new(pageKey, header.Commit);
    private readonly PageChecksum _checksum = new(header.PageSize);
    private readonly uint _lockPage = SqlitePages.LockPage(header.PageSize);
    private ulong _ofState = SqliteChecksum.Flag;
    private string _id = "";

    /// <summary>Pages that were stored.</summary>
    public uint Stored { get; private set; }

    /// <summary>Pages of the state.</summary>
    public uint Pages => header.Commit;

    /// <summary>Writes the pages of a state. Each stored page is proved to come back before it is written.</summary>
    /// <param name="earlier">Fingerprints of states: a page that is alike in all of them is not stored. None: all are.</param>
    /// <param name="read">Fills blocks of the state, several at once.</param>
    public void Write(IReadOnlyList<byte[]> earlier, OrderedBlocks.Fill read)
    {
        using (var target = staging.CreateFile(stagedName))
        using (var blocks = new BlockWriter(target))
        {
            var writer = new LtxWriter(blocks, header);
            WritePages(earlier, read, writer);
            var trailer = writer.Finish();
            blocks.Finish();
            _id = Identity(trailer);
        }
        using var file = context.Disk.OpenWrite(staging.PathOf(stagedName));
        file.SetModified(header.Time);
    }

    /// <summary>Writes the side file.</summary>
    /// <param name="sideName">Its name in staging.</param>
    /// <param name="parent">Id of the bundle that the increment is made on and checksum of its state; null for a full.</param>
    /// <param name="sourcePath">The database.</param>
    public void WriteSide(string sideName, (string Id, ulong Sum)? parent, string sourcePath)
    {
        var side = new SqliteSideFile
        {
            Tool = typeof(LtxFileWriter).Assembly.GetName().Version?.ToString(3) ?? "",
            BundleId = _id,
            ParentId = parent?.Id,
            SourcePath = sourcePath,
            Pages = header.Commit,
            PreApply = parent?.Sum ?? 0,
            PostApply = _ofState,
            PageKey = _macs.Key,
            PageMacsDigest = _macs.Digest(),
        };
        var description = side.WriteDescription();
        using var file = staging.CreateFile(sideName);
        file.Write(description, 0);
        file.Write(_macs.Table, description.Length);
    }

    private void WritePages(IReadOnlyList<byte[]> earlier, OrderedBlocks.Fill read, LtxWriter writer)
    {
        var (size, length) = (header.PageSize, (long)header.Commit * header.PageSize);
        using var tools = new PerThread<PageBlock>(() =>
            new PageBlock(size, _macs, earlier, PageBlock.PagesOf(length, size))
        );
        OrderedBlocks.Run(
            length,
            read,
            notesLength: 0,
            context.ThrottleLimit, // the disk is waited for by others
            (offset, block, _) => tools.Value.Work(block, (uint)(offset / size) + 1),
            (offset, block, _) => Take(tools.Value, (uint)(offset / size) + 1, block.Length / size, writer),
            handOn: null,
            context.Cancellation
        );
    }

    private void Take(PageBlock pages, uint first, int count, LtxWriter writer)
    {
        for (var i = 0; i < count; i++)
        {
            var number = first + (uint)i;
            if (number == _lockPage)
            {
                continue;
            }
            _ofState = SqliteChecksum.Toggle(_ofState, _checksum.Of(number, pages.BytesCrc(i)));
            if (pages.Compressed(i) is { IsEmpty: false } compressed)
            {
                writer.Page(number, pages.BytesCrc(i), compressed);
                Stored++;
            }
        }
    }

    private string Identity(LtxTrailer trailer)
    {
        var bytes = new byte[LtxHeader.Length + LtxTrailer.Length];
        header.Write(bytes);
        trailer.Write(bytes.AsSpan(LtxHeader.Length));
        return Blake3.Hasher.Hash(bytes).ToString();
    }
}
