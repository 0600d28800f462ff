using System.Buffers.Binary;
using System.IO.Hashing;
using BackupTools.Errors;
using BackupTools.Formats.Primitives;

namespace BackupTools.Formats.Alopex;

/// <summary>
/// Checks a table while its bytes pass by in order (Alopex format, §4): the file's checksum, every block's checksum,
/// that the blocks fill the data area as the index says, and when asked every entry. One pass, constant memory.
/// </summary>
/// <remarks>
/// Faults of the structure are kept until the end, because a wrong checksum of the file, known only then, comes first
/// in the engine's order and explains the rest.
/// </remarks>
internal sealed class AlopexTableScanner(
    AlopexTableLayout layout,
    IEnumerator<AlopexIndexReader> index,
    bool deep = false,
    AlopexBloom? bloom = null
)
{
    private const int BlockHeadSize = 8;
    private const int CrcSize = 4;
    private const int Lz4HeadSize = 4;

    // A block is 4 KiB, or as large as its one entry. Coded blocks must be held whole to be decoded.
    private const uint LargestDecoded = 16 << 20;

    private readonly AlopexBlockEntries? _entries = deep ? new AlopexBlockEntries(layout, bloom) : null;
    private readonly Crc32 _file = new();
    private readonly Crc32 _footer = new();
    private readonly Crc32 _block = new();
    private readonly byte[] _fixed = new byte[BlockHeadSize];
    private readonly byte[] _bloomHead = new byte[AlopexBloom.HeadSize];
    private long _position;
    private BackupException? _fault;
    private BackupException? _indexFault;
    private long _blockStart = -1;
    private long _blockEnd;
    private int _filled;
    private uint _blocks;
    private ulong _entryTotal;
    private uint _uncompressed;
    private uint _blockEntries;
    private BackupException? _entriesFault;
    private byte[]? _coded;
    private int _codedLength;

    /// <summary>CRC-32 of the whole file, footer included; valid after the last byte.</summary>
    public uint WholeCrc =>
        Crc32Combine.Of(_file.GetCurrentHashAsUInt32(), _footer.GetCurrentHashAsUInt32(), AlopexTableLayout.FooterSize);

    /// <summary>Blocks whose entries could not be followed because they are coded; their checksums were checked.</summary>
    public long OpaqueBlocks { get; private set; }

    /// <summary>Takes the next bytes of the file.</summary>
    public void Feed(ReadOnlySpan<byte> bytes)
    {
        var beforeFooter = (int)Math.Clamp(layout.Length - AlopexTableLayout.FooterSize - _position, 0, bytes.Length);
        _file.Append(bytes[..beforeFooter]);
        _footer.Append(bytes[beforeFooter..]);
        FeedBlocks(Part(bytes, AlopexTableLayout.HeaderSize, layout.IndexOffset));
        if (layout.BloomSize > 0)
        {
            var at = Math.Max(_position, layout.BloomOffset) - layout.BloomOffset;
            var head = Part(bytes, layout.BloomOffset, layout.BloomOffset + AlopexBloom.HeadSize);
            head.CopyTo(_bloomHead.AsSpan((int)Math.Min(at, AlopexBloom.HeadSize)));
        }
        _position += bytes.Length;
    }

    /// <summary>Gives the verdict, in the engine's order of checks: 6 to 8 of §4, then what the engine never looks at.</summary>
    /// <exception cref="BackupException">ChecksumMismatch, UnsupportedFormat, Malformed, Truncated.</exception>
    public void Finish()
    {
        if (_position != layout.Length)
        {
            throw Fault.Truncated("the SSTable ended early while it was read", _position);
        }
        if (_file.GetCurrentHashAsUInt32() != layout.FileCrc)
        {
            throw Fault.Mismatch(
                "checksum mismatch of the SSTable file",
                layout.FileCrc,
                _file.GetCurrentHashAsUInt32()
            );
        }
        if (layout.Codec == AlopexCodec.Unknown)
        {
            throw new BackupException(
                ErrorCode.UnsupportedFormat,
                "invalid format: unknown SSTable compression flag",
                offset: 6
            );
        }
        var left = DrainIndex();
        if (_indexFault is not null)
        {
            throw _indexFault;
        }
        if (layout.BloomSize > 0)
        {
            AlopexBloom.CheckHead(_bloomHead, layout.BloomSize);
        }
        if (_fault is not null)
        {
            throw _fault;
        }
        if (left > 0 || _blocks != layout.BlockCount || _entryTotal != layout.EntryCount)
        {
            throw Bad(
                $"{_blocks} blocks with {_entryTotal} entries fill the data area, {left} more are in the index, "
                    + $"the header says {layout.BlockCount} and {layout.EntryCount}"
            );
        }
        if (OpaqueBlocks == 0)
        {
            _entries?.Finish();
        }
    }

    private ReadOnlySpan<byte> Part(ReadOnlySpan<byte> bytes, long start, long end)
    {
        var from = (int)Math.Clamp(start - _position, 0, bytes.Length);
        var to = (int)Math.Clamp(end - _position, from, bytes.Length);
        return bytes[from..to];
    }

    private long DrainIndex()
    {
        var left = 0L;
        while (NextIndexEntry())
        {
            left++;
        }
        return left;
    }

    private bool NextIndexEntry()
    {
        try
        {
            return index.MoveNext();
        }
        catch (BackupException e)
        {
            _indexFault = e;
            return false;
        }
    }

    private void FeedBlocks(ReadOnlySpan<byte> bytes)
    {
        try
        {
            var at = Math.Max(_position, AlopexTableLayout.HeaderSize);
            while (!bytes.IsEmpty && _fault is null)
            {
                if (_blockStart < 0 && !BeginBlock(at))
                {
                    return;
                }
                var taken = FeedBlock(bytes, at);
                at += taken;
                bytes = bytes[taken..];
            }
        }
        catch (BackupException e)
        {
            _fault = At(e, _blockStart);
        }
    }

    private bool BeginBlock(long at)
    {
        if (!NextIndexEntry())
        {
            _fault = Bad("the data area has bytes that no block of the index covers", at);
            return false;
        }
        var entry = index.Current;
        if (
            entry.BlockOffset != (ulong)at
            || entry.BlockSize < BlockHeadSize + CrcSize
            || entry.BlockSize > layout.IndexOffset - at
        )
        {
            _fault = Bad(
                $"block {_blocks} should be {entry.BlockSize} bytes at {entry.BlockOffset}, the data area continues at {at}",
                at
            );
            return false;
        }
        _blockStart = at;
        _blockEnd = at + entry.BlockSize;
        _block.Reset();
        _filled = 0;
        return true;
    }

    /// <summary>Head, payload, checksum: takes what belongs to the first of these that is not complete.</summary>
    private int FeedBlock(ReadOnlySpan<byte> bytes, long at)
    {
        var payloadStart = _blockStart + BlockHeadSize;
        var payloadEnd = _blockEnd - CrcSize;
        if (at < payloadStart)
        {
            return FeedHead(bytes[..(int)Math.Min(bytes.Length, payloadStart - at)], payloadEnd - payloadStart);
        }
        if (at < payloadEnd)
        {
            var payload = bytes[..(int)Math.Min(bytes.Length, payloadEnd - at)];
            _block.Append(payload);
            FeedPayload(payload);
            return payload.Length;
        }
        var crc = bytes[..(int)Math.Min(bytes.Length, _blockEnd - at)];
        crc.CopyTo(_fixed.AsSpan(_filled));
        _filled += crc.Length;
        if (_filled == CrcSize)
        {
            EndBlock();
        }
        return crc.Length;
    }

    private int FeedHead(ReadOnlySpan<byte> head, long payload)
    {
        head.CopyTo(_fixed.AsSpan(_filled));
        _filled += head.Length;
        if (_filled == BlockHeadSize)
        {
            _filled = 0;
            _block.Append(_fixed);
            _blockEntries = BinaryPrimitives.ReadUInt32LittleEndian(_fixed);
            _uncompressed = BinaryPrimitives.ReadUInt32LittleEndian(_fixed.AsSpan(4));
            if (layout.Codec == AlopexCodec.None && _uncompressed != payload)
            {
                throw Bad($"a block of {payload} bytes says it has {_uncompressed}");
            }
            if (
                layout.Codec == AlopexCodec.Lz4
                && (payload < Lz4HeadSize || _uncompressed > (ulong)payload * Lz4Block.MostPerByte)
            )
            {
                throw Bad($"a coded block of {payload} bytes cannot hold {_uncompressed}");
            }
            _entries?.BeginBlock(_blockEntries, _uncompressed, index.Current.FirstKey);
            _coded = null;
            _codedLength = 0;
            if (_entries is not null && layout.Codec == AlopexCodec.Lz4)
            {
                var fits = payload <= LargestDecoded && _uncompressed <= LargestDecoded;
                _coded = fits ? new byte[payload] : null;
            }
        }
        return head.Length;
    }

    private void FeedPayload(ReadOnlySpan<byte> payload)
    {
        if (layout.Codec == AlopexCodec.None && _entries is not null && _entriesFault is null)
        {
            try
            {
                _entries.Feed(payload);
            }
            catch (BackupException e)
            {
                _entriesFault = e; // the block's checksum has the first word
            }
        }
        else if (_coded is not null)
        {
            payload.CopyTo(_coded.AsSpan(_codedLength));
            _codedLength += payload.Length;
        }
    }

    private void EndBlock()
    {
        var stored = BinaryPrimitives.ReadUInt32LittleEndian(_fixed);
        if (stored != _block.GetCurrentHashAsUInt32())
        {
            throw Fault.Mismatch(
                $"checksum mismatch in block {_blocks} of the SSTable",
                stored,
                _block.GetCurrentHashAsUInt32()
            );
        }
        if (_entriesFault is not null)
        {
            throw _entriesFault;
        }
        if (_entries is not null)
        {
            EndEntries(_entries);
        }
        _blocks++;
        _entryTotal += _blockEntries;
        _blockStart = -1;
        _filled = 0;
    }

    private void EndEntries(AlopexBlockEntries entries)
    {
        if (_coded is not null)
        {
            if (BinaryPrimitives.ReadUInt32LittleEndian(_coded) != _uncompressed)
            {
                throw Bad("the two lengths of a coded block differ");
            }
            var plain = new byte[_uncompressed];
            Lz4Block.Decode(_coded.AsSpan(Lz4HeadSize), plain);
            entries.Feed(plain);
        }
        else if (layout.Codec != AlopexCodec.None)
        {
            OpaqueBlocks++;
            return;
        }
        entries.EndBlock(index.Current.LastKey);
    }

    private static BackupException At(BackupException e, long offset) =>
        new(e.Code, e.Message, offset: offset, expected: e.Expected, actual: e.Actual, inner: e);

    private static BackupException Bad(string message, long? offset = null) =>
        Fault.Malformed($"SSTable: {message}", offset);
}
