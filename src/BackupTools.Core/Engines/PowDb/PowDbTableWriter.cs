using BackupTools.Files;
using BackupTools.Formats.PowDb;
using BackupTools.Formats.Primitives;

namespace BackupTools.Engines.PowDb;

/// <summary>Writes a table of page fingerprints, segment after segment, from any thread.</summary>
internal sealed class PowDbTableWriter : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Hasher _hasher = new();
    private readonly IDiskFile _file;
    private long _length;

    public PowDbTableWriter(IDiskFile file)
    {
        _file = file;
        Write(PowDbFingerprints.FileHeader);
    }

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
    public PowDbPageTable Finish(string? on, int depth) => new(_length, _hasher.Finalize(), on, depth);

    public void Dispose() => _file.Dispose();

    private void Write(ReadOnlySpan<byte> bytes)
    {
        _hasher.Update(bytes);
        _file.Write(bytes, _length);
        _length += bytes.Length;
    }
}
