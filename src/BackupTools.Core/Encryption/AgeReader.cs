using System.Buffers;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Age;

namespace BackupTools.Encryption;

/// <summary>
/// An encrypted file as the plain one: any range of it is read through the chunks that contain it. The key is looked
/// for when the first byte, or the length, is asked for; the last chunk then proves that nothing was cut off.
/// </summary>
/// <param name="path">The name that it goes by.</param>
/// <param name="outer">The encrypted file; belongs to this.</param>
/// <param name="keys">What can be read.</param>
internal sealed class AgeReader(string path, IDiskFile outer, KeyRing keys) : IDiskFile
{
    /// <summary>Read from the disk at once.</summary>
    private const int ChunksAtOnce = 16;

    private readonly Lock _gate = new();
    private (AgeLayout Layout, AgePayload Payload)? _opened;

    /// <summary>The chunk that was read last by parts.</summary>
    private (long Index, byte[] Plain)? _chunk;

    public string Path => path;

    public long Length => Open().Layout.Length;

    public DiskEntry Stat() => outer.Stat() with { Path = path, Length = Length };

    public int Read(Span<byte> buffer, long offset)
    {
        var (layout, payload) = Open();
        var wanted = (int)Math.Min(buffer.Length, layout.Length - offset);
        if (wanted <= 0)
        {
            return 0;
        }
        var (index, within) = Math.DivRem(offset, AgePayload.ChunkLength);
        var whole = within > 0 ? 0 : Math.Min(wanted / AgePayload.ChunkLength, ChunksAtOnce);
        if (whole > 0)
        {
            ReadChunks(layout, payload, index, buffer[..(whole * AgePayload.ChunkLength)]);
            return whole * AgePayload.ChunkLength;
        }
        lock (_gate)
        {
            if (_chunk?.Index != index)
            {
                var plain = new byte[
                    Math.Min(AgePayload.ChunkLength, layout.Length - (index * AgePayload.ChunkLength))
                ];
                ReadChunks(layout, payload, index, plain);
                _chunk = (index, plain);
            }
            var part = _chunk!.Value.Plain.AsSpan((int)within);
            part = part[..Math.Min(part.Length, wanted)];
            part.CopyTo(buffer);
            return part.Length;
        }
    }

    public void SetModified(DateTimeOffset time) => outer.SetModified(time);

    public void Flush() => outer.Flush();

    public void Dispose()
    {
        _opened?.Payload.Dispose();
        outer.Dispose();
    }

    private (AgeLayout Layout, AgePayload Payload) Open()
    {
        lock (_gate)
        {
            if (_opened is { } opened)
            {
                return opened;
            }
            try
            {
                var layout = AgeLayout.Read(outer);
                var nonce = new byte[AgeFileKey.NonceLength];
                HashingCopy.ReadExactly(outer, nonce, layout.NonceOffset);
                var payload = keys.Unlock(layout.Header).Payload(nonce);
                RequireEnd(layout, payload);
                _opened = (layout, payload);
                return (layout, payload);
            }
            catch (BackupException e)
            {
                throw e.At(outer.Path);
            }
        }
    }

    private void RequireEnd(AgeLayout layout, AgePayload payload)
    {
        var last = AgePayload.ChunksOf(layout.Length) - 1;
        var plain = new byte[layout.Length - (last * AgePayload.ChunkLength)];
        var @sealed = new byte[plain.Length + Aead.TagLength];
        HashingCopy.ReadExactly(outer, @sealed, layout.OffsetOf(last));
        if (!payload.TryOpen(last, isLast: true, @sealed, plain))
        {
            throw payload.TryOpen(last, isLast: false, @sealed, plain)
                ? new BackupException(
                    ErrorCode.Truncated,
                    "the end of the encrypted file was cut off",
                    offset: outer.Length
                )
                : Damaged(layout, last);
        }
        _chunk = (last, plain);
    }

    private void ReadChunks(AgeLayout layout, AgePayload payload, long first, Span<byte> plain)
    {
        var count = (int)AgePayload.ChunksOf(plain.Length);
        var last = AgePayload.ChunksOf(layout.Length) - 1;
        var buffer = ArrayPool<byte>.Shared.Rent(plain.Length + (count * Aead.TagLength));
        try
        {
            var @sealed = buffer.AsSpan(0, plain.Length + (count * Aead.TagLength));
            HashingCopy.ReadExactly(outer, @sealed, layout.OffsetOf(first));
            for (var i = 0; i < count; i++)
            {
                var (from, to) = (i * AgePayload.ChunkLength, Math.Min(plain.Length, (i + 1) * AgePayload.ChunkLength));
                var chunk = @sealed.Slice(i * AgePayload.SealedLength, to - from + Aead.TagLength);
                if (!payload.TryOpen(first + i, first + i == last, chunk, plain[from..to]))
                {
                    throw Damaged(layout, first + i);
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private BackupException Damaged(AgeLayout layout, long chunk) =>
        new(
            ErrorCode.ChecksumMismatch,
            "the encrypted file was changed after it was written, or a part of it was moved",
            outer.Path,
            layout.OffsetOf(chunk)
        );
}
