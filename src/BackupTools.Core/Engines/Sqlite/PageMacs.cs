using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using BackupTools.Errors;
using BackupTools.Formats.Primitives;

namespace BackupTools.Engines.Sqlite;

/// <summary>
/// A fingerprint of every page of a state, 8 bytes a page, by which an increment knows the pages that changed: the first
/// half of a <see cref="PageMac"/>. The page sums of LTX are no such thing: whoever writes rows can
/// make a page have the sum that it had before. The lock page's place holds 0.
/// </summary>
/// <param name="key">The secret, as <see cref="NewKey"/> makes it.</param>
/// <param name="pages">Pages of the state.</param>
internal sealed class PageMacs(string key, uint pages)
{
    private const int Size = 8;

    private readonly byte[] _table = new byte[TableLength(pages)];

    public string Key => key;

    public uint Pages => pages;

    public ReadOnlySpan<byte> Table => _table;

    /// <summary>BLAKE3 of the table, lower-case hex: the digest of the state.</summary>
    public string Digest() => Blake3.Hasher.Hash(_table).ToString();

    /// <summary>A new secret, lower-case hex.</summary>
    public static string NewKey() => RandomNumberGenerator.GetHexString(2 * PageMac.Length, lowercase: true);

    /// <summary>Bytes of a table.</summary>
    /// <exception cref="BackupException">UnsupportedFormat: too large for one.</exception>
    public static int TableLength(uint pages) =>
        pages <= Array.MaxLength / Size
            ? (int)pages * Size
            : throw new BackupException(
                ErrorCode.UnsupportedFormat,
                string.Create(CultureInfo.InvariantCulture, $"a database of {pages} pages is too large")
            );

    /// <summary>What <see cref="Set"/> needs; each thread has one of its own.</summary>
    public PageMac NewMac() => new(Convert.FromHexString(key));

    /// <summary>Takes a page in; different ones by any threads at once.</summary>
    public void Set(uint number, ReadOnlySpan<byte> page, PageMac mac)
    {
        Span<byte> tag = stackalloc byte[PageMac.Length];
        mac.Compute(page, tag);
        tag[..Size].CopyTo(_table.AsSpan((int)(number - 1) * Size));
    }

    /// <summary>True when a page has the fingerprint that it has in another table under the same secret.</summary>
    public bool IsAsIn(ReadOnlySpan<byte> other, uint number)
    {
        var at = (int)(number - 1) * Size;
        return at + Size <= other.Length
            && BinaryPrimitives.ReadUInt64LittleEndian(other[at..])
                == BinaryPrimitives.ReadUInt64LittleEndian(_table.AsSpan(at));
    }
}
