using System.Buffers.Binary;
using System.Text.Json;
using BackupTools.Errors;
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

    private enum Field
    {
        Unknown,
        FormatVersion,
        Created,
        BaseSourceLsn,
        SourceLsn,
        CatalogVersion,
        Sync,
        Files,
        Changed,
        Name,
        Length,
        Blake3,
        TotalPages,
        PageIndices,
        DeltaFile,
        DeltaLength,
        DeltaBlake3,
        Count,
    }

    private static readonly string[] FieldNames =
    [
        "",
        "format_version",
        "created_unix_secs",
        "base_source_lsn",
        "source_lsn",
        "catalog_version",
        "sync",
        "files",
        "changed",
        "name",
        "len",
        "blake3_hex",
        "total_pages",
        "page_indices",
        "delta_file",
        "delta_len",
        "delta_blake3_hex",
    ];

    private static readonly Field[] FileFields = [Field.Name, Field.Length, Field.Blake3];

    private static readonly Field[] PagesFields =
    [
        Field.Name,
        Field.TotalPages,
        Field.PageIndices,
        Field.DeltaFile,
        Field.DeltaLength,
        Field.DeltaBlake3,
    ];

    private readonly Field[] _rootFields = increment
        ?
        [
            Field.FormatVersion,
            Field.Created,
            Field.BaseSourceLsn,
            Field.SourceLsn,
            Field.CatalogVersion,
            Field.Sync,
            Field.Changed,
        ]
        : [Field.FormatVersion, Field.Created, Field.SourceLsn, Field.CatalogVersion, Field.Sync, Field.Files];

    private readonly ulong[] _numbers = new ulong[(int)Field.Count];
    private readonly string[] _texts = new string[(int)Field.Count];
    private readonly List<PowDbEntry> _entries = [];
    private readonly Hasher _indices = Hasher.New();
    private readonly byte[] _pendingIndices = new byte[4096];
    private JsonReaderState _state = new(new JsonReaderOptions { MaxDepth = 128 });
    private Scope _scope = Scope.Document;
    private Field _field;
    private ulong? _version;
    private int _seenInRoot;
    private int _seenInEntry;
    private bool _hasSync;
    private int _skipToDepth = -1;
    private int _pending;
    private uint _indexCount;
    private long _lastIndex;
    private long _consumed;

    /// <summary>
    /// Enough was seen to say that this is a PowDB manifest and not another program's, whether or not the rest is
    /// sound.
    /// </summary>
    public bool IsRecognised =>
        Saw(Field.FormatVersion) && (Saw(Field.SourceLsn) || Saw(Field.Files) || Saw(Field.Changed));

    /// <summary>
    /// Takes as many bytes as make whole tokens and returns how many; the caller offers the rest again with more
    /// behind it.
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
            if (field is not (Field.CatalogVersion or Field.Sync))
            {
                Require(field, _seenInRoot);
            }
        }
        return new PowDbManifest
        {
            IsIncrement = increment,
            CreatedUnixSecs = _numbers[(int)Field.Created],
            BaseSourceLsn = _numbers[(int)(increment ? Field.BaseSourceLsn : Field.SourceLsn)],
            SourceLsn = _numbers[(int)Field.SourceLsn],
            CatalogVersion = Saw(Field.CatalogVersion) ? (ushort)_numbers[(int)Field.CatalogVersion] : null,
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
                TakeMember(ref reader, FileFields, ref _seenInEntry, increment ? Scope.Change : Scope.Files);
                break;
            case Scope.Pages:
                TakeMember(ref reader, PagesFields, ref _seenInEntry, Scope.Change);
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

    private void TakeMember(ref Utf8JsonReader reader, Field[] known, ref int seen, Scope parent)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.EndObject:
                EndObject();
                _scope = parent;
                // A variant's object has ended: the change around it has had its one key, whatever that object's last was.
                _field = Field.Changed;
                break;
            case JsonTokenType.PropertyName:
                _field = Field.Unknown;
                foreach (var field in known)
                {
                    if (reader.ValueTextEquals(FieldNames[(int)field]))
                    {
                        if ((seen & (1 << (int)field)) != 0)
                        {
                            throw Malformed($"duplicate field `{FieldNames[(int)field]}`", reader.TokenStartIndex);
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
            case Field.Unknown:
                Skip(ref reader);
                break;
            case Field.Sync:
                _hasSync = reader.TokenType != JsonTokenType.Null;
                if (_hasSync)
                {
                    Expect(ref reader, JsonTokenType.StartObject, "an object or null");
                    Skip(ref reader);
                }
                break;
            case Field.Files:
                Expect(ref reader, JsonTokenType.StartArray, "an array");
                _scope = Scope.Files;
                break;
            case Field.Changed:
                Expect(ref reader, JsonTokenType.StartArray, "an array");
                _scope = Scope.Changed;
                break;
            case Field.PageIndices:
                Expect(ref reader, JsonTokenType.StartArray, "an array");
                _scope = Scope.Indices;
                break;
            case Field.Name or Field.DeltaFile or Field.Blake3 or Field.DeltaBlake3:
                Expect(ref reader, JsonTokenType.String, "a string");
                _texts[(int)_field] = reader.GetString()!;
                if (_texts[(int)_field].Length > MaxTextLength)
                {
                    throw Malformed("a name or digest of absurd length", reader.TokenStartIndex);
                }
                break;
            default:
                _numbers[(int)_field] = Number(ref reader, LimitOf(_field));
                _version = _field == Field.FormatVersion ? _numbers[(int)_field] : _version;
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
        _field = Field.Unknown;
    }

    /// <summary>An externally tagged enum: one key that names the variant, whose value is an object.</summary>
    private void TakeVariant(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.PropertyName)
        {
            if (_field != Field.Unknown)
            {
                throw Malformed("a change has more than one variant", reader.TokenStartIndex);
            }
            _field =
                reader.ValueTextEquals("Whole"u8) ? Field.Files
                : reader.ValueTextEquals("Pages"u8) ? Field.PageIndices
                : throw Malformed("unknown variant, expected `Whole` or `Pages`", reader.TokenStartIndex);
            return;
        }
        if (reader.TokenType == JsonTokenType.EndObject)
        {
            if (_field == Field.Unknown)
            {
                throw Malformed("a change without a variant", reader.TokenStartIndex);
            }
            _scope = Scope.Changed;
            return;
        }
        Expect(ref reader, JsonTokenType.StartObject, "an object");
        _scope = _field == Field.Files ? Scope.File : Scope.Pages;
        _indices.Reset();
        _indexCount = 0;
        _lastIndex = -1;
    }

    private void TakeIndex(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.EndArray)
        {
            _indices.Update(_pendingIndices.AsSpan(0, _pending));
            _pending = 0;
            _scope = Scope.Pages;
            return;
        }
        var index = Number(ref reader, uint.MaxValue);
        if ((long)index <= _lastIndex)
        {
            throw Malformed($"page index {index} follows {_lastIndex}", reader.TokenStartIndex);
        }
        _lastIndex = (long)index;
        _indexCount++;
        BinaryPrimitives.WriteUInt32LittleEndian(_pendingIndices.AsSpan(_pending), (uint)index);
        _pending += sizeof(uint);
        if (_pending == _pendingIndices.Length)
        {
            _indices.Update(_pendingIndices);
            _pending = 0;
        }
    }

    private void EndObject()
    {
        switch (_scope)
        {
            case Scope.File:
                Array.ForEach(FileFields, f => Require(f, _seenInEntry));
                _entries.Add(
                    new PowDbWhole(_texts[(int)Field.Name], _numbers[(int)Field.Length], Digest(Field.Blake3))
                );
                break;
            case Scope.Pages:
                Array.ForEach(PagesFields, f => Require(f, _seenInEntry));
                if (_lastIndex >= (long)_numbers[(int)Field.TotalPages])
                {
                    throw Malformed(
                        $"page index {_lastIndex} of {_texts[(int)Field.Name]} is outside its "
                            + $"{_numbers[(int)Field.TotalPages]} pages",
                        0
                    );
                }
                _entries.Add(
                    new PowDbPages(
                        _texts[(int)Field.Name],
                        (uint)_numbers[(int)Field.TotalPages],
                        _indexCount,
                        _indices.Finalize(),
                        _texts[(int)Field.DeltaFile],
                        _numbers[(int)Field.DeltaLength],
                        Digest(Field.DeltaBlake3)
                    )
                );
                break;
        }
    }

    private Hash Digest(Field field)
    {
        var text = _texts[(int)field];
        return text.Length == 64 && text.All(char.IsAsciiHexDigitLower)
            ? Hash.FromBytes(Convert.FromHexString(text))
            : throw Malformed($"`{FieldNames[(int)field]}` is not 64 lower-case hex digits", 0);
    }

    private void Skip(ref Utf8JsonReader reader)
    {
        if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
        {
            _skipToDepth = reader.CurrentDepth;
        }
    }

    private static ulong LimitOf(Field field) =>
        field switch
        {
            Field.FormatVersion or Field.TotalPages => uint.MaxValue,
            Field.CatalogVersion => ushort.MaxValue,
            _ => ulong.MaxValue,
        };

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

    private bool Saw(Field field) => (_seenInRoot & (1 << (int)field)) != 0;

    private void Require(Field field, int seen)
    {
        if ((seen & (1 << (int)field)) == 0)
        {
            throw Malformed($"missing field `{FieldNames[(int)field]}`", 0);
        }
    }

    private BackupException? UnknownVersion() =>
        _version is null or PowDbManifest.KnownFormatVersion
            ? null
            : new BackupException(
                ErrorCode.UnsupportedVersion,
                $"unsupported {(increment ? "increment" : "backup")} format {_version} (this build understands 1)"
            );

    /// <summary>The error to throw. A newer version may be built differently: then that is what there is to say.</summary>
    private BackupException Malformed(string message, long offset, Exception? inner = null) =>
        UnknownVersion() ?? new(ErrorCode.Malformed, message, offset: _consumed + offset, inner: inner);
}
