using System.Buffers.Binary;
using System.IO.Hashing;
using BackupTools.Formats.Primitives;

namespace BackupTools.Formats.Spg;

/// <summary>
/// Validates a snapshot while its bytes pass, in constant memory (SPG format, §3.1 and §3.3): the envelope's sections
/// and CRC-32, the catalogue's magic, version and CRC-32C (tier T1), and where its version is known, every table
/// (tier T2, <see cref="SpgCatalogWalk"/>).
/// </summary>
internal sealed class SpgSnapshotCheck(long length, bool walk)
{
    /// <summary>The smallest snapshot: a catalogue without tables, before checksums.</summary>
    public const int SmallestLength = 13;

    private const int EnvelopeHead = 9;

    private readonly byte[] _start = new byte[EnvelopeHead];
    private readonly byte[] _field = new byte[4];
    private readonly Crc32 _crc = new();
    private SpgCatalogCheck? _catalog;
    private long _position;
    private byte _envelope;
    private int _section;
    private int _fieldLength;
    private long? _sectionLeft;
    private bool _isBroken;

    /// <summary>The snapshot of a database that was never written: no tables, FILE_VERSION 8.</summary>
    public static ReadOnlySpan<byte> EmptyCatalog => "SPGDB001\x08\0\0\0\0"u8;

    /// <summary>True when a file that begins with these bytes claims to be a database file.</summary>
    public static bool ClaimsToBeSnapshot(ReadOnlySpan<byte> start) =>
        start.StartsWith(SpgCatalogCheck.Magic) || start.StartsWith(EnvelopeMagic);

    /// <summary>
    /// True when a snapshot that begins with these 9 bytes ends with a checksum of all before it: then two snapshots of
    /// the same length and ending are the same.
    /// </summary>
    public static bool EndsWithChecksum(ReadOnlySpan<byte> start) =>
        start.Length >= EnvelopeHead
        && (
            start.StartsWith(EnvelopeMagic)
                ? start[8] is >= 2 and <= 5
                : start.StartsWith(SpgCatalogCheck.Magic) && start[8] >= SpgSnapshotInfo.FirstChecksummed
        );

    private static ReadOnlySpan<byte> EnvelopeMagic => "SPGENV01"u8;

    private bool HasCrc => _envelope >= 2;

    // catalog and users; from v3 publications, from v4 subscriptions, in v5 statistics
    private int Sections => Math.Max(2, (int)_envelope);

    private long SectionsEnd => length - (HasCrc ? 4 : 0);

    /// <summary>Takes the next bytes.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty && !_isBroken)
        {
            int used;
            if (_position < EnvelopeHead)
            {
                used = ReadStart(bytes);
            }
            else if (_envelope == 0)
            {
                used = bytes.Length;
                _catalog!.Append(bytes);
            }
            else
            {
                used = ReadEnvelope(bytes);
            }
            _position += used;
            bytes = bytes[used..];
        }
    }

    /// <summary>Tells that all bytes were given; throws the first fault in the reference's order and words.</summary>
    public SpgSnapshotInfo Finish()
    {
        if (_position < EnvelopeHead)
        {
            // Too short to say what it is: read as a bare catalogue, magic first.
            _catalog = new SpgCatalogCheck(_position, 0, walk: false);
            _catalog.Append(_start.AsSpan(0, (int)_position));
            return _catalog.Finish();
        }
        if (_isBroken || (_envelope > 0 && (_section < Sections || _position != length)))
        {
            throw SpgCatalogCheck.BadMagic(_start.AsSpan(0, 8), 0);
        }
        if (HasCrc)
        {
            CheckCrc(BinaryPrimitives.ReadUInt32LittleEndian(_field), _crc.GetCurrentHashAsUInt32());
        }
        var info = _catalog!.Finish();
        return info with
        {
            EnvelopeVersion = _envelope,
            Checksums = info.Checksums | (HasCrc ? SpgSnapshotChecksums.Crc32 : SpgSnapshotChecksums.None),
        };
    }

    private int ReadStart(ReadOnlySpan<byte> bytes)
    {
        var used = Math.Min(bytes.Length, EnvelopeHead - (int)_position);
        bytes[..used].CopyTo(_start.AsSpan((int)_position));
        if (_position + used < EnvelopeHead)
        {
            return used;
        }
        if (!_start.AsSpan().StartsWith(EnvelopeMagic))
        {
            _catalog = new SpgCatalogCheck(length, 0, walk);
            _catalog.Append(_start);
        }
        else if (_start[8] is >= 1 and <= 5)
        {
            _envelope = _start[8];
            _crc.Append(_start);
        }
        else
        {
            _isBroken = true;
        }
        return used;
    }

    /// <summary>
    /// Any structural fault makes the reference take the whole for a bare catalogue, whose magic is then wrong (§3.1).
    /// </summary>
    private int ReadEnvelope(ReadOnlySpan<byte> bytes)
    {
        var left = SectionsEnd - _position;
        if (left <= 0)
        {
            return ReadField(bytes);
        }
        bytes = bytes[..(int)Math.Min(bytes.Length, left)];
        var used = _sectionLeft is { } body ? ReadSection(bytes, body) : ReadSectionLength(bytes, left);
        _crc.Append(bytes[..used]);
        return used;
    }

    private int ReadSectionLength(ReadOnlySpan<byte> bytes, long left)
    {
        if (_section == Sections || left < 4 - _fieldLength)
        {
            _isBroken = true;
            return bytes.Length;
        }
        var used = ReadField(bytes);
        if (_fieldLength == 4)
        {
            _fieldLength = 0;
            var section = BinaryPrimitives.ReadUInt32LittleEndian(_field);
            _isBroken = section > left - used;
            _catalog ??= new SpgCatalogCheck(section, EnvelopeHead + 4, walk);
            StartSection(section);
        }
        return used;
    }

    private int ReadSection(ReadOnlySpan<byte> bytes, long left)
    {
        var used = (int)Math.Min(bytes.Length, left);
        if (_section == 0)
        {
            _catalog!.Append(bytes[..used]);
        }
        StartSection(left - used);
        return used;
    }

    private void StartSection(long left)
    {
        _sectionLeft = left > 0 ? left : null;
        _section += left > 0 ? 0 : 1;
    }

    private int ReadField(ReadOnlySpan<byte> bytes)
    {
        var used = Math.Min(bytes.Length, 4 - _fieldLength);
        bytes[..used].CopyTo(_field.AsSpan(_fieldLength));
        _fieldLength += used;
        return used;
    }

    private static void CheckCrc(uint stored, uint computed)
    {
        if (stored != computed)
        {
            throw Fault.Mismatch(
                $"snapshot envelope CRC32 mismatch (expected=0x{stored:x8}, computed=0x{computed:x8})",
                stored,
                computed,
                prefix: "0x"
            );
        }
    }
}
