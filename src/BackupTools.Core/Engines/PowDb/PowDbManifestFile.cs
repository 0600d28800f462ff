using System.Buffers;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.PowDb;
using BackupTools.Formats.Primitives;
using Blake3;

namespace BackupTools.Engines.PowDb;

/// <summary>A manifest as it lies on the disk, and what came of reading it.</summary>
/// <param name="IsRecognised">It is PowDB's, whether or not it is sound.</param>
/// <param name="Manifest">Null when <paramref name="Error"/> says why.</param>
/// <param name="Id">BLAKE3 of its bytes; the bundle's identity.</param>
/// <param name="Error">What is wrong with it.</param>
internal sealed record PowDbManifestFile(bool IsRecognised, PowDbManifest? Manifest, Hash Id, BackupException? Error)
{
    // Every page of 12 TiB listed on a line of its own.
    private const long MaxLength = 64L * 1024 * 1024 * 1024;
    private const int BlockSize = 2 * PowDbManifestReader.MaxTokenLength;

    /// <summary>Reads a manifest in constant memory. Throws only what the disk throws.</summary>
    public static PowDbManifestFile Read(string path, bool increment, EngineContext context)
    {
        using var file = context.Disk.OpenRead(path);
        var reader = new PowDbManifestReader(increment);
        var hasher = Hasher.New();
        try
        {
            if (file.Length > MaxLength)
            {
                throw Fault.Malformed("the manifest is absurdly long");
            }
            Feed(file, reader, hasher, context.Cancellation);
            return new PowDbManifestFile(reader.IsRecognised, reader.Result(), hasher.Finalize(), null);
        }
        catch (BackupException e) when (e.Code is ErrorCode.Malformed or ErrorCode.UnsupportedVersion)
        {
            return new PowDbManifestFile(reader.IsRecognised, null, default, e.At(path));
        }
    }

    private static void Feed(IDiskFile file, PowDbManifestReader reader, Hasher hasher, CancellationToken cancellation)
    {
        var rented = ArrayPool<byte>.Shared.Rent(BlockSize);
        try
        {
            var buffer = rented.AsSpan(0, BlockSize);
            var have = 0;
            for (long at = 0; ; )
            {
                cancellation.ThrowIfCancellationRequested();
                var read = file.Read(buffer[have..], at);
                hasher.Update(buffer.Slice(have, read));
                at += read;
                have += read;
                var consumed = reader.Feed(buffer[..have], last: read == 0);
                if (read == 0)
                {
                    return;
                }
                buffer[consumed..have].CopyTo(buffer);
                have -= consumed;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }
}
