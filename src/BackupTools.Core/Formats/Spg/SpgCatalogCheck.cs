using System.Buffers.Binary;
using BackupTools.Errors;
using BackupTools.Formats.Primitives;

namespace BackupTools.Formats.Spg;

/// <summary>
/// Validates a bare catalogue while its bytes pass (SPG format, §3.2, §3.3). Faults wait for <see cref="Finish"/>,
/// because the checksum of an envelope around it is judged first.
/// </summary>
internal sealed class SpgCatalogCheck(long length, long baseOffset, bool walk)
{
    private const int HeadLength = 13;
    private const byte OldestVersion = 8;
    private const byte NewestWalked = 9;
    private const int TrailerLength = 4;

    private readonly byte[] _head = new byte[HeadLength];
    private readonly byte[] _trailer = new byte[TrailerLength];
    private readonly Crc32C _crc = new();
    private SpgCatalogWalk? _walk;
    private BackupException? _fault;
    private long _position;

    /// <summary>The magic of a catalogue.</summary>
    public static ReadOnlySpan<byte> Magic => "SPGDB001"u8;

    private byte Version => _head[8];

    private bool HasTrailer => Version >= SpgSnapshotInfo.FirstChecksummed;

    /// <summary>Takes the next bytes.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (_position < HeadLength)
        {
            var used = Math.Min(bytes.Length, HeadLength - (int)_position);
            bytes[..used].CopyTo(_head.AsSpan((int)_position));
            _position += used;
            bytes = bytes[used..];
            if (_position < HeadLength)
            {
                return;
            }
            _fault = CheckHead();
            AppendBody(_head, 0);
        }
        AppendBody(bytes, _position);
        _position += bytes.Length;
    }

    /// <summary>Tells that all bytes were given; throws the first fault.</summary>
    public SpgSnapshotInfo Finish()
    {
        if (_position < HeadLength)
        {
            throw CheckHead()!;
        }
        if (_fault is not null)
        {
            throw _fault;
        }
        if (HasTrailer)
        {
            CheckTrailer();
        }
        _walk?.Finish();
        return new SpgSnapshotInfo
        {
            EnvelopeVersion = 0,
            FileVersion = Version,
            TableCount = BinaryPrimitives.ReadUInt32LittleEndian(_head.AsSpan(9)),
            Checksums = HasTrailer ? SpgSnapshotChecksums.Crc32C : SpgSnapshotChecksums.None,
            IsWalked = _walk is { IsOpaque: false },
            ColdSegments = _walk?.ColdSegments ?? [],
        };
    }

    /// <summary>The fault of bytes that should be a catalogue's magic.</summary>
    public static BackupException BadMagic(ReadOnlySpan<byte> got, long offset) =>
        new(
            ErrorCode.BadMagic,
            $"bad magic: expected SPGDB001, got [{string.Join(", ", got.ToArray())}]",
            offset: offset
        );

    private BackupException? CheckHead()
    {
        if (_position < 8)
        {
            return UnexpectedEnd(0, 8);
        }
        if (!_head.AsSpan().StartsWith(Magic))
        {
            return BadMagic(_head.AsSpan(0, 8), baseOffset);
        }
        if (_position < 9)
        {
            return UnexpectedEnd(8, 1);
        }
        if (Version < OldestVersion)
        {
            return Fault.UnsupportedVersion(
                $"unsupported file version: {Version} (supported: {OldestVersion}..={SpgSnapshotInfo.NewestKnown})",
                baseOffset + 8
            );
        }
        if (_position < HeadLength)
        {
            return UnexpectedEnd(9, 4);
        }
        if (HasTrailer && length < HeadLength + TrailerLength)
        {
            return UnexpectedEnd(HeadLength, TrailerLength);
        }
        if (walk && Version <= NewestWalked)
        {
            _walk = new SpgCatalogWalk(length, baseOffset);
        }
        return null;
    }

    private void AppendBody(ReadOnlySpan<byte> bytes, long position)
    {
        if (_fault is not null)
        {
            return;
        }
        if (HasTrailer)
        {
            var covered = (int)Math.Clamp(length - TrailerLength - position, 0, bytes.Length);
            _crc.Append(bytes[..covered]);
            var at = Math.Max(position - (length - TrailerLength), 0);
            bytes[covered..].CopyTo(_trailer.AsSpan((int)at));
        }
        try
        {
            _walk?.Append(bytes);
        }
        catch (BackupException e)
        {
            _fault = e;
        }
    }

    private void CheckTrailer()
    {
        var stored = BinaryPrimitives.ReadUInt32LittleEndian(_trailer);
        var computed = _crc.GetCurrentHashAsUInt32();
        if (stored != computed)
        {
            throw Fault.Mismatch(
                $"base snapshot CRC mismatch: computed 0x{computed:x8}, stored 0x{stored:x8}",
                stored,
                computed,
                baseOffset + length - TrailerLength,
                prefix: "0x"
            );
        }
    }

    private BackupException UnexpectedEnd(long offset, int wanted) =>
        Fault.Truncated($"unexpected EOF at offset {offset} (wanted {wanted} more bytes)", baseOffset + offset);
}
