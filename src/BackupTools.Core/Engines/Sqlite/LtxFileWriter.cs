using System.Buffers;
using BackupTools.Files;
using BackupTools.Formats.Sqlite;

namespace BackupTools.Engines.Sqlite;

/// <summary>Writes LTX files and their side files into staging.</summary>
internal sealed class LtxFileWriter(StagingArea staging, EngineContext context)
{
    private string _id = "";
    private string _digest = "";

    /// <summary>Writes a snapshot of a database file that nobody changes.</summary>
    /// <param name="stagedName">The name in staging.</param>
    /// <param name="header">What to say about it; its page size and commit are those of the file.</param>
    /// <param name="state">The database file.</param>
    public LtxFileWriter WriteState(string stagedName, LtxHeader header, IDiskFile state)
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
            var page = new byte[header.PageSize];
            for (uint number = 1; number <= header.Commit && number != 0; number++)
            {
                context.Cancellation.ThrowIfCancellationRequested();
                HashingCopy.ReadExactly(state, page, (number - 1L) * page.Length);
                digest.Update(page);
                writer.Page(number, page);
                context.Progress.Advance(page.Length);
                Flush(BlockPool.BlockSize);
            }
            writer.Finish();
            identity = [.. identity, .. buffer.WrittenSpan[^LtxTrailer.Length..]];
            Flush(1);
            _id = Blake3.Hasher.Hash(identity).ToString();
            _digest = digest.Finalize().ToString();
        }
        using var file = context.Disk.OpenWrite(staging.PathOf(stagedName));
        file.SetModified(header.Time);
        return this;
    }

    /// <summary>Writes the side file of the bundle that was written last.</summary>
    public void WriteSide(string stagedName, PageSums sums, (string Id, ulong Sum)? parent, string sourcePath)
    {
        var table = sums.ToBytes();
        var side = new SqliteSideFile
        {
            Tool = typeof(LtxFileWriter).Assembly.GetName().Version?.ToString(3) ?? "",
            BundleId = _id,
            ParentId = parent?.Id,
            SourcePath = sourcePath,
            Pages = sums.Pages,
            PreApply = parent?.Sum ?? 0,
            PostApply = sums.OfState,
            StateDigest = _digest,
            PageSumsDigest = Blake3.Hasher.Hash(table).ToString(),
        };
        var description = side.WriteDescription();
        using var file = staging.CreateFile(stagedName);
        file.Write(description, 0);
        file.Write(table, description.Length);
    }
}
