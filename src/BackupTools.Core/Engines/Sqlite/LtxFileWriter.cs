using System.Buffers;
using BackupTools.Files;
using BackupTools.Formats.Sqlite;

namespace BackupTools.Engines.Sqlite;

/// <summary>Writes an LTX file and its side file into staging.</summary>
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
    private readonly PageSums _sums = new(header.PageSize);
    private readonly PageMacs _macs = new(pageKey, header.Commit);
    private readonly uint _lockPage = SqlitePages.LockPage(header.PageSize);
    private string _id = "";
    private string _digest = "";

    /// <summary>Pages that were stored.</summary>
    public uint Stored { get; private set; }

    /// <summary>Pages of the state.</summary>
    public uint Pages => header.Commit;

    /// <summary>Writes the pages of a state.</summary>
    /// <param name="earlier">Fingerprints of states: a page that is alike in all of them is not stored. None: all are.</param>
    /// <param name="produce">Shows every page in order, the lock page included, to what it is given.</param>
    public void Write(IReadOnlyList<byte[]> earlier, Action<LtxPageSink> produce)
    {
        using (var target = staging.CreateFile(stagedName))
        using (var digest = Blake3.Hasher.New())
        {
            var buffer = new ArrayBufferWriter<byte>(2 * BlockPool.BlockSize);
            var writer = new LtxWriter(buffer, header);
            var identity = buffer.WrittenSpan.ToArray();
            long at = 0;
            void Flush(int least)
            {
                if (buffer.WrittenCount >= least)
                {
                    target.Write(buffer.WrittenSpan, at);
                    at += buffer.WrittenCount;
                    buffer.ResetWrittenCount();
                }
            }
            var pages = new PageBlock(header.PageSize, _macs, earlier, context.ThrottleLimit);
            BlockSink take = (block, offset) =>
            {
                Take(block, (uint)(offset / header.PageSize) + 1, pages, writer);
                Flush(BlockPool.BlockSize);
            };
            // Of whole blocks, as of single pages BLAKE3 takes four times as long.
            BlockSink hash = (block, _) => digest.Update(block);
            using (var ring = new BlockRing([hash], [take]))
            {
                Fill(ring, produce);
            }
            _sums.Resize(header.Commit);
            writer.Finish();
            identity = [.. identity, .. buffer.WrittenSpan[^LtxTrailer.Length..]];
            Flush(1);
            _id = Blake3.Hasher.Hash(identity).ToString();
            _digest = digest.Finalize().ToString();
        }
        using var file = context.Disk.OpenWrite(staging.PathOf(stagedName));
        file.SetModified(header.Time);
    }

    /// <summary>Reads back what was written and compares every page.</summary>
    /// <exception cref="Errors.BackupException">It does not read back as it was written.</exception>
    public void Prove()
    {
        using var file = context.Disk.OpenRead(staging.PathOf(stagedName));
        var scanner = new LtxScanner(_sums.Require);
        HashingCopy.Read(file, new FileRange(0, file.Length), scanner.Append, context.Progress, context.Cancellation);
        scanner.Finish();
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
            PostApply = _sums.OfState,
            StateDigest = _digest,
            PageKey = _macs.Key,
            PageMacsDigest = Blake3.Hasher.Hash(_macs.Table).ToString(),
        };
        var description = side.WriteDescription();
        using var file = staging.CreateFile(sideName);
        file.Write(description, 0);
        file.Write(_macs.Table, description.Length);
    }

    /// <summary>Hands every page on, the lock page as zeros, while the blocks before are worked on.</summary>
    private void Fill(BlockRing ring, Action<LtxPageSink> produce)
    {
        var block = ring.Next();
        var have = 0;
        long at = 0;
        void Submit()
        {
            ring.Submit(have, at);
            at += have;
            have = 0;
        }
        produce(
            (number, page) =>
            {
                if (have + page.Length > block.Length)
                {
                    Submit();
                    block = ring.Next();
                }
                var target = block.Span.Slice(have, page.Length);
                page.CopyTo(target);
                if (number == _lockPage)
                {
                    target.Clear();
                }
                have += page.Length;
            }
        );
        Submit();
        ring.Finish();
    }

    private void Take(ReadOnlySpan<byte> block, uint first, PageBlock pages, LtxWriter writer)
    {
        pages.Work(block, first);
        for (var i = 0; i < block.Length / header.PageSize; i++)
        {
            var number = first + (uint)i;
            _sums.Set(number, pages.Sum(i));
            if (pages.Compressed(i) is { IsEmpty: false } compressed)
            {
                writer.Page(number, block.Slice(i * header.PageSize, header.PageSize), compressed);
                Stored++;
            }
        }
    }
}
