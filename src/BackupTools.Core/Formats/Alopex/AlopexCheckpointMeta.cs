using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.IO.Hashing;

namespace BackupTools.Formats.Alopex;

/// <summary>
/// checkpoint.meta (Alopex format, §2): up to which commit the tables hold everything. <paramref name="CreatedUnixMs"/>
/// is milliseconds since 1970.
/// </summary>
internal readonly record struct AlopexCheckpointMeta(ulong CheckpointLsn, ulong CreatedUnixMs)
{
    /// <summary>Bytes of the file; what follows them is ignored.</summary>
    public const int Size = 24;

    private const uint Version = 1;
    private const int CrcOffset = 20;

    /// <summary>
    /// Reads the file's bytes. The engine treats every fault alike, as if there were no file; <paramref name="fault"/>
    /// tells them apart for people.
    /// </summary>
    public static bool TryRead(
        ReadOnlySpan<byte> file,
        out AlopexCheckpointMeta meta,
        [NotNullWhen(false)] out string? fault
    )
    {
        meta = default;
        if (file.Length < Size)
        {
            fault = $"it has {file.Length} bytes instead of {Size}";
            return false;
        }
        var version = BinaryPrimitives.ReadUInt32LittleEndian(file);
        if (version != Version)
        {
            fault = $"its version is {version}";
            return false;
        }
        if (BinaryPrimitives.ReadUInt32LittleEndian(file[CrcOffset..]) != Crc32.HashToUInt32(file[..CrcOffset]))
        {
            fault = "its checksum is wrong";
            return false;
        }
        meta = new AlopexCheckpointMeta(
            BinaryPrimitives.ReadUInt64LittleEndian(file[4..]),
            BinaryPrimitives.ReadUInt64LittleEndian(file[12..])
        );
        fault = null;
        return true;
    }

    /// <summary>The file's bytes.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[Size];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Version);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(4), CheckpointLsn);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(12), CreatedUnixMs);
        BinaryPrimitives.WriteUInt32LittleEndian(
            bytes.AsSpan(CrcOffset),
            Crc32.HashToUInt32(bytes.AsSpan(0, CrcOffset))
        );
        return bytes;
    }
}
