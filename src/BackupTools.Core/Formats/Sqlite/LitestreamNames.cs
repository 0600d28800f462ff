using System.Buffers;
using System.Globalization;

namespace BackupTools.Formats.Sqlite;

/// <summary>File names in Litestream's folders (SQLite format, §4 and §5). Anything else there is passed over.</summary>
internal static class LitestreamNames
{
    /// <summary>The folder of a replica of 0.5, with its levels 0–9.</summary>
    public const string Ltx = "ltx";

    /// <summary>The folder of a replica of 0.3, with its generations.</summary>
    public const string Generations = "generations";
    public const string Snapshots = "snapshots";
    public const string Wal = "wal";

    /// <summary>The level of snapshots.</summary>
    public const int SnapshotLevel = 9;

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    private const string LtxEnd = ".ltx";
    private const string SnapshotEnd = ".snapshot.lz4";
    private const string WalEnd = ".wal.lz4";
    private const string SideEnd = ".backuptools";

    /// <summary>The name of an LTX file.</summary>
    public static string LtxFile(ulong min, ulong max) =>
        string.Create(CultureInfo.InvariantCulture, $"{min:x16}-{max:x16}{LtxEnd}");

    /// <summary>The name of our side file of an LTX file: hidden, so that Litestream passes it over.</summary>
    public static string SideFile(string ltxFile) => $".{ltxFile}{SideEnd}";

    /// <summary>The LTX file that a side file with this name belongs to; null for what is no side file.</summary>
    public static string? OfSideFile(string name) =>
        name.StartsWith('.') && name.EndsWith(SideEnd, StringComparison.Ordinal) ? name[1..^SideEnd.Length] : null;

    /// <summary>The first and last transaction in a name.</summary>
    public static bool TryLtx(string name, out ulong min, out ulong max)
    {
        (min, max) = (0, 0);
        return name.Length == 37
            && name[16] == '-'
            && name.EndsWith(LtxEnd, StringComparison.Ordinal)
            && TryHex(name.AsSpan(0, 16), out min)
            && TryHex(name.AsSpan(17, 16), out max);
    }

    /// <summary>True for the names of the levels' folders; 0 to 9.</summary>
    public static bool TryLevel(string name, out int level)
    {
        level = name is [>= '0' and <= '9'] ? name[0] - '0' : -1;
        return level >= 0;
    }

    /// <summary>True for the folder that a running Litestream keeps beside a database: it has levels too.</summary>
    public static bool IsLocalState(string name) =>
        name.StartsWith('.') && name.EndsWith("-litestream", StringComparison.Ordinal);

    /// <summary>True for the name of a generation.</summary>
    public static bool IsGeneration(string name) => name.Length == 16 && TryHex(name, out _);

    /// <summary>The number of the WAL file that a snapshot of 0.3 stands before.</summary>
    public static bool TrySnapshot(string name, out uint index)
    {
        index = 0;
        return name.Length == 8 + SnapshotEnd.Length
            && name.EndsWith(SnapshotEnd, StringComparison.Ordinal)
            && TryHex32(name.AsSpan(0, 8), out index);
    }

    /// <summary>The number of the WAL file, and where in it the piece begins.</summary>
    public static bool TryWal(string name, out uint index, out uint offset)
    {
        (index, offset) = (0, 0);
        return name.Length == 17 + WalEnd.Length
            && name[8] == '_'
            && name.EndsWith(WalEnd, StringComparison.Ordinal)
            && TryHex32(name.AsSpan(0, 8), out index)
            && TryHex32(name.AsSpan(9, 8), out offset);
    }

    private static bool TryHex32(ReadOnlySpan<char> text, out uint value)
    {
        var fits = TryHex(text, out var wide);
        value = (uint)wide;
        return fits;
    }

    private static bool TryHex(ReadOnlySpan<char> text, out ulong value)
    {
        value = 0;
        return !text.ContainsAnyExcept(HexDigits)
            && ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
    }
}
