using System.Text;
using System.Text.Json;
using BackupTools.Errors;
using BackupTools.Formats.Primitives;

namespace BackupTools.Formats.Alopex;

/// <summary>
/// Reads snapshot.manifest with the leniency and the strictness of the engine's own reader (Alopex format, §6.3):
/// any order and unknown fields, structs also as arrays, but no field twice, none missing, no byte order mark and
/// nothing after the end. Faults have the engine's words; for bad syntax it has finer ones than the three used here.
/// </summary>
internal ref struct AlopexManifestReader(ReadOnlySpan<byte> json)
{
    // The engine has no limit for what it ignores; nothing sensible nests deeper.
    private const int DeepestNesting = 512;
    private const string ManifestStruct = "struct SnapshotManifest";
    private const string EntryStruct = "struct SnapshotEntry";

    private readonly ReadOnlySpan<byte> _json = json;
    private Utf8JsonReader _reader = new(json, new JsonReaderOptions { MaxDepth = DeepestNesting });

    /// <summary>Reads the whole document.</summary>
    /// <exception cref="BackupException">Malformed ("manifest decode failed: …"), UnsupportedVersion.</exception>
    public AlopexManifest Read()
    {
        Next();
        var (version, entries) = Manifest();
        NothingMore();
        if (version != AlopexManifest.Version)
        {
            throw Fault.UnsupportedVersion($"unsupported manifest version: {version}");
        }
        return new AlopexManifest(entries);
    }

    private (uint Version, List<AlopexManifestEntry> Entries) Manifest()
    {
        uint? version = null;
        List<AlopexManifestEntry>? entries = null;
        if (_reader.TokenType == JsonTokenType.StartArray)
        {
            Element(0, ManifestStruct, 2);
            version = (uint)Integer(uint.MaxValue, "u32");
            Element(1, ManifestStruct, 2);
            entries = Entries();
            EndOfStruct();
            return (version.Value, entries);
        }
        Require(JsonTokenType.StartObject, ManifestStruct);
        while (NextField() is { } field)
        {
            switch (field)
            {
                case "version":
                    RefuseTwice(version is not null, field);
                    Next();
                    version = (uint)Integer(uint.MaxValue, "u32");
                    break;
                case "entries":
                    RefuseTwice(entries is not null, field);
                    Next();
                    entries = Entries();
                    break;
                default:
                    SkipValue();
                    break;
            }
        }
        return (version ?? throw Missing("version"), entries ?? throw Missing("entries"));
    }

    private List<AlopexManifestEntry> Entries()
    {
        Require(JsonTokenType.StartArray, "a sequence");
        var entries = new List<AlopexManifestEntry>();
        for (Next(); _reader.TokenType != JsonTokenType.EndArray; Next())
        {
            entries.Add(Entry());
        }
        return entries;
    }

    private AlopexManifestEntry Entry()
    {
        string? path = null;
        ulong? size = null;
        uint? crc = null;
        if (_reader.TokenType == JsonTokenType.StartArray)
        {
            Element(0, EntryStruct, 3);
            path = Text();
            Element(1, EntryStruct, 3);
            size = Integer(ulong.MaxValue, "u64");
            Element(2, EntryStruct, 3);
            crc = (uint)Integer(uint.MaxValue, "u32");
            EndOfStruct();
            return new AlopexManifestEntry(path, size.Value, crc.Value);
        }
        Require(JsonTokenType.StartObject, EntryStruct);
        while (NextField() is { } field)
        {
            switch (field)
            {
                case "path":
                    RefuseTwice(path is not null, field);
                    Next();
                    path = Text();
                    break;
                case "size":
                    RefuseTwice(size is not null, field);
                    Next();
                    size = Integer(ulong.MaxValue, "u64");
                    break;
                case "crc32":
                    RefuseTwice(crc is not null, field);
                    Next();
                    crc = (uint)Integer(uint.MaxValue, "u32");
                    break;
                default:
                    SkipValue();
                    break;
            }
        }
        return new AlopexManifestEntry(
            path ?? throw Missing("path"),
            size ?? throw Missing("size"),
            crc ?? throw Missing("crc32")
        );
    }

    private void Next()
    {
        try
        {
            _reader.Read(); // never false: an unfinished document is a JsonException
        }
        catch (JsonException e)
        {
            throw Syntax(e, "expected value");
        }
    }

    private void NothingMore()
    {
        try
        {
            _reader.Read();
        }
        catch (JsonException e)
        {
            throw Syntax(e, "trailing characters");
        }
    }

    private string? NextField()
    {
        Next();
        return _reader.TokenType == JsonTokenType.EndObject ? null : String();
    }

    private void SkipValue()
    {
        try
        {
            _reader.Skip();
        }
        catch (JsonException e)
        {
            throw Syntax(e, "expected value");
        }
    }

    private string Text()
    {
        Require(JsonTokenType.String, "a string");
        return String();
    }

    private string String()
    {
        try
        {
            return _reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Bad("invalid unicode code point", EndOfToken);
        }
    }

    private ulong Integer(ulong most, string type)
    {
        Require(JsonTokenType.Number, type);
        if (_reader.TryGetUInt64(out var value) && value <= most)
        {
            return value;
        }
        throw Bad($"invalid {(IsFloat ? "type" : "value")}: {Number()}, expected {type}", EndOfToken);
    }

    private readonly bool IsFloat => _reader.ValueSpan.ContainsAny((byte)'.', (byte)'e', (byte)'E');

    private readonly string Number() =>
        $"{(IsFloat ? "floating point" : "integer")} `{Encoding.UTF8.GetString(_reader.ValueSpan)}`";

    private void Element(int index, string structure, int count)
    {
        Next();
        if (_reader.TokenType == JsonTokenType.EndArray)
        {
            throw Bad($"invalid length {index}, expected {structure} with {count} elements", EndOfToken);
        }
    }

    private void EndOfStruct()
    {
        Next();
        if (_reader.TokenType != JsonTokenType.EndArray)
        {
            throw Bad("trailing characters", _reader.TokenStartIndex + 1);
        }
    }

    private void Require(JsonTokenType type, string expected)
    {
        if (_reader.TokenType == type)
        {
            return;
        }
        var found = _reader.TokenType switch
        {
            JsonTokenType.StartObject => "map",
            JsonTokenType.StartArray => "sequence",
            JsonTokenType.Null => "null",
            JsonTokenType.True => "boolean `true`",
            JsonTokenType.False => "boolean `false`",
            JsonTokenType.String => $"string \"{String()}\"",
            _ => Number(),
        };
        throw Bad($"invalid type: {found}, expected {expected}", EndOfToken);
    }

    private readonly void RefuseTwice(bool known, string field)
    {
        if (known)
        {
            throw Bad($"duplicate field `{field}`", EndOfToken);
        }
    }

    private readonly BackupException Missing(string field) => Bad($"missing field `{field}`", EndOfToken);

    /// <summary>
    /// Offset after what the engine has taken of the token: of a name up to its closing quote, not the colon; of a
    /// list or a map that it does not want, nothing.
    /// </summary>
    private readonly long EndOfToken =>
        _reader.TokenType switch
        {
            JsonTokenType.PropertyName or JsonTokenType.String => _reader.TokenStartIndex
                + _reader.ValueSpan.Length
                + 2,
            JsonTokenType.StartArray or JsonTokenType.StartObject => _reader.TokenStartIndex,
            _ => _reader.BytesConsumed,
        };

    private readonly BackupException Syntax(JsonException e, string what)
    {
        var line = (e.LineNumber ?? 0) + 1;
        var column = e.BytePositionInLine ?? 0;
        var atEnd = line == _json.Count((byte)'\n') + 1 && column == _json.Length - (_json.LastIndexOf((byte)'\n') + 1);
        return atEnd ? Bad("EOF while parsing a value", line, column) : Bad(what, line, column + 1);
    }

    private readonly BackupException Bad(string what, long offset)
    {
        var before = _json[..(int)Math.Min(offset, _json.Length)];
        var line = before.Count((byte)'\n') + 1;
        return Bad(what, line, before.Length - (before.LastIndexOf((byte)'\n') + 1));
    }

    private static BackupException Bad(string what, long line, long column) =>
        Fault.Malformed($"manifest decode failed: {what} at line {line} column {column}");
}
