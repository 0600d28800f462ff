using System.IO.Hashing;
using BackupTools.Files;
using BackupTools.Formats.Grafeo;
using BackupTools.Formats.Primitives;

namespace BackupTools.Engines.Grafeo;

/// <summary>
/// Writes an increment of 0.5.x (Grafeo format, §3.3): a header, then frames as they were logged, but with epochs of the
/// caller's choice.
/// </summary>
internal sealed class GrafeoFrameWriter(IDiskFile target, EngineContext context)
{
    private const int BufferSize = 1 << 20;

    private readonly byte[] _buffer = new byte[BufferSize];
    private readonly Crc32 _crc = new();
    private int _filled;
    private long _at = GbakHeader.Size;

    /// <summary>What was written last changes the database, and no epoch follows it yet.</summary>
    public bool LacksEpoch { get; private set; }

    /// <summary>Copies ranges of whole frames.</summary>
    /// <param name="inputs">The inputs that the ranges refer to by number.</param>
    /// <param name="kept">In order.</param>
    /// <param name="number">The epoch to write instead of one; null leaves the record out.</param>
    /// <exception cref="Errors.BackupException">SourceChanging, or a frame is damaged.</exception>
    public void Copy(
        IReadOnlyList<GrafeoRecordInput> inputs,
        IReadOnlyList<GrafeoStretch> kept,
        Func<ulong, ulong?> number
    ) =>
        GrafeoFrames.Read(
            inputs,
            kept,
            (_, _, bytes) =>
            {
                LacksEpoch = true;
                Write(bytes);
                return true;
            },
            record =>
            {
                var value = record.Kind == GrafeoRecordKind.EpochAdvance ? number(record.Value) : record.Value;
                if (value is { } v)
                {
                    Add(record.Kind, v);
                }
            },
            context
        );

    /// <summary>Adds a record that orders transactions.</summary>
    public void Add(GrafeoRecordKind kind, ulong value)
    {
        LacksEpoch &= kind != GrafeoRecordKind.EpochAdvance;
        Write(GrafeoRecord.Frame(kind, value));
    }

    /// <summary>Writes the header and what is left.</summary>
    public GrafeoCapturedLog Finish(GbakHeader header)
    {
        Flush();
        var bytes = header.Write();
        target.Write(bytes, 0);
        var crc = Crc32Combine.Of(Crc32.HashToUInt32(bytes), _crc.GetCurrentHashAsUInt32(), _at - GbakHeader.Size);
        return new GrafeoCapturedLog(header.EndEpoch, crc, _at, null);
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var take = Math.Min(bytes.Length, BufferSize - _filled);
            bytes[..take].CopyTo(_buffer.AsSpan(_filled));
            _filled += take;
            bytes = bytes[take..];
            if (_filled == BufferSize)
            {
                Flush();
            }
        }
    }

    private void Flush()
    {
        var bytes = _buffer.AsSpan(0, _filled);
        _crc.Append(bytes);
        target.Write(bytes, _at);
        _at += _filled;
        _filled = 0;
    }
}
