using System.Buffers.Binary;
using BackupTools.Errors;
using BackupTools.Formats.Primitives;

namespace BackupTools.Formats.Sqlite;

/// <summary>The last 16 bytes of an LTX file (SQLite format, §4).</summary>
/// <param name="PostApply">Checksum of the state that it leads to; 0 without state checksums.</param>
/// <param name="File">Checksum of the file, over the pages as they are uncompressed.</param>
internal readonly record struct LtxTrailer(ulong PostApply, ulong File)
{
    public const int Length = 16;

    /// <summary>The trailer's bytes.</summary>
    public void Write(Span<byte> target)
    {
        BinaryPrimitives.WriteUInt64BigEndian(target, PostApply);
        BinaryPrimitives.WriteUInt64BigEndian(target[8..], File);
    }

    /// <summary>Reads the trailer.</summary>
    /// <param name="bytes">Exactly its bytes.</param>
    /// <param name="header">The header of the same file.</param>
    /// <param name="offset">Where it stands, for errors.</param>
    /// <exception cref="BackupException">Truncated, Malformed.</exception>
    public static LtxTrailer Parse(ReadOnlySpan<byte> bytes, LtxHeader header, long offset)
    {
        if (bytes.Length != Length)
        {
            throw Fault.Truncated("the file ends inside the LTX trailer", offset);
        }
        var trailer = new LtxTrailer(
            BinaryPrimitives.ReadUInt64BigEndian(bytes),
            BinaryPrimitives.ReadUInt64BigEndian(bytes[8..])
        );
        var hasSum = (trailer.PostApply & SqliteChecksum.Flag) != 0;
        if (header.HasNoStateChecksums ? trailer.PostApply != 0 : !hasSum)
        {
            throw Fault.Malformed(
                header.HasNoStateChecksums
                    ? "a checksum of the state afterwards is not allowed"
                    : "the checksum of the state afterwards is missing",
                offset
            );
        }
        return (trailer.File & SqliteChecksum.Flag) != 0
            ? trailer
            : throw Fault.Malformed("the file's own checksum is missing", offset + 8);
    }
}
