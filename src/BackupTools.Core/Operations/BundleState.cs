using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Operations;

/// <summary>
/// What one file under the state path says of one encrypted bundle: its traces (<see cref="BundleTraces"/>), and the digests of
/// the encrypted files that they are of. The record of the bundle names the digest of this file, so that no other can stand
/// for it.
/// </summary>
/// <param name="Version">Of the file.</param>
/// <param name="Engine">The engine.</param>
/// <param name="Id">Of the bundle.</param>
/// <param name="Salt">Random, so that the digest tells nothing to who sees it in the record.</param>
/// <param name="Sealed">The encrypted files of the bundle, as in its record.</param>
/// <param name="Kept">What is kept; the bytes follow each other in the file, in this order, behind this head.</param>
/// <param name="Recipients">The public keys that the bundle is encrypted for; null where nobody noted them.</param>
internal sealed partial record BundleState(
    int Version,
    string Engine,
    string Id,
    byte[] Salt,
    IReadOnlyList<FileRecord> Sealed,
    IReadOnlyList<BundleState.Part> Kept,
    IReadOnlyList<string>? Recipients = null
)
{
    /// <summary>The name of the engine's facts, which are no file of the bundle.</summary>
    public const string Facts = "";

    private const int Known = 1;
    private const int LongestHead = 64 << 20;

    private static ReadOnlySpan<byte> Magic => "BTSTATE1"u8;

    /// <summary>Where the kept bytes begin in the file.</summary>
    [JsonIgnore]
    public long Start { get; private init; }

    /// <summary>Writes the file; the digest that its bundle's record has to name.</summary>
    /// <param name="record">Of the bundle.</param>
    /// <param name="kept">What is kept.</param>
    /// <param name="recipients">For whom the bundle is encrypted.</param>
    /// <param name="file">New.</param>
    public static string Write(
        BundleRecord record,
        IReadOnlyList<Keeping> kept,
        IReadOnlyList<string> recipients,
        IDiskFile file
    )
    {
        var parts = kept.Select(k => new Part(
            k.Name,
            k.File.Length,
            [.. k.Ranges.Select(r => new KeptRange(r.Start, r.End, DigestOf(k.File, r)))],
            k.Shared
        ));
        var state = new BundleState(
            Known,
            record.Engine,
            record.Id,
            RandomNumberGenerator.GetBytes(32),
            record.Files,
            [.. parts],
            recipients
        );
        var head = JsonSerializer.SerializeToUtf8Bytes(state, StateJson.Default.BundleState);
        var length = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(length, head.Length);
        byte[] start = [.. Magic, .. length, .. head];
        file.Write(start, 0);
        long at = start.Length;
        foreach (var part in kept)
        {
            foreach (var range in part.Ranges)
            {
                HashingCopy.Copy(part.File, range, file, at, null, new TransferProgress(), CancellationToken.None);
                at += range.Length;
            }
        }
        return Blake3.Hasher.Hash(head).ToString();
    }

    /// <summary>The BLAKE3 digest of a part of a file, lower-case hex.</summary>
    public static string DigestOf(IDiskFile file, FileRange range)
    {
        using var digest = Blake3.Hasher.New();
        HashingCopy.Read(file, range, block => digest.Update(block), new TransferProgress(), CancellationToken.None);
        return digest.Finalize().ToString();
    }

    /// <summary>Reads the head of the file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="digest">Of the head, as the record of the bundle names it.</param>
    /// <exception cref="BackupException">It is not what was written.</exception>
    public static BundleState Read(IDiskFile file, string digest)
    {
        var start = new byte[Magic.Length + sizeof(int)];
        HashingCopy.ReadExactly(file, start, 0);
        var length = BinaryPrimitives.ReadInt32LittleEndian(start.AsSpan(Magic.Length));
        if (!start.AsSpan().StartsWith(Magic) || length is < 0 or > LongestHead)
        {
            throw Malformed(file.Path);
        }
        var head = new byte[length];
        HashingCopy.ReadExactly(file, head, start.Length);
        if (Blake3.Hasher.Hash(head).ToString() is var actual && actual != digest)
        {
            throw new BackupException(
                ErrorCode.ChecksumMismatch,
                "it is not what was kept of the bundle",
                file.Path,
                expected: digest,
                actual: actual
            );
        }
        try
        {
            return JsonSerializer.Deserialize(head, StateJson.Default.BundleState) is { Version: Known } state
                ? state with
                {
                    Start = start.Length + length,
                }
                : throw Malformed(file.Path);
        }
        catch (JsonException e)
        {
            throw Malformed(file.Path, e);
        }
    }

    private static BackupException Malformed(string path, Exception? inner = null) =>
        new(ErrorCode.Malformed, "the file is no state of a bundle that this version knows", path, inner: inner);

    /// <summary>What is kept of a file, or the engine's facts.</summary>
    /// <param name="Name">Below the folder of the bundles.</param>
    /// <param name="Length">Of the whole file, in clear.</param>
    /// <param name="Ranges">The parts of it.</param>
    /// <param name="Shared">The encrypted file, where it is not the bundle's own; else null.</param>
    internal sealed record Part(string Name, long Length, IReadOnlyList<KeptRange> Ranges, FileRecord? Shared)
    {
        /// <summary>All bytes that are kept.</summary>
        public long KeptLength => Ranges.Sum(r => r.End - r.Start);
    }

    /// <summary>A part of a file, and the BLAKE3 digest of it.</summary>
    internal sealed record KeptRange(long Start, long End, string Blake3);

    /// <summary>What is to be kept of an open file.</summary>
    internal sealed record Keeping(string Name, IDiskFile File, IReadOnlyList<FileRange> Ranges, FileRecord? Shared);

    [JsonSourceGenerationOptions(
        PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
        MaxDepth = 8,
        IgnoreReadOnlyProperties = true,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true
    )]
    [JsonSerializable(typeof(BundleState))]
    private sealed partial class StateJson : JsonSerializerContext;
}
