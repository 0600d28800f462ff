using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace BackupTools.Formats.Spg;

/// <summary>
/// Judges the payload of one frame, in pieces and in constant memory: known type and algorithm, sound LZSS, UTF-8,
/// and what the statement does to the transaction. A fault is remembered: the frame's end and CRC are judged first, as
/// the server does (SPG format, §4.3).
/// </summary>
internal sealed class SpgFramePayload
{
    private const string NotUtf8 = "WAL frame is not valid UTF-8";

    private enum Content
    {
        NoText,
        PlainText,
        PackedText,
        AlgorithmFirst,
    }

    private readonly SpgLzss _lzss = new();
    private readonly byte[] _partial = new byte[4];
    private int _partialLength;
    private SpgStatementWords _words;
    private Content _content;
    private byte _type;

    /// <summary>Why the server would refuse to replay the frame; null while nothing is wrong.</summary>
    public string? Fault { get; private set; }

    /// <summary>What the statement does; valid after <see cref="Finish"/>.</summary>
    public SpgStatement Statement => _content == Content.NoText ? SpgStatement.Other : _words.Statement;

    /// <summary>Starts a frame; <paramref name="type"/> is null for v1 and v2, whose payload is plain SQL.</summary>
    public void Start(byte? type, uint payloadLength)
    {
        _type = type ?? SpgWalFrame.Sql;
        _words = default;
        _partialLength = 0;
        Fault = null;
        _content = _type switch
        {
            SpgWalFrame.Sql => Content.PlainText,
            SpgWalFrame.PackedSql or SpgWalFrame.MySql => Content.AlgorithmFirst,
            _ => Content.NoText,
        };
        if (_type is < SpgWalFrame.Sql or > SpgWalFrame.MySql)
        {
            Fault = $"unknown WAL frame type 0x{_type:x2}";
        }
        else if (_type == SpgWalFrame.Marker && payloadLength != 8)
        {
            Fault = $"WAL durability marker of {payloadLength} bytes instead of 8";
        }
    }

    /// <summary>Takes the next piece of the payload.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (_content == Content.AlgorithmFirst && !bytes.IsEmpty)
        {
            ReadAlgorithm(bytes[0]);
            bytes = bytes[1..];
        }
        if (_content == Content.PlainText)
        {
            AppendText(bytes);
        }
        else if (_content == Content.PackedText)
        {
            Unpack(bytes);
        }
    }

    /// <summary>Tells that the payload is complete.</summary>
    public void Finish()
    {
        if (_content == Content.AlgorithmFirst)
        {
            Fault ??= "WAL frame without its algorithm byte";
        }
        if (_content == Content.PackedText)
        {
            _lzss.Finish();
            Fault ??= _lzss.Fault;
        }
        if (_partialLength > 0)
        {
            Fault ??= NotUtf8;
        }
        _words.Finish();
    }

    private void ReadAlgorithm(byte algorithm)
    {
        const byte Raw = 0;
        const byte Lzss = 1;
        if (algorithm == Lzss)
        {
            _content = Content.PackedText;
            _lzss.Reset();
        }
        else if (algorithm == Raw && _type == SpgWalFrame.MySql)
        {
            _content = Content.PlainText;
        }
        else
        {
            _content = Content.NoText;
            Fault = $"unknown compression algorithm {algorithm} in a WAL frame of type 0x{_type:x2}";
        }
    }

    private void Unpack(ReadOnlySpan<byte> bytes)
    {
        while (true)
        {
            var output = _lzss.Decode(ref bytes);
            if (output.IsEmpty && bytes.IsEmpty)
            {
                return;
            }
            AppendText(output);
        }
    }

    private void AppendText(ReadOnlySpan<byte> text)
    {
        if (!_words.IsDecided)
        {
            _words.Append(text);
        }
        // Most texts come whole: then this is one vectorised pass.
        if (Fault is null && (_partialLength > 0 || !Utf8.IsValid(text)))
        {
            CheckPieces(text);
        }
    }

    /// <summary>A piece may begin or end in the middle of a character; up to three bytes wait for the next piece.</summary>
    private void CheckPieces(ReadOnlySpan<byte> text)
    {
        while (_partialLength > 0 && !text.IsEmpty)
        {
            _partial[_partialLength++] = text[0];
            text = text[1..];
            switch (Rune.DecodeFromUtf8(_partial.AsSpan(0, _partialLength), out _, out _))
            {
                case OperationStatus.Done:
                    _partialLength = 0;
                    break;
                case OperationStatus.InvalidData:
                    Fault = NotUtf8;
                    return;
            }
        }
        var tail = IncompleteTail(text);
        if (!Utf8.IsValid(text[..^tail]))
        {
            Fault = NotUtf8;
        }
        else if (tail > 0)
        {
            text[^tail..].CopyTo(_partial);
            _partialLength = tail;
        }
    }

    /// <summary>How many bytes at the end begin a character that is not complete.</summary>
    private static int IncompleteTail(ReadOnlySpan<byte> text)
    {
        for (var n = 1; n <= Math.Min(3, text.Length); n++)
        {
            var status = Rune.DecodeFromUtf8(text[^n..], out _, out _);
            if (status == OperationStatus.NeedMoreData)
            {
                return n;
            }
        }
        return 0;
    }
}
