using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Tests.Conformance.Toy;

/// <summary>The first line of a bundle, in JSON; behind it lies the database.</summary>
/// <param name="Parent">The Id of the bundle that an increment was made on; null for a full.</param>
/// <param name="ParentVersion">Of the database that the parent holds; of a full its own.</param>
/// <param name="Version">Of the database.</param>
/// <param name="Created">When it was taken.</param>
/// <param name="After">Its <see cref="BundleHeader.TakenAfterUtc"/>.</param>
/// <param name="Length">Bytes of the database.</param>
/// <param name="Sha256">Of these bytes.</param>
internal sealed record ToyBundle(
    string? Parent,
    ulong ParentVersion,
    ulong Version,
    DateTimeOffset Created,
    DateTimeOffset? After,
    long Length,
    string Sha256
)
{
    public const string Extension = ".toy-backup";
    private const int LongestLine = 1024;
    private const string TimeFormat = "yyyyMMdd'T'HHmmssfff";
    private const int TimeLength = 18;

    /// <summary>The header, and where the database begins.</summary>
    /// <param name="file">The bundle's file, which may lie elsewhere: staged, or decrypted.</param>
    /// <param name="path">Where it was asked for.</param>
    public static (BundleHeader Header, ToyBundle Bundle, int Start) Read(IDiskFile file, string path)
    {
        var start = new byte[Math.Min(LongestLine, file.Length)];
        HashingCopy.ReadExactly(file, start, 0);
        var end = start.AsSpan().IndexOf((byte)'\n');
        var bundle = end < 0 ? null : Parse(start.AsSpan(0, end));
        if (bundle is null || bundle.Length < 0 || file.Length - end - 1 != bundle.Length)
        {
            throw new BackupException(ErrorCode.Malformed, "the first line is none of a toy's bundle", path, 0);
        }
        var name = Path.GetFileName(path);
        var header = new BundleHeader
        {
            Engine = ToyEngine.EngineName,
            Kind = bundle.Parent is null ? BundleKind.Full : BundleKind.Incremental,
            Start = ToyEngine.Position(bundle.ParentVersion),
            End = ToyEngine.Position(bundle.Version),
            CreatedUtc = bundle.Created,
            TakenAfterUtc = bundle.After,
            TellsOrder = true,
            Length = file.Length,
            FullName = path,
            Format = "TOY v1",
            Id = Convert.ToHexStringLower(SHA256.HashData(start.AsSpan(0, end))),
            Series = SeriesOf(name),
            HasOwnName = SeriesOf(name) is not null,
            ParentId = bundle.Parent,
            Checksum = bundle.Sha256,
        };
        return (header, bundle, end + 1);
    }

    public byte[] Line() => [.. JsonSerializer.SerializeToUtf8Bytes(this), (byte)'\n'];

    /// <summary>A free name. It tells the place among the bundles, so that it is known of one that cannot be read, too.</summary>
    public string NewPath(string folder, string series, IDisk disk)
    {
        var place = After is { } after && ClockOrder.After(after) > Created ? ClockOrder.After(after) : Created;
        var name = $"{series}-{place.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture)}";
        for (var n = 1; ; n++)
        {
            var path = Path.Combine(folder, (n == 1 ? name : $"{name}-{n}") + Extension);
            if (disk.Stat(path) is null)
            {
                return path;
            }
        }
    }

    public static DateTimeOffset? PlaceOf(string name) =>
        SeriesOf(name) is { } series
        && DateTimeOffset.TryParseExact(
            name.AsSpan(Math.Min(name.Length, series.Length + 1)) is var rest && rest.Length > TimeLength
                ? rest[..TimeLength]
                : rest,
            TimeFormat,
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal,
            out var place
        )
            ? place
            : null;

    public static bool IsName(string name) => name.EndsWith(Extension, StringComparison.Ordinal);

    public static string? SeriesOf(string name) =>
        name.EndsWith(Extension, StringComparison.Ordinal)
        && name.IndexOf('-', StringComparison.Ordinal) is > 0 and var at
            ? name[..at]
            : null;

    private static ToyBundle? Parse(ReadOnlySpan<byte> line)
    {
        try
        {
            return JsonSerializer.Deserialize<ToyBundle>(line);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
