using System.Buffers.Binary;
using System.IO.Hashing;
using BackupTools.Formats.Primitives;

namespace BackupTools.Benchmarks.Data;

/// <summary>
/// Writes a data file front to back through one large buffer, keeping the checksum that the format wants, and flushes
/// it to disk at the end so that no measurement pays for the generator's writing.
/// </summary>
internal sealed class DataFile : IDisposable
{
    private const int BufferSize = 1 << 20;
    private readonly FileStream _stream;
    private readonly byte[] _buffer = new byte[BufferSize];
    private readonly Action<byte[], int>? _checksum;
    private int _used;
    private long _written;

    private DataFile(string path, FileMode mode, Action<byte[], int>? checksum)
    {
        _stream = new FileStream(path, mode, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        if (mode == FileMode.Open)
        {
            _written = _stream.Seek(0, SeekOrigin.End);
        }
        _checksum = checksum;
    }

    /// <summary>A new file without a checksum of its own.</summary>
    public static DataFile Create(string path) => new(path, FileMode.CreateNew, null);

    /// <summary>An existing file, continued at its end.</summary>
    public static DataFile Append(string path) => new(path, FileMode.Open, null);

    /// <summary>A new file whose bytes go through the CRC as they are written.</summary>
    public static DataFile Create(string path, Crc32 checksum) =>
        new(path, FileMode.CreateNew, (bytes, count) => checksum.Append(bytes.AsSpan(0, count)));

    /// <inheritdoc cref="Create(string, Crc32)"/>
    public static DataFile Create(string path, Crc32C checksum) =>
        new(path, FileMode.CreateNew, (bytes, count) => checksum.Append(bytes.AsSpan(0, count)));

    public long Position => _written + _used;

    /// <summary>The next <paramref name="length"/> bytes of the file, to be filled by the caller at once.</summary>
    public Span<byte> Take(int length)
    {
        if (length > _buffer.Length - _used)
        {
            Spill();
        }
        var span = _buffer.AsSpan(_used, length);
        _used += length;
        return span;
    }

    public void Write(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Take(bytes.Length));

    public void Write(byte value) => Take(1)[0] = value;

    public void Write(ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(Take(2), value);

    public void Write(uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Take(4), value);

    public void Write(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Take(8), value);

    public void Zeros(int length) => Take(length).Clear();

    /// <summary>Hands what is buffered to checksum and file.</summary>
    public void Spill()
    {
        _checksum?.Invoke(_buffer, _used);
        _stream.Write(_buffer, 0, _used);
        _written += _used;
        _used = 0;
    }

    /// <summary>Overwrites bytes that were written before; they do not go through the checksum again.</summary>
    public void Patch(long offset, ReadOnlySpan<byte> bytes)
    {
        Spill();
        RandomAccess.Write(_stream.SafeFileHandle, bytes, offset);
    }

    public void Dispose()
    {
        Spill();
        _stream.Flush(flushToDisk: true);
        _stream.Dispose();
    }
}
