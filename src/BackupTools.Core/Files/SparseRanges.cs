using System.Runtime.Versioning;
using BackupTools.Files.Native;
using Microsoft.Win32.SafeHandles;

namespace BackupTools.Files;

/// <summary>Where a file has data and where it has holes.</summary>
internal static class SparseRanges
{
    /// <summary>One range for everything; none for an empty file.</summary>
    public static IReadOnlyList<FileRange> Whole(long length) => length == 0 ? [] : [new FileRange(0, length)];

    /// <summary>
    /// The ranges with data. A file system that knows no holes, or a file that shrinks under us, gives what is left as
    /// one range: reading a hole costs time, leaving out data would cost data.
    /// </summary>
    [UnsupportedOSPlatform("windows")]
    public static IReadOnlyList<FileRange> Of(SafeFileHandle file, long length)
    {
        var ranges = new List<FileRange>();
        long at = 0;
        while (at < length)
        {
            var start = Libc.NextData(file, at, out var errno);
            if (start < 0 && errno == Errno.NoSuchDeviceOrAddress)
                break; // only a hole is left
            var end = start < 0 ? start : Libc.NextHole(file, start, out errno);
            if (end <= start)
            {
                ranges.Add(new FileRange(at, length));
                break;
            }
            if (start >= length)
                break;
            ranges.Add(new FileRange(start, Math.Min(end, length)));
            at = end;
        }
        return ranges;
    }
}
