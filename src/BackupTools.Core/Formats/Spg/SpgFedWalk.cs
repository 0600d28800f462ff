using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;
using BackupTools.Errors;
using BackupTools.Formats.Primitives;

namespace BackupTools.Formats.Spg;

/// <summary>
/// A walk over bytes that come in pieces of any size, in constant memory. The walk is one straight coroutine: each
/// yield says how many bytes it needs, and the feeding side resumes it when they are there.
/// </summary>
internal abstract class SpgFedWalk(long length, long baseOffset)
{
    // The longest thing looked at as a whole is a text of 65535 bytes.
    private const int BufferLength = 1 << 18;

    private readonly byte[] _buffer = new byte[Math.Min(BufferLength, length)];
    private IEnumerator<int>? _steps;
    private int _start;
    private int _end;
    private int _need;
    private ulong _skip;
    private long _offset;
    private bool _isDone;

    /// <summary>The bytes that have come and were not taken.</summary>
    protected ReadOnlySpan<byte> AtHand => _buffer.AsSpan(_start, _end - _start);

    /// <summary>How many bytes of the walk were not taken.</summary>
    protected long Left => length - _offset;

    /// <summary>Takes the next bytes; throws the first fault.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty && !_isDone)
        {
            if (_end == _buffer.Length)
            {
                _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
                _end -= _start;
                _start = 0;
            }
            var take = Math.Min(bytes.Length, _buffer.Length - _end);
            bytes[..take].CopyTo(_buffer.AsSpan(_end));
            _end += take;
            bytes = bytes[take..];
            Run();
        }
    }

    private void Run()
    {
        while (!_isDone)
        {
            var skip = (int)Math.Min(_skip, (ulong)(_end - _start));
            Advance(skip);
            _skip -= (ulong)skip;
            if (_skip > 0 || _end - _start < _need)
            {
                return;
            }
            _steps ??= Steps().GetEnumerator();
            _isDone = !_steps.MoveNext();
            _need = _isDone ? 0 : _steps.Current;
            var left = (ulong)(length - _offset);
            if (_skip > left)
            {
                throw UnexpectedEnd(_offset, _skip);
            }
            if ((ulong)_need > left - _skip)
            {
                throw UnexpectedEnd(_offset + (long)_skip, (ulong)_need);
            }
        }
    }

    /// <summary>The walk: yields how many bytes it needs.</summary>
    protected abstract IEnumerable<int> Steps();

    /// <summary>Has so many bytes passed over before the next step.</summary>
    protected void Skip(ulong count) => _skip = count;

    protected byte U8()
    {
        var value = _buffer[_start];
        Advance(1);
        return value;
    }

    protected ushort U16()
    {
        var value = BinaryPrimitives.ReadUInt16LittleEndian(_buffer.AsSpan(_start));
        Advance(2);
        return value;
    }

    protected uint U32()
    {
        var value = BinaryPrimitives.ReadUInt32LittleEndian(_buffer.AsSpan(_start));
        Advance(4);
        return value;
    }

    protected string Text(int length)
    {
        var start = _start;
        CheckText(length);
        return Encoding.UTF8.GetString(_buffer.AsSpan(start, length));
    }

    protected void CheckText(int length)
    {
        if (!Utf8.IsValid(_buffer.AsSpan(_start, length)))
        {
            throw Malformed("invalid UTF-8 in identifier or text");
        }
        Advance(length);
    }

    protected void Advance(int count)
    {
        _start += count;
        _offset += count;
    }

    protected BackupException Malformed(string message, int back = 0) =>
        Fault.Malformed(message, baseOffset + _offset - back);

    private BackupException UnexpectedEnd(long offset, ulong wanted) =>
        Fault.Truncated($"unexpected EOF at offset {offset} (wanted {wanted} more bytes)", baseOffset + offset);
}
