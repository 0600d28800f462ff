using BackupTools.Errors;
using BackupTools.Files;
using K4os.Compression.LZ4.Streams;

namespace BackupTools.Engines.Sqlite;

/// <summary>Reading the files of a replica.</summary>
internal static class SqliteFile
{
    private const int BlockSize = 1 << 18;

    /// <summary>Reads as much as there is; fewer bytes than asked for only at the end of the file.</summary>
    public static byte[] Start(IDiskFile file, int length)
    {
        var bytes = file.Bytes(0, (int)Math.Min(length, file.Length));
        return bytes;
    }

    /// <summary>
    /// Shows the decompressed bytes of an LZ4 frame (checksums and end mark compared) in blocks; returns their number.
    /// </summary>
    /// <exception cref="BackupException">Malformed, or what <paramref name="tap"/> throws.</exception>
    public static long Unpack(IDiskFile file, ByteTap? tap, TransferProgress? progress, CancellationToken cancellation)
    {
        var buffer = new byte[BlockSize];
        long total = 0;
        using var source = new DiskFileStream(file, progress);
        using var frame = LZ4Stream.Decode(source);
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            int read;
            try
            {
                read = frame.Read(buffer);
            }
            catch (Exception e) when (IsBadFrame(e))
            {
                throw new BackupException(
                    ErrorCode.Malformed,
                    $"the LZ4 frame is damaged: {e.Message}",
                    file.Path,
                    source.Position,
                    inner: e
                );
            }
            if (read == 0)
            {
                break;
            }
            total += read;
            tap?.Invoke(buffer.AsSpan(0, read));
        }
        // An empty file is not a frame at all, and what is after the frame belongs to nobody.
        return source.Position > 0 && source.Position == source.Length
            ? total
            : throw new BackupException(
                ErrorCode.Malformed,
                source.Length == 0 ? "the file is empty" : "there are bytes after the LZ4 frame",
                file.Path,
                source.Position
            );
    }

    /// <summary>What the package throws for bytes that are no frame: it has no exception type of its own.</summary>
    private static bool IsBadFrame(Exception e) =>
        e
            is InvalidDataException
                or EndOfStreamException
                or NotSupportedException
                or NotImplementedException
                or ArgumentException
                or InvalidOperationException
                or IndexOutOfRangeException
                or OverflowException;
}
