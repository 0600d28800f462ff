using BackupTools.Files;
using BackupTools.Formats.Age;

namespace BackupTools.Encryption;

/// <summary>
/// A new file that is encrypted as it is written. Each byte is written once; blocks may come from several threads, and so a
/// little out of order. The file is complete when it is disposed of. What is never written is zeros.
/// </summary>
internal sealed class AgeWriter : IDiskFile
{
    /// <summary>Encrypted before they are written.</summary>
    private const int ChunksAtOnce = 16;

    /// <summary>Chunks that wait for one before them: of more it is a hole.</summary>
    private const int MostWaiting = 256;

    private static readonly byte[] Zeros = new byte[AgePayload.ChunkLength];

    private readonly Lock _gate = new();
    private readonly IDiskFile _outer;
    private readonly AgePayload _payload;
    private readonly Action<string> _finished;
    private readonly Blake3.Hasher _digest = Blake3.Hasher.New();
    private readonly Dictionary<long, PartialChunk> _waiting = [];
    private readonly byte[] _batch = new byte[ChunksAtOnce * AgePayload.SealedLength];
    private int _batched;
    private long _written;
    private long _next;
    private long _length;
    private bool _isOver;
    private DateTimeOffset? _modified;

    /// <summary>Begins the file.</summary>
    /// <param name="path">The name that it goes by.</param>
    /// <param name="outer">The file, empty; belongs to this.</param>
    /// <param name="key">Of this file alone.</param>
    /// <param name="header">Made with the key.</param>
    /// <param name="nonce">Of this file alone.</param>
    /// <param name="finished">Told the BLAKE3 digest of the encrypted bytes, in lower-case hex.</param>
    public AgeWriter(string path, IDiskFile outer, AgeFileKey key, byte[] header, byte[] nonce, Action<string> finished)
    {
        Path = path;
        _outer = outer;
        _payload = key.Payload(nonce);
        _finished = finished;
        Put([.. header, .. nonce]);
    }

    public string Path { get; }

    public long Length
    {
        get
        {
            lock (_gate)
            {
                return _length;
            }
        }
    }

    public DiskEntry Stat() => _outer.Stat() with { Path = Path, Length = Length };

    public int Read(Span<byte> buffer, long offset) => throw new InvalidOperationException($"{Path} is being written");

    public void Write(ReadOnlySpan<byte> buffer, long offset)
    {
        lock (_gate)
        {
            _length = Math.Max(_length, offset + buffer.Length);
            Guarded(buffer, offset);
        }
    }

    public void SetLength(long length)
    {
        lock (_gate)
        {
            _length = length >= _length ? length : throw new InvalidOperationException($"{Path} cannot be shortened");
        }
    }

    public void SetModified(DateTimeOffset time) => _modified = time;

    /// <summary>Nothing is durable before the end; staging flushes what is complete.</summary>
    public void Flush() { }

    public void Dispose()
    {
        try
        {
            lock (_gate)
            {
                if (!_isOver)
                {
                    Finish();
                }
            }
        }
        finally
        {
            _payload.Dispose();
            _digest.Dispose();
            _outer.Dispose();
        }
    }

    private void Guarded(ReadOnlySpan<byte> buffer, long offset)
    {
        var wasOver = _isOver;
        _isOver = true; // what failed half-way cannot be brought to an end
        while (!buffer.IsEmpty)
        {
            var (index, within) = Math.DivRem(offset, AgePayload.ChunkLength);
            var part = buffer[..(int)Math.Min(buffer.Length, AgePayload.ChunkLength - within)];
            Take(index, (int)within, part);
            buffer = buffer[part.Length..];
            offset += part.Length;
        }
        _isOver = wasOver;
    }

    private void Take(long index, int within, ReadOnlySpan<byte> part)
    {
        if (index < _next)
        {
            throw new InvalidOperationException($"{Path} is written to twice");
        }
        if (index == _next && part.Length == AgePayload.ChunkLength && index < LastIndex)
        {
            Seal(part, isLast: false);
        }
        else
        {
            if (!_waiting.TryGetValue(index, out var chunk))
            {
                _waiting.Add(index, chunk = new PartialChunk());
            }
            chunk.Take(within, part);
        }
        while (_next < LastIndex && (IsWhole(_next) || _waiting.Count > MostWaiting))
        {
            SealNext(isLast: false);
        }
    }

    private long LastIndex => AgePayload.ChunksOf(_length) - 1;

    private bool IsWhole(long index) => _waiting.TryGetValue(index, out var chunk) && chunk.IsWhole;

    private void SealNext(bool isLast)
    {
        var plain = _waiting.Remove(_next, out var chunk) ? chunk.Bytes : Zeros;
        Seal(plain.AsSpan(0, (int)Math.Min(plain.Length, _length - (_next * AgePayload.ChunkLength))), isLast);
    }

    private void Seal(ReadOnlySpan<byte> plain, bool isLast)
    {
        _payload.Seal(_next++, isLast, plain, _batch.AsSpan(_batched, plain.Length + Aead.TagLength));
        _batched += plain.Length + Aead.TagLength;
        if (isLast || _batched == _batch.Length)
        {
            Put(_batch.AsSpan(0, _batched));
            _batched = 0;
        }
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        _digest.Update(bytes);
        _outer.Write(bytes, _written);
        _written += bytes.Length;
    }

    private void Finish()
    {
        _isOver = true;
        while (_next < LastIndex)
        {
            SealNext(isLast: false);
        }
        SealNext(isLast: true);
        if (_modified is { } time)
        {
            _outer.SetModified(time);
        }
        _finished(_digest.Finalize().ToString());
    }

    /// <summary>A chunk of which not all has come.</summary>
    private sealed class PartialChunk
    {
        private readonly List<(int Start, int End)> _there = [];

        public byte[] Bytes { get; } = new byte[AgePayload.ChunkLength];

        public bool IsWhole => _there is [(0, AgePayload.ChunkLength)];

        public void Take(int start, ReadOnlySpan<byte> part)
        {
            var end = start + part.Length;
            var (from, to) = (start, end);
            if (_there.Exists(r => r.Start < to && from < r.End))
            {
                throw new InvalidOperationException("a part of a chunk is written twice");
            }
            part.CopyTo(Bytes.AsSpan(start));
            foreach (var beside in _there.Where(r => r.End == start || r.Start == end).ToList())
            {
                _there.Remove(beside);
                (from, to) = (Math.Min(from, beside.Start), Math.Max(to, beside.End));
            }
            _there.Add((from, to));
        }
    }
}
