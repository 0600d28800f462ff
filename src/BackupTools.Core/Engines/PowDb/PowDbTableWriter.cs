using BackupTools.Files;
using BackupTools.Formats.PowDb;
using Blake3;

namespace BackupTools.Engines.PowDb;

/// <summary>Writes a table of page fingerprints under one secret, segment after segment, from any thread.</summary>
internal sealed class PowDbTableWriter : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Hasher _hasher = Hasher.New();
    private readonly IDiskFile _file;
    private long _length;

    public PowDbTableWriter(IDiskFile file, UInt128 key)
    {
        (_file, Key) = (file, key);
        Write(PowDbFingerprints.FileHeader);
    }

    /// <summary>The secret of all fingerprints in the table.</summary>
    public UInt128 Key { get; }

    /// <summary>Appends a segment with its fingerprints.</summary>
    public void Append(PowDbFingerprintSegment segment, ReadOnlySpan<byte> body)
    {
        Span<byte> head = stackalloc byte[PowDbFingerprints.MaxHeadSize];
        var length = PowDbFingerprints.WriteHead(head, segment);
        lock (_gate)
        {
            Write(head[..length]);
            Write(body);
        }
    }

    /// <summary>What the side file says about the finished table.</summary>
    public PowDbPageTable Finish(string? on, int depth) => new(_length, _hasher.Finalize(), on, depth, Key);

    public void Dispose() => _file.Dispose();

    private void Write(ReadOnlySpan<byte> bytes)
    {
        _hasher.Update(bytes);
        _file.Write(bytes, _length);
        _length += bytes.Length;
    }
}
