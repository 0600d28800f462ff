using System.Globalization;

namespace BackupTools.Tests.Formats.Sqlite;

/// <summary>The independent reader and writer of LTX files, a Python script written from the format description alone.</summary>
internal static class LtxChecker
{
    private static readonly string Script = Python.Checker("ltx.py");

    /// <summary>What it says about files; fails the test when it finds one that it cannot read, or a wrong checksum.</summary>
    public static IReadOnlyList<string> Check(params string[] files)
    {
        var lines = Run(["check", .. files]).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(files.Length, lines.Length);
        Assert.All(lines, l => Assert.EndsWith(" OK", l, StringComparison.Ordinal));
        return lines;
    }

    /// <summary>Writes a snapshot of a database.</summary>
    public static void Snapshot(string database, string file, ulong txid, long ms) =>
        Run(["snapshot", database, file, Text(txid), Text(ms)]);

    /// <summary>Writes what changed between two databases.</summary>
    public static void Delta(string before, string after, string file, ulong txid, long ms) =>
        Run(["delta", before, after, file, Text(txid), Text(ms)]);

    /// <summary>Applies files in order with the script's own reader; the database file.</summary>
    public static void Apply(string target, params string[] files)
    {
        const string code = """
            import sys; sys.path.insert(0, sys.argv[1]); import ltx
            pages = {}
            for f in sys.argv[3:]:
                r = ltx.read(f); assert r['fsum'] == r['calc'], f
                pages.update(r['pages']); pages = {n: p for n, p in pages.items() if n <= r['commit']}
                size, commit = r['page_size'], r['commit']
            with open(sys.argv[2], 'wb') as o:
                for n, p in pages.items(): o.seek((n - 1) * size); o.write(p)
                o.truncate(commit * size)
            """;
        Python.Run(["-c", code, Path.GetDirectoryName(Script)!, target, .. files]);
    }

    private static string Text<T>(T value)
        where T : IFormattable => value.ToString(null, CultureInfo.InvariantCulture);

    private static string Run(string[] arguments) => Python.Run([Script, .. arguments]).Out;
}
