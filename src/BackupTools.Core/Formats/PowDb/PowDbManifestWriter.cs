using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Blake3;

namespace BackupTools.Formats.PowDb;

/// <summary>
/// Writes manifest.json or increment.json byte for byte as the engine does: order of fields, two spaces, LF, nothing
/// after the last brace (PowDB format, §6, §7). Every call leaves all it wrote in the buffer, so the caller may drain it
/// after any: millions of page indices need no memory.
/// </summary>
internal sealed class PowDbManifestWriter(IBufferWriter<byte> output) : IDisposable
{
    /// <summary>How the engine writes JSON.</summary>
    public static JsonWriterOptions Options =>
        new()
        {
            Indented = true,
            IndentSize = 2,
            NewLine = "\n",
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        };

    // Only names that PowDbNames lets through are written, so no character is ever escaped.
    private readonly Utf8JsonWriter _json = new(output, Options);

    private bool _increment;

    public void BeginFull(ulong createdUnixSecs, ulong sourceLsn, ushort? catalogVersion) =>
        Begin(createdUnixSecs, null, sourceLsn, catalogVersion, "files");

    public void BeginIncrement(ulong createdUnixSecs, ulong baseSourceLsn, ulong sourceLsn, ushort? catalogVersion)
    {
        _increment = true;
        Begin(createdUnixSecs, baseSourceLsn, sourceLsn, catalogVersion, "changed");
    }

    /// <summary>A file that is there whole.</summary>
    public void Whole(string name, long length, Hash blake3)
    {
        if (_increment)
        {
            _json.WriteStartObject();
            _json.WritePropertyName("Whole");
        }
        _json.WriteStartObject();
        _json.WriteString("name", name);
        _json.WriteNumber("len", length);
        _json.WriteString("blake3_hex", blake3.ToString());
        _json.WriteEndObject();
        if (_increment)
        {
            _json.WriteEndObject();
        }
        _json.Flush();
    }

    /// <summary>Begins a heap of which some pages are there; their indices follow, ascending.</summary>
    public void BeginPages(string name, uint totalPages)
    {
        _json.WriteStartObject();
        _json.WritePropertyName("Pages");
        _json.WriteStartObject();
        _json.WriteString("name", name);
        _json.WriteNumber("total_pages", totalPages);
        _json.WriteStartArray("page_indices");
        _json.Flush();
    }

    public void PageIndex(uint index)
    {
        _json.WriteNumberValue(index);
        _json.Flush();
    }

    public void EndPages(string deltaFile, long deltaLength, Hash deltaBlake3)
    {
        _json.WriteEndArray();
        _json.WriteString("delta_file", deltaFile);
        _json.WriteNumber("delta_len", deltaLength);
        _json.WriteString("delta_blake3_hex", deltaBlake3.ToString());
        _json.WriteEndObject();
        _json.WriteEndObject();
        _json.Flush();
    }

    public void End()
    {
        _json.WriteEndArray();
        _json.WriteEndObject();
        _json.Flush();
    }

    public void Dispose() => _json.Dispose();

    private void Begin(ulong created, ulong? baseLsn, ulong sourceLsn, ushort? catalogVersion, string list)
    {
        _json.WriteStartObject();
        _json.WriteNumber("format_version", PowDbManifest.KnownFormatVersion);
        _json.WriteNumber("created_unix_secs", created);
        if (baseLsn is { } lsn)
        {
            _json.WriteNumber("base_source_lsn", lsn);
        }
        _json.WriteNumber("source_lsn", sourceLsn);
        if (catalogVersion is { } version)
        {
            _json.WriteNumber("catalog_version", version);
        }
        _json.WriteStartArray(list);
        _json.Flush();
    }
}
