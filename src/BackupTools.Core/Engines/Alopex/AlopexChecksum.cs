using BackupTools.Files;
using BackupTools.Formats.Primitives;

namespace BackupTools.Engines.Alopex;

/// <summary>The checksum that a manifest has of a file.</summary>
internal static class AlopexChecksum
{
    /// <summary>CRC-32 of a whole file; its holes are not read.</summary>
    public static uint Of(IDiskFile file, EngineContext context)
    {
        var length = file.Length;
        using var beginning = context.Progress.BeginFile(file.Path, length);
        var crc = new SparseCrc32();
        foreach (var range in file.DataRanges())
        {
            crc.ZerosUpTo(range.Start);
            context.Read(file, range, crc.Append);
        }
        crc.ZerosUpTo(length);
        return crc.Current;
    }
}
