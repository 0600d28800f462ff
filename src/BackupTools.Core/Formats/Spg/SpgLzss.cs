using System.Buffers.Binary;

namespace BackupTools.Formats.Spg;

/// <summary>
/// Streaming decoder of SPG's LZSS (SPG format, §4.4): any piece of input in, pieces of output out, constant memory.
/// A fault is remembered, not thrown: the CRC of the frame around it is judged first.
/// </summary>
internal sealed class SpgLzss
{
    // A back-reference reaches 4095 bytes back: so much of the output is kept before what is being produced. One step
    // may write 18 bytes beyond the chunk, so that none has to stop in the middle.
    private const int Window = 4096;
    private const int Chunk = 4096;
    private const int LongestCopy = 18;
    private const int HeaderLength = 4;

    private readonly byte[] _buffer = new byte[Window + Chunk + LongestCopy];
    private readonly byte[] _header = new byte[HeaderLength];
    private int _headerLength;
    private uint _left;
    private long _produced;
    private int _end;
    private int _flags;
    private int _tokensLeft;
    private int _firstByte;

    /// <summary>What is wrong with the input so far; null while nothing is.</summary>
    public string? Fault { get; private set; }

    /// <summary>True once the announced length is out; what follows in the input is ignored, as in the reference.</summary>
    public bool IsDone => _headerLength == HeaderLength && _left == 0;

    /// <summary>Starts over.</summary>
    public void Reset()
    {
        _headerLength = 0;
        _left = 0;
        _produced = 0;
        _end = Window;
        _flags = 0;
        _tokensLeft = 0;
        _firstByte = -1;
        Fault = null;
    }

    /// <summary>
    /// Decodes until the input is used up or there is output to hand over; the output is valid until the next call.
    /// Call again as long as it returns something or input is left.
    /// </summary>
    public ReadOnlySpan<byte> Decode(ref ReadOnlySpan<byte> input)
    {
        ReadHeader(ref input);
        if (_end >= Window + Chunk)
        {
            _buffer.AsSpan(_end - Window, Window).CopyTo(_buffer);
            _end = Window;
        }
        var start = _end;
        var used = 0;
        while (used < input.Length && _left > 0 && Fault is null && _end < Window + Chunk)
        {
            Step(input[used++]);
        }
        input = IsDone || Fault is not null ? [] : input[used..];
        return _buffer.AsSpan(start, _end - start);
    }

    /// <summary>Tells that there is no more input.</summary>
    public void Finish()
    {
        if (!IsDone)
        {
            Fault ??= $"LZSS input ends after {_produced} bytes of output";
        }
    }

    private void ReadHeader(ref ReadOnlySpan<byte> input)
    {
        while (_headerLength < HeaderLength && !input.IsEmpty)
        {
            _header[_headerLength++] = input[0];
            input = input[1..];
            if (_headerLength == HeaderLength)
            {
                _left = BinaryPrimitives.ReadUInt32LittleEndian(_header);
            }
        }
    }

    private void Step(byte next)
    {
        if (_tokensLeft == 0)
        {
            _flags = next;
            _tokensLeft = 8;
        }
        else if ((_flags & 1) != 0)
        {
            _buffer[_end++] = next;
            _produced++;
            _left--;
            NextToken();
        }
        else if (_firstByte < 0)
        {
            _firstByte = next;
        }
        else
        {
            CopyBack(_firstByte | (next << 8));
            _firstByte = -1;
            NextToken();
        }
    }

    private void NextToken()
    {
        _flags >>= 1;
        _tokensLeft--;
    }

    private void CopyBack(int reference)
    {
        var distance = reference >> 4;
        var length = (reference & 15) + 3;
        if (distance == 0 || distance > _produced)
        {
            Fault = $"LZSS back-reference of {distance} after {_produced} bytes of output";
        }
        else if ((uint)length > _left)
        {
            Fault = $"LZSS output runs past its length ({_produced} + {length} of {_produced + _left})";
        }
        else
        {
            // Byte by byte: the source may overlap what is being written.
            for (var i = 0; i < length; i++, _end++)
            {
                _buffer[_end] = _buffer[_end - distance];
            }
            _produced += length;
            _left -= (uint)length;
        }
    }
}
