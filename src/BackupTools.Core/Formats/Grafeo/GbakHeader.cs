using System.Buffers.Binary;
using BackupTools.Errors;
using BackupTools.Formats.Primitives;

namespace BackupTools.Formats.Grafeo;

/// <summary>
/// The first 32 bytes of an incremental segment (Grafeo format, §3.3 and §7.3). Version 1 is followed by raw frames
/// of the 0.5.x log; version 2 by log segments of 0.6.0, each with its length before it.
/// </summary>
/// <param name="Version">1 or 2.</param>
/// <param name="StartEpoch">First epoch inside.</param>
/// <param name="EndEpoch">Last epoch inside.</param>
/// <param name="RecordCount">Version 1: the log files that were included. Version 2: groups with records.</param>
internal readonly record struct GbakHeader(uint Version, ulong StartEpoch, ulong EndEpoch, ulong RecordCount)
{
    /// <summary>Bytes of the header.</summary>
    public const int Size = 32;

    /// <summary>The format of 0.5.x.</summary>
    public const uint Frames = 1;

    /// <summary>The format of 0.6.0.</summary>
    public const uint Segments = 2;

    /// <summary>True when the bytes begin like an incremental segment.</summary>
    public static bool HasMagic(ReadOnlySpan<byte> bytes) => bytes.StartsWith("GBAK"u8);

    /// <summary>Reads the header from the beginning of a file.</summary>
    /// <exception cref="BackupException">Truncated, BadMagic or UnsupportedVersion, in the engine's words.</exception>
    public static GbakHeader Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < Size)
        {
            throw new BackupException(
                ErrorCode.Truncated,
                "incremental backup file too short",
                offset: bytes.Length,
                expected: $"at least {Size} bytes",
                actual: $"{bytes.Length} bytes"
            );
        }
        if (!HasMagic(bytes))
        {
            throw Fault.BadMagic("invalid backup file magic bytes");
        }
        var version = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
        if (version is not (Frames or Segments))
        {
            throw Fault.UnsupportedVersion($"unsupported backup version {version}, max supported is {Segments}", 4);
        }
        return new GbakHeader(
            version,
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..])
        );
    }

    /// <summary>The header's bytes.</summary>
    public byte[] Write()
    {
        var bytes = new byte[Size];
        "GBAK"u8.CopyTo(bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), Version);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8), StartEpoch);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(16), EndEpoch);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(24), RecordCount);
        return bytes;
    }
}
