using System.Buffers.Binary;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Grafeo;
using BackupTools.Formats.Primitives;

namespace BackupTools.Engines.Grafeo;

/// <summary>A log segment of 0.6.0 where it lies: alone in a file of the log, or inside an increment.</summary>
/// <param name="Path">The file.</param>
/// <param name="Offset">Where its 128-byte header begins.</param>
/// <param name="Length">Bytes, its header included.</param>
/// <param name="Header">Its header.</param>
internal sealed record GrafeoWalSegment(string Path, long Offset, long Length, GrafeoWalHeader Header)
{
    /// <summary>Position of the first frame.</summary>
    public ulong FirstLsn => Header.FirstLsn;

    /// <summary>Position after the last byte.</summary>
    public ulong EndLsn => FirstLsn + (ulong)(Length - GrafeoWalHeader.Size);

    /// <summary>The frames' bytes in the file.</summary>
    public FileRange Frames => new(Offset + GrafeoWalHeader.Size, Offset + Length);

    /// <summary>Where in the file a position lies.</summary>
    public long OffsetOf(ulong lsn) => Frames.Start + (long)(lsn - FirstLsn);

    /// <summary>The segments inside an increment (Grafeo format, §7.3), from their headers alone.</summary>
    /// <exception cref="BackupException">Truncated, Malformed, or what a segment header says.</exception>
    public static List<GrafeoWalSegment> ReadIncrement(IDiskFile file)
    {
        const int prefix = sizeof(ulong);
        var segments = new List<GrafeoWalSegment>();
        var length = file.Length;
        try
        {
            for (long at = GbakHeader.Size; at < length; )
            {
                var head = file.UpTo(at, prefix + GrafeoWalHeader.Size);
                var size = head.Length < prefix ? 0 : BinaryPrimitives.ReadUInt64LittleEndian(head);
                if (head.Length < prefix || size > (ulong)(length - at - prefix))
                {
                    throw new BackupException(
                        ErrorCode.Truncated,
                        $"incremental backup {System.IO.Path.GetFileName(file.Path)} is truncated",
                        offset: at,
                        expected: head.Length < prefix ? $"{prefix} bytes" : $"{size} bytes after byte {at + prefix}",
                        actual: $"{length - at} bytes"
                    );
                }
                if (size < GrafeoWalHeader.Size)
                {
                    throw Fault.Malformed($"a log segment of {size} bytes is too short for its header", at);
                }
                segments.Add(
                    Of(file.Path, at + prefix, (long)size, GrafeoWalHeader.Read(head.AsSpan(prefix), at + prefix))
                );
                at += prefix + (long)size;
            }
            return segments;
        }
        catch (BackupException e)
        {
            throw e.At(file.Path);
        }
    }

    /// <summary>A segment that is a file of the log, as long as the file is now.</summary>
    /// <exception cref="BackupException">What its header says; its name does not agree with it.</exception>
    public static GrafeoWalSegment ReadLog(IDiskFile file, ulong number)
    {
        try
        {
            var header = GrafeoWalHeader.Read(file.UpTo(0, GrafeoWalHeader.Size));
            return header.FirstLsn == number
                ? Of(file.Path, 0, file.Length, header)
                : throw Fault.Malformed(
                    $"the header starts at LSN {header.FirstLsn}, the file name at LSN {number}",
                    32
                );
        }
        catch (BackupException e)
        {
            throw e.At(file.Path);
        }
    }

    private static GrafeoWalSegment Of(string path, long offset, long length, GrafeoWalHeader header) =>
        (ulong)length <= ulong.MaxValue - header.FirstLsn
            ? new GrafeoWalSegment(path, offset, length, header)
            : throw Fault.Malformed($"LSN {header.FirstLsn} is beyond every log", offset + 32);
}
