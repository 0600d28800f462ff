using BackupTools.Formats.Sqlite;
using K4os.Compression.LZ4;

namespace BackupTools.Tests.Formats.Sqlite;

/// <summary>Pages for an LTX file, one by one; captures compress many at a time.</summary>
internal static class LtxPages
{
    /// <summary>Compresses a page and writes it.</summary>
    public static void Page(this LtxWriter writer, uint number, ReadOnlySpan<byte> page)
    {
        var compressed = new byte[LZ4Codec.MaximumOutputSize(page.Length)];
        var length = LZ4Codec.Encode(page, compressed);
        writer.Page(number, new PageChecksum(page.Length).OfBytes(page), compressed.AsSpan(0, length));
    }
}
