using System.Text.Json;
using BackupTools.Errors;
using BackupTools.Formats.Primitives;

namespace BackupTools.Formats.Grafeo;

/// <summary>
/// The JSON of Grafeo's manifests and cursors: objects of known members, unknown ones skipped, members given twice
/// or missing refused, integers without sign, fraction or exponent. Every refusal names the byte.
/// </summary>
internal static class GrafeoJson
{
    /// <summary>Reads the value of the member that the reader is before.</summary>
    internal delegate void MemberReader(ref Utf8JsonReader reader);

    /// <summary>True when the first byte that is not a space begins an object.</summary>
    public static bool IsJson(ReadOnlySpan<byte> bytes) => bytes.TrimStart(" \t\r\n"u8) is [(byte)'{', ..];

    /// <summary>Reads a whole document that is one object.</summary>
    public static void ReadDocument(ReadOnlySpan<byte> bytes, IReadOnlyDictionary<string, MemberReader> members)
    {
        var reader = new Utf8JsonReader(bytes);
        try
        {
            reader.Read();
            ReadObject(ref reader, members);
            // Throws for anything but spaces after the object.
            reader.Read();
        }
        catch (JsonException e)
        {
            throw new BackupException(
                ErrorCode.Malformed,
                "the JSON is damaged or incomplete",
                offset: reader.BytesConsumed,
                inner: e
            );
        }
    }

    /// <summary>Reads an object of which every one of <paramref name="members"/> must occur exactly once.</summary>
    public static void ReadObject(ref Utf8JsonReader reader, IReadOnlyDictionary<string, MemberReader> members)
    {
        Expect(ref reader, JsonTokenType.StartObject, "an object");
        var start = reader.TokenStartIndex;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var at = reader.TokenStartIndex;
            var name = Text(ref reader, JsonTokenType.PropertyName);
            reader.Read();
            if (!members.TryGetValue(name, out var member))
            {
                reader.Skip();
                continue;
            }
            if (!seen.Add(name))
            {
                throw Fault.Malformed($"duplicate field `{name}`", at);
            }
            member(ref reader);
        }
        foreach (var name in members.Keys)
        {
            if (!seen.Contains(name))
            {
                throw Fault.Malformed($"missing field `{name}`", start);
            }
        }
    }

    /// <summary>A whole number of 0 or more.</summary>
    public static ulong U64(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.Number, "a number");
        return reader.TryGetUInt64(out var value) ? value : throw NotA(ref reader, "u64");
    }

    /// <summary>A whole number of 32 bits.</summary>
    public static uint U32(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.Number, "a number");
        return reader.TryGetUInt32(out var value) ? value : throw NotA(ref reader, "u32");
    }

    /// <summary>A text.</summary>
    public static string Text(ref Utf8JsonReader reader, JsonTokenType type = JsonTokenType.String)
    {
        Expect(ref reader, type, "a text");
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            // Broken UTF-8, or half a surrogate pair in an escape.
            throw new BackupException(
                ErrorCode.Malformed,
                "a text is not valid Unicode",
                offset: reader.TokenStartIndex,
                inner: e
            );
        }
    }

    /// <summary>Refuses any token but the one that must stand here.</summary>
    public static void Expect(ref Utf8JsonReader reader, JsonTokenType type, string what)
    {
        if (reader.TokenType != type)
        {
            throw Fault.Malformed($"the JSON has {reader.TokenType} where {what} should be", reader.TokenStartIndex);
        }
    }

    private static BackupException NotA(ref Utf8JsonReader reader, string type) =>
        Fault.Malformed($"a number is not a {type}", reader.TokenStartIndex);
}
