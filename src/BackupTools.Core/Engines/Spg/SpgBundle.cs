using System.Buffers.Binary;
using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Spg;
using Blake3;

namespace BackupTools.Engines.Spg;

/// <summary>What three small reads tell of a bundle: its header, its stored CRC, and whether its slice is one of ours.</summary>
internal sealed record SpgBundle
{
    public required SpgBundleHeader Header { get; init; }

    public required long FileLength { get; init; }

    /// <summary>The CRC at the end of a v2 bundle; null for v1.</summary>
    public required uint? StoredCrc { get; init; }

    /// <summary>
    /// A full of ours that carries log: the position in the primary's log at which its slice begins; else null.
    /// </summary>
    public required ulong? Baseline { get; init; }

    /// <summary>
    /// A full: what tells its snapshot from others, its length and its own checksum; null where it has none.
    /// </summary>
    public required string? Snapshot { get; init; }

    /// <summary>Digest of everything read here; with the CRC among it, it stands for the whole bundle.</summary>
    public required Hash Id { get; init; }

    /// <summary>Kinds other than 0 and 1 pass the reference's inspection; what they look like decides.</summary>
    public bool IsFull =>
        Header.Kind == SpgBundleHeader.Full || (Header.Kind != SpgBundleHeader.Incremental && Header.SnapLen > 0);

    /// <summary>The position at which the first byte of the restored log, or of the increment, stands in the primary's.</summary>
    public ulong Start => IsFull ? Baseline ?? Header.WalPos : Header.Since;

    /// <summary>Where the log's own bytes start in the file.</summary>
    public long SliceOffset => Header.WalOffset + (Baseline is null ? 0 : SpgBaselineMark.Length);

    /// <summary>
    /// Bytes of log; 0 for a full with a slice that is not ours, which must not be applied (SPG format, §6.3). Never
    /// more than the file has, whatever a v1 header says.
    /// </summary>
    public long SliceLength
    {
        get
        {
            var length = (long)Math.Min(Header.WalLen, (ulong)(FileLength - Header.WalOffset));
            return Baseline is not null ? length - SpgBaselineMark.Length
                : IsFull ? 0
                : length;
        }
    }

    public DateTimeOffset CreatedUtc
    {
        get
        {
            var latest = (ulong)(DateTimeOffset.MaxValue - DateTimeOffset.UnixEpoch).Ticks / 10;
            return DateTimeOffset.UnixEpoch.AddTicks((long)Math.Min(Header.TsMicros, latest) * 10);
        }
    }

    /// <summary>What was parsed of a bundle that this engine has described.</summary>
    public static SpgBundle Of(BundleHeader header) => ((BundleHeader<SpgBundle>)header).Parsed;

    /// <summary>Reads what it needs; <paramref name="start"/> may hold the first bytes, read already.</summary>
    public static SpgBundle Read(IDiskFile file, ReadOnlyMemory<byte> start = default)
    {
        var length = file.Length;
        var fixedPart = ReadAt(file, start, 0, (int)Math.Min(length, SpgBundleHeader.FixedLength));
        var header = SpgBundleHeader.ParseFixed(fixedPart, (ulong)length);
        var walFields = ReadAt(file, start, header.WalFieldsOffset, SpgBundleHeader.WalFieldsLength);
        header = header.WithWalFields(walFields, (ulong)length);
        Span<byte> identity =
            stackalloc byte[SpgBundleHeader.FixedLength + SpgBundleHeader.WalFieldsLength + sizeof(long)];
        fixedPart.CopyTo(identity);
        walFields.CopyTo(identity[fixedPart.Length..]);
        var told = identity[(fixedPart.Length + walFields.Length)..];
        uint? stored = null;
        ulong? baseline = null;
        if (header.Version == 2)
        {
            var trailer = ReadAt(file, start, header.BodyLength, SpgBundleHeader.TrailerLength);
            stored = BinaryPrimitives.ReadUInt32LittleEndian(trailer);
            trailer.CopyTo(told);
            told = told[..trailer.Length];
            // Of others it is log.
            var mark = header.Kind == SpgBundleHeader.Full ? Math.Min(header.WalLen, SpgBaselineMark.Length) : 0;
            baseline = SpgBaselineMark.BaselineOf(header, ReadAt(file, start, header.WalOffset, (int)mark));
        }
        else
        {
            // v1 stores no checksum: the lengths must do.
            BinaryPrimitives.WriteInt64LittleEndian(told, length);
        }
        return new SpgBundle
        {
            Header = header,
            FileLength = length,
            StoredCrc = stored,
            Baseline = baseline,
            Snapshot = header.Kind == SpgBundleHeader.Full ? SnapshotOf(file, start, header) : null,
            Id = Hasher.Hash(identity[..(fixedPart.Length + walFields.Length + told.Length)]),
        };
    }

    private static string? SnapshotOf(IDiskFile file, ReadOnlyMemory<byte> start, SpgBundleHeader header)
    {
        const int Beginning = 16;
        if (header.SnapLen < Beginning)
        {
            return null;
        }
        var first = ReadAt(file, start, SpgBundleHeader.FixedLength, Beginning);
        if (!SpgSnapshotCheck.EndsWithChecksum(first))
        {
            return null;
        }
        var last = ReadAt(file, start, header.WalFieldsOffset - sizeof(uint), sizeof(uint));
        return $"{header.SnapLen} {Convert.ToHexString(last)}";
    }

    /// <summary>The bytes at an offset, from those read already where they lie there.</summary>
    private static ReadOnlySpan<byte> ReadAt(IDiskFile file, ReadOnlyMemory<byte> start, long offset, int count)
    {
        if (offset + count <= start.Length)
        {
            return start.Span.Slice((int)offset, count);
        }
        var bytes = file.UpTo(offset, count);
        return bytes.Length == count
            ? bytes
            : throw new BackupException(ErrorCode.Truncated, "bundle truncated in body", file.Path, offset);
    }
}
