namespace BackupTools.Formats.Alopex;

/// <summary>
/// Follows the structure of one entry's body (Alopex format, §3.4) without keeping keys or values. The first fault is
/// kept; the caller decides whether it matters, because a wrong checksum comes first.
/// </summary>
internal sealed class AlopexWalBody
{
    private const byte Put = 0;
    private const byte Delete = 1;
    private const byte Batch = 2;

    private enum Step
    {
        Type,
        Count,
        Operation,
        KeyLength,
        Key,
        ValueLength,
        Value,
        Complete,
    }

    private Step _step;
    private bool _isBatch;
    private bool _isDelete;
    private ulong _operationsLeft;
    private ulong _left;
    private ulong _skip;
    private ulong _varint;
    private int _shift;
    private string? _fault;

    /// <summary>What is wrong with the body, in the engine's words; asked after its last byte. Null for nothing.</summary>
    public string? Fault => _fault ?? (_step == Step.Complete ? null : Unfinished());

    /// <summary>Begins a body of that many bytes.</summary>
    public void Reset(ulong length)
    {
        _step = Step.Type;
        _left = length;
        _fault = null;
        _shift = 0;
        _varint = 0;
    }

    /// <summary>Takes the next bytes of the body.</summary>
    public void Feed(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty && _fault is null)
        {
            if (_step is Step.Key or Step.Value)
            {
                var take = (int)Math.Min(_skip, (ulong)bytes.Length);
                _skip -= (ulong)take;
                _left -= (ulong)take;
                bytes = bytes[take..];
                if (_skip == 0)
                {
                    AfterBytes();
                }
                continue;
            }
            var b = bytes[0];
            bytes = bytes[1..];
            _left--;
            Take(b);
        }
    }

    private void Take(byte b)
    {
        switch (_step)
        {
            case Step.Type when b > Batch:
                _fault = $"unknown WAL entry type: {b}";
                break;
            case Step.Type:
                _isBatch = b == Batch;
                _isDelete = b == Delete;
                _operationsLeft = 1;
                _step = _isBatch ? Step.Count : Step.KeyLength;
                break;
            case Step.Operation when b > Delete:
                _fault = $"unknown WAL op type: {b}";
                break;
            case Step.Operation:
                _isDelete = b == Delete;
                _step = Step.KeyLength;
                break;
            case Step.Complete:
                _fault =
                    _isBatch ? "WAL batch has trailing unparsed bytes"
                    : _isDelete ? "WAL entry has trailing bytes after Delete"
                    : "WAL entry has trailing bytes after Put";
                break;
            default:
                TakeVarint(b);
                break;
        }
    }

    private void TakeVarint(byte b)
    {
        _varint |= (ulong)(b & 0x7F) << _shift;
        if ((b & 0x80) != 0)
        {
            _shift += 7;
            if (_shift >= 64)
            {
                _fault = "varint overflow";
            }
            return;
        }
        var value = _varint;
        (_varint, _shift) = (0, 0);
        switch (_step)
        {
            case Step.Count:
                _operationsLeft = value;
                _step = value == 0 ? Step.Complete : Step.Operation;
                break;
            case Step.KeyLength:
                Expect(value, Step.Key, "key");
                break;
            default:
                if (_isDelete && value != 0 && !(_isBatch && value > _left))
                {
                    _fault = _isBatch
                        ? "batch delete must have zero-length value"
                        : "delete entry must have zero-length value";
                    return;
                }
                Expect(value, Step.Value, "value");
                break;
        }
    }

    private void Expect(ulong count, Step step, string what)
    {
        if (count > _left)
        {
            _fault = _isBatch ? $"WAL batch truncated ({what})" : $"WAL entry truncated ({what})";
            return;
        }
        _step = step;
        _skip = count;
        if (count == 0)
        {
            AfterBytes();
        }
    }

    private void AfterBytes()
    {
        if (_step == Step.Key)
        {
            _step = Step.ValueLength;
            return;
        }
        _operationsLeft--;
        _step = _operationsLeft == 0 ? Step.Complete : Step.Operation;
    }

    private string Unfinished() => _step == Step.Operation ? "WAL batch truncated before op type" : "varint truncated";
}
