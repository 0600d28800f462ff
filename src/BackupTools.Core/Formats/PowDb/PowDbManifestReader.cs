using System.Text.Json;
using BackupTools.Errors;
using BackupTools.Formats.Primitives;
using Blake3;

namespace BackupTools.Formats.PowDb;

/// <summary>
/// Reads manifest.json or increment.json block by block, as the engine's own reader would: unknown fields are
/// ignored, missing and repeated ones refused, order does not matter (PowDB format, §6, §7). Memory depends on the
/// number of files only, however many page indices there are.
/// </summary>
internal sealed class PowDbManifestReader(bool increment)
{
    /// <summary>The caller offers at least this many bytes again when nothing was consumed.</summary>
    public const int MaxTokenLength = 64 * 1024;

    private const int MaxEntries = 1 << 18;
    private const int MaxTextLength = 512;

    private enum Scope
    {
        Document,
        Root,
        Files,
        Changed,
        Change,
        File,
        Pages,
        Indices,
        Done,
    }

    private readonly PowDbField[] _rootFields = PowDbFields.Root(increment);
    private readonly ulong[] _numbers = new ulong[(int)PowDbField.Count];
    private readonly string[] _texts = new string[(int)PowDbField.Count];
    private readonly List<PowDbEntry> _entries = [];
    private readonly PowDbIndexList _indices = new();
    private JsonReaderState _state = new(new JsonReaderOptions { MaxDepth = 128 });
    private Scope _scope = Scope.Document;
    private PowDbField _field;
    private ulong? _version;
    private int _seenInRoot;
    private int _seenInEntry;
    private bool _hasSync;
    private int _skipToDepth = -1;
    private long _consumed;

    /// <summary>
    /// Enough was seen to say that this is a PowDB manifest and not another program's, whether or not the rest is
    /// sound.
    /// </summary>
    public bool IsRecognised =>
        Saw(PowDbField.FormatVersion)
        && (Saw(PowDbField.SourceLsn) || Saw(PowDbField.Files) || Saw(PowDbField.Changed));

    /// <summary>
    /// Takes as many bytes as make whole tokens and returns how many; the caller offers the rest again with more
    /// after it.
    /// </summary>
    /// <exception cref="BackupException">Malformed or UnsupportedVersion, with the offset.</exception>
    public int Feed(ReadOnlySpan<byte> bytes, bool last)
    {
        var reader = new Utf8JsonReader(bytes, last, _state);
        try
        {
            while (reader.Read())
            {
                Take(ref reader);
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw Malformed("not valid JSON", reader.BytesConsumed, e);
        }
        _state = reader.CurrentState;
        var consumed = (int)reader.BytesConsumed;
        if (consumed == 0 && bytes.Length >= MaxTokenLength)
        {
            throw Malformed("a name or number of absurd length", 0);
        }
        _consumed += consumed;
        return consumed;
    }

    /// <summary>The manifest, once the last bytes were taken.</summary>
    /// <exception cref="BackupException">UnsupportedVersion, or Malformed for a missing field.</exception>
    public PowDbManifest Result()
    {
        if (UnknownVersion() is { } unknown)
        {
            throw unknown;
        }
        foreach (var field in _rootFields)
        {
            if (field is not (PowDbField.CatalogVersion or PowDbField.Sync))
            {
                Require(field, _seenInRoot);
            }
        }
        return new PowDbManifest
        {
            IsIncrement = increment,
            CreatedUnixSecs = _numbers[(int)PowDbField.Created],
            BaseSourceLsn = _numbers[(int)(increment ? PowDbField.BaseSourceLsn : PowDbField.SourceLsn)],
            SourceLsn = _numbers[(int)PowDbField.SourceLsn],
            CatalogVersion = Saw(PowDbField.CatalogVersion) ? (ushort)_numbers[(int)PowDbField.CatalogVersion] : null,
            HasSync = _hasSync,
            Entries = _entries,
        };
    }

    private void Take(ref Utf8JsonReader reader)
    {
        if (_skipToDepth >= 0)
        {
            if (
                reader.TokenType is JsonTokenType.EndObject or JsonTokenType.EndArray
                && reader.CurrentDepth == _skipToDepth
            )
            {
                _skipToDepth = -1;
            }
            return;
        }
        switch (_scope)
        {
            case Scope.Document:
                Expect(ref reader, JsonTokenType.StartObject, "an object");
                _scope = Scope.Root;
                break;
            case Scope.Root:
                TakeMember(ref reader, _rootFields, ref _seenInRoot, Scope.Done);
                break;
            case Scope.File:
                TakeMember(ref reader, PowDbFields.File, ref _seenInEntry, increment ? Scope.Change : Scope.Files);
                break;
            case Scope.Pages:
                TakeMember(ref reader, PowDbFields.Pages, ref _seenInEntry, Scope.Change);
                break;
            case Scope.Files:
                TakeElement(ref reader, Scope.File);
                break;
            case Scope.Changed:
                TakeElement(ref reader, Scope.Change);
                break;
            case Scope.Change:
                TakeVariant(ref reader);
                break;
            case Scope.Indices:
                TakeIndex(ref reader);
                break;
        }
    }

    private void TakeMember(ref Utf8JsonReader reader, PowDbField[] known, ref int seen, Scope parent)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.EndObject:
                EndObject();
                _scope = parent;
                // A variant's object has ended: the change around it has had its one key, whatever that object's last was.
                _field = PowDbField.Changed;
                break;
            case JsonTokenType.PropertyName:
                _field = PowDbField.Unknown;
                foreach (var field in known)
                {
                    if (reader.ValueTextEquals(PowDbFields.Name(field)))
                    {
                        if ((seen & (1 << (int)field)) != 0)
                        {
                            throw Malformed($"duplicate field `{PowDbFields.Name(field)}`", reader.TokenStartIndex);
                        }
                        seen |= 1 << (int)field;
                        _field = field;
                        break;
                    }
                }
                break;
            default:
                TakeValue(ref reader);
                break;
        }
    }

    private void TakeValue(ref Utf8JsonReader reader)
    {
        switch (_field)
        {
            case PowDbField.Unknown:
                Skip(ref reader);
                break;
            case PowDbField.Sync:
                _hasSync = reader.TokenType != JsonTokenType.Null;
                if (_hasSync)
                {
                    Expect(ref reader, JsonTokenType.StartObject, "an object or null");
                    Skip(ref reader);
                }
                break;
            case PowDbField.Files:
                Expect(ref reader, JsonTokenType.StartArray, "an array");
                _scope = Scope.Files;
                break;
            case PowDbField.Changed:
                Expect(ref reader, JsonTokenType.StartArray, "an array");
                _scope = Scope.Changed;
                break;
            case PowDbField.PageIndices:
                Expect(ref reader, JsonTokenType.StartArray, "an array");
                _scope = Scope.Indices;
                break;
            case PowDbField.Name or PowDbField.DeltaFile or PowDbField.Blake3 or PowDbField.DeltaBlake3:
                Expect(ref reader, JsonTokenType.String, "a string");
                _texts[(int)_field] = reader.GetString()!;
                if (_texts[(int)_field].Length > MaxTextLength)
                {
                    throw Malformed("a name or digest of absurd length", reader.TokenStartIndex);
                }
                break;
            default:
                _numbers[(int)_field] = Number(ref reader, PowDbFields.LimitOf(_field));
                _version = _field == PowDbField.FormatVersion ? _numbers[(int)_field] : _version;
                break;
        }
    }

    private void TakeElement(ref Utf8JsonReader reader, Scope element)
    {
        if (reader.TokenType == JsonTokenType.EndArray)
        {
            _scope = Scope.Root;
            return;
        }
        Expect(ref reader, JsonTokenType.StartObject, "an object");
        if (_entries.Count == MaxEntries)
        {
            throw Malformed($"more than {MaxEntries} files", reader.TokenStartIndex);
        }
        _scope = element;
        _seenInEntry = 0;
        _field = PowDbField.Unknown;
    }

    /// <summary>An externally tagged enum: one key that names the variant, whose value is an object.</summary>
    private void TakeVariant(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.PropertyName)
        {
            if (_field != PowDbField.Unknown)
            {
                throw Malformed("a change has more than one variant", reader.TokenStartIndex);
            }
            _field =
                reader.ValueTextEquals("Whole"u8) ? PowDbField.Files
                : reader.ValueTextEquals("Pages"u8) ? PowDbField.PageIndices
                : throw Malformed("unknown variant, expected `Whole` or `Pages`", reader.TokenStartIndex);
            return;
        }
        if (reader.TokenType == JsonTokenType.EndObject)
        {
            if (_field == PowDbField.Unknown)
            {
                throw Malformed("a change without a variant", reader.TokenStartIndex);
            }
            _scope = Scope.Changed;
            return;
        }
        Expect(ref reader, JsonTokenType.StartObject, "an object");
        _scope = _field == PowDbField.Files ? Scope.File : Scope.Pages;
        _indices.Reset();
    }

    private void TakeIndex(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.EndArray)
        {
            _scope = Scope.Pages;
            return;
        }
        var index = (uint)Number(ref reader, uint.MaxValue);
        if (index <= _indices.Last)
        {
            throw Malformed($"page index {index} follows {_indices.Last}", reader.TokenStartIndex);
        }
        _indices.Add(index);
    }

    private void EndObject()
    {
        switch (_scope)
        {
            case Scope.File:
                Array.ForEach(PowDbFields.File, f => Require(f, _seenInEntry));
                _entries.Add(
                    new PowDbWhole(
                        _texts[(int)PowDbField.Name],
                        _numbers[(int)PowDbField.Length],
                        Digest(PowDbField.Blake3)
                    )
                );
                break;
            case Scope.Pages:
                Array.ForEach(PowDbFields.Pages, f => Require(f, _seenInEntry));
                if (_indices.Last >= (long)_numbers[(int)PowDbField.TotalPages])
                {
                    throw Malformed(
                        $"page index {_indices.Last} of {_texts[(int)PowDbField.Name]} is outside its "
                            + $"{_numbers[(int)PowDbField.TotalPages]} pages",
                        0
                    );
                }
                _entries.Add(
                    new PowDbPages(
                        _texts[(int)PowDbField.Name],
                        (uint)_numbers[(int)PowDbField.TotalPages],
                        _indices.Count,
                        _indices.Digest(),
                        _texts[(int)PowDbField.DeltaFile],
                        _numbers[(int)PowDbField.DeltaLength],
                        Digest(PowDbField.DeltaBlake3)
                    )
                );
                break;
        }
    }

    private Hash Digest(PowDbField field)
    {
        var text = _texts[(int)field];
        return text.Length == 64 && text.All(char.IsAsciiHexDigitLower)
            ? Hash.FromBytes(Convert.FromHexString(text))
            : throw Malformed($"`{PowDbFields.Name(field)}` is not 64 lower-case hex digits", 0);
    }

    private void Skip(ref Utf8JsonReader reader)
    {
        if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
        {
            _skipToDepth = reader.CurrentDepth;
        }
    }

    private ulong Number(ref Utf8JsonReader reader, ulong limit) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetUInt64(out var value) && value <= limit
            ? value
            : throw Malformed($"expected a whole number up to {limit}", reader.TokenStartIndex);

    private void Expect(ref Utf8JsonReader reader, JsonTokenType type, string what)
    {
        if (reader.TokenType != type)
        {
            throw Malformed($"expected {what}", reader.TokenStartIndex);
        }
    }

    private bool Saw(PowDbField field) => (_seenInRoot & (1 << (int)field)) != 0;

    private void Require(PowDbField field, int seen)
    {
        if ((seen & (1 << (int)field)) == 0)
        {
            throw Malformed($"missing field `{PowDbFields.Name(field)}`", 0);
        }
    }

    private BackupException? UnknownVersion() =>
        _version is null or PowDbManifest.KnownFormatVersion
            ? null
            : Fault.UnsupportedVersion(
                $"unsupported {(increment ? "increment" : "backup")} format {_version} (this build understands 1)"
            );

    /// <summary>The error to throw. A newer version may be built differently: then that is what there is to say.</summary>
    private BackupException Malformed(string message, long offset, Exception? inner = null) =>
        UnknownVersion() ?? new(ErrorCode.Malformed, message, offset: _consumed + offset, inner: inner);
}
