using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using BackupTools.Chains;
using BackupTools.Errors;

namespace BackupTools.Operations;

/// <summary>
/// What lies in clear beside an encrypted bundle: what the bundle is, what it builds on, and which files it has. Nothing of
/// their content.
/// </summary>
/// <remarks>
/// State: the digest of what the machine that took the bundle keeps of it (<see cref="BundleState"/>); null for nothing. Check:
/// the digest of the file that the record is, with zeros in its place: against accidents only, as whoever changes a record can
/// compute it.
/// </remarks>
internal sealed record BundleRecord(
    int Version,
    string Engine,
    BundleKind Kind,
    string Id,
    string? ParentId,
    string? ContentId,
    string? Database,
    bool DatabaseIsNumber,
    BundleOrigin? Origin,
    ulong StartPosition,
    ulong EndPosition,
    PositionUnit PositionUnit,
    DateTimeOffset CreatedUtc,
    DateTimeOffset? TakenAfterUtc,
    DateTimeOffset PerhapsAtUtc,
    bool TellsOrder,
    string Name,
    bool HasOwnName,
    string Format,
    long PlainLength,
    IReadOnlyList<FileRecord> Files,
    IReadOnlyList<string> Shared,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? State = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Check = null
)
{
    /// <summary>The version that is written, and the only one that is read.</summary>
    public const int Known = 3;

    /// <summary>Bytes that a record speaks of at most: their sums stay numbers.</summary>
    private const long Most = 1L << 50;

    private const int ShortestId = 12;

    /// <summary>Stands for the digest while that is computed.</summary>
    private static readonly string Unchecked = new('0', 64);

    /// <summary>All bytes of its files as they lie there.</summary>
    public long Length => Files.Sum(f => f.Length);

    /// <summary>The record of a bundle.</summary>
    /// <param name="bundle">Its header.</param>
    /// <param name="name">Of the bundle below the folder, without the extension of an encrypted file.</param>
    /// <param name="files">What it has for itself.</param>
    /// <param name="shared">Names of what it shares with the other bundles of the folder.</param>
    public static BundleRecord Of(
        BundleHeader bundle,
        string name,
        IReadOnlyList<FileRecord> files,
        IReadOnlyList<string> shared
    ) =>
        new(
            Known,
            bundle.Engine,
            bundle.Kind,
            bundle.Id,
            bundle.ParentId,
            bundle.ContentId,
            bundle.Series,
            bundle.SeriesIsNumber,
            bundle.Origin,
            bundle.Start.Value,
            bundle.End.Value,
            bundle.End.Unit,
            bundle.CreatedUtc,
            bundle.TakenAfterUtc,
            bundle.PerhapsAtUtc,
            bundle.TellsOrder,
            name,
            bundle.HasOwnName,
            bundle.Format,
            bundle.Length,
            files,
            shared
        );

    /// <summary>The header of the bundle, with this record as its detail; its length is that of the encrypted files.</summary>
    /// <param name="folder">That the record was found for.</param>
    public BundleHeader ToHeader(string folder) =>
        new BundleHeader<BundleRecord>
        {
            Engine = Engine,
            Kind = Kind,
            Id = Id,
            ParentId = ParentId,
            ContentId = ContentId,
            Series = Database,
            SeriesIsNumber = DatabaseIsNumber,
            Origin = Origin,
            Start = new ChainPosition(StartPosition, PositionUnit),
            End = new ChainPosition(EndPosition, PositionUnit),
            CreatedUtc = CreatedUtc,
            TakenAfterUtc = TakenAfterUtc,
            PerhapsAtUtc = PerhapsAtUtc,
            TellsOrder = TellsOrder,
            FullName = StagedFiles.At(folder, Name),
            HasOwnName = HasOwnName,
            Format = Format,
            Length = Length,
            Parsed = this,
        };

    /// <summary>The record that a header was made of; null where the bundle itself was read.</summary>
    public static BundleRecord? Behind(BundleHeader bundle) => (bundle as BundleHeader<BundleRecord>)?.Parsed;

    public byte[] Write()
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(
            this with
            {
                Check = Unchecked,
            },
            BundleRecordJson.Default.BundleRecord
        );
        var at = bytes.AsSpan().LastIndexOf(Encoding.ASCII.GetBytes(Unchecked));
        Encoding.ASCII.GetBytes($"{Blake3.Hasher.Hash(bytes)}").CopyTo(bytes, at);
        return bytes;
    }

    /// <summary>Whether the file is byte for byte what was written.</summary>
    private bool IsOf(byte[] file)
    {
        if (Check is not { } check || check.Length != Unchecked.Length || !check.All(char.IsAsciiHexDigitLower))
        {
            return false;
        }
        var bytes = (byte[])file.Clone();
        var at = bytes.AsSpan().LastIndexOf(Encoding.ASCII.GetBytes(check));
        if (at < 0)
        {
            return false; // it was written in another way
        }
        Encoding.ASCII.GetBytes(Unchecked).CopyTo(bytes, at);
        return $"{Blake3.Hasher.Hash(bytes)}" == check;
    }

    /// <summary>Reads a record, which anybody may have written.</summary>
    /// <exception cref="BackupException">UnsupportedVersion, Malformed.</exception>
    public static BundleRecord Read(byte[] bytes)
    {
        try
        {
            if (JsonSerializer.Deserialize(bytes, BundleRecordJson.Default.VersionOnly) is not { Version: Known } found)
            {
                throw new BackupException(
                    ErrorCode.UnsupportedVersion,
                    "this version of BackupTools does not know the record of the encrypted bundle",
                    recommendation: $"Give {Spelling.Of("IdentityPath")} to read the bundle itself, or copy into a new folder."
                );
            }
            return
                JsonSerializer.Deserialize(bytes, BundleRecordJson.Default.BundleRecord) is { } record
                && record.IsSound()
                && record.IsOf(bytes)
                ? record with
                {
                    Check = null,
                }
                : throw Malformed(null);
        }
        catch (JsonException e)
        {
            throw Malformed(e);
        }
    }

    internal bool IsSound() =>
        Id.Length >= ShortestId
        && ParentId != Id
        && Enum.IsDefined(Kind)
        && Enum.IsDefined(PositionUnit)
        && IsInside(Name)
        && PlainLength is >= 0 and <= Most
        && Files.Count > 0
        && Files.All(f => IsInside(f.Name) && f.Length is >= 0 and <= Most)
        && Files.Aggregate((Int128)0, (sum, f) => sum + f.Length) <= Most
        && Shared.All(IsInside)
        && new[] { CreatedUtc, TakenAfterUtc ?? CreatedUtc, PerhapsAtUtc }.All(t => t.Year is > 1 and < 9999);

    private static bool IsInside(string name) =>
        !Path.IsPathRooted(name)
        && !name.Contains('\0', StringComparison.Ordinal)
        && name.Split('/', '\\').All(p => p.Length > 0 && p is not ("." or ".."));

    private static BackupException Malformed(Exception? inner) =>
        new(
            ErrorCode.Malformed,
            "the record of the encrypted bundle is damaged",
            recommendation: $"Give {Spelling.Of("IdentityPath")} to read the bundle itself.",
            inner: inner
        );

    /// <summary>Of any version.</summary>
    internal sealed record VersionOnly(int Version);
}

/// <summary>An encrypted file: its name below the folder, its length, and the BLAKE3 digest of its bytes in lower-case hex.</summary>
internal sealed record FileRecord(string Name, long Length, string Blake3);

/// <summary>Records and what is signed of them, as JSON.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    WriteIndented = true,
    NewLine = "\n",
    MaxDepth = 8,
    UseStringEnumConverter = true,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    IgnoreReadOnlyProperties = true
)]
[JsonSerializable(typeof(BundleRecord))]
[JsonSerializable(typeof(BundleRecord.VersionOnly))]
[JsonSerializable(typeof(SignedStatement))]
[JsonSerializable(typeof(SignedStatement.Signed))]
internal sealed partial class BundleRecordJson : JsonSerializerContext;
