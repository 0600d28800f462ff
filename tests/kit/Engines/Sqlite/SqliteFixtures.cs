using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace BackupTools.Tests.Engines.Sqlite;

/// <summary>
/// Copies of the stored replicas with the modification times that Litestream tells time by, and what their databases
/// hold at each step, as the writer of the replica saw it.
/// </summary>
internal static class SqliteFixtures
{
    private static readonly string Root = Path.Combine(AppContext.BaseDirectory, "fixtures", "sqlite");

    /// <summary>A step of the writer.</summary>
    /// <param name="Number">Counted from 0 or 1.</param>
    /// <param name="Txid">The transaction; 0 where the replica has none.</param>
    /// <param name="Time">When it was committed.</param>
    /// <param name="Rows">Rows of the table.</param>
    /// <param name="Sha256">Digest of the rows.</param>
    internal sealed record Step(int Number, ulong Txid, DateTimeOffset Time, int Rows, string Sha256);

    /// <summary>The replica of 0.5 as <c>folder/shop</c>.</summary>
    public static string Litestream05(string folder) => CopyReplica("litestream-0.5", folder);

    /// <summary>The replica of 0.3.13 as <c>folder/shop</c>.</summary>
    public static string Litestream03(string folder) => CopyReplica("litestream-0.3.13", folder);

    /// <summary>The replica of the independent writer as <c>folder/made</c>: transactions 1 to 5.</summary>
    public static string Handmade(string folder)
    {
        var target = Path.Combine(folder, "made");
        CopyTree(Path.Combine(Root, "handmade", "a"), target);
        return target;
    }

    /// <summary>What version 0.1 of ours wrote as <c>folder/own</c>: a full and an increment with their side files.</summary>
    public static string Own(string folder)
    {
        var target = Path.Combine(folder, "own");
        CopyTree(Path.Combine(Root, "own"), target);
        return target;
    }

    /// <summary>The increment 2 that lacks a page which changed.</summary>
    public static string IncrementWithoutAPage =>
        Path.Combine(Root, "handmade", "i", "0000000000000002-0000000000000002.ltx");

    /// <summary>The database file at a transaction of the handmade replica.</summary>
    public static byte[] State(int txid) => File.ReadAllBytes(Path.Combine(Root, "handmade", "states", $"s{txid}.db"));

    public static IReadOnlyList<Step> Steps05 => StepsOf("litestream-0.5", "time");

    public static IReadOnlyList<Step> Steps03 => StepsOf("litestream-0.3.13", "committed");

    /// <summary>What SQLite finds in a restored file: integrity, rows, and their digest as the writer made it.</summary>
    public static (string Integrity, int Rows, string Sha256) Look(string database)
    {
        using var connection = new SqliteConnection($"Data Source={database};Mode=ReadOnly;Pooling=False");
        connection.Open();
        var lines = new List<string>();
        using (var command = connection.CreateCommand())
        {
            command.CommandText = "select id || '|' || step || '|' || name || '|' || hex(body) from item order by id";
            using var reader = command.ExecuteReader();
            while (reader.Read())
            {
                lines.Add(reader.GetString(0));
            }
        }
        using var check = connection.CreateCommand();
        check.CommandText = "pragma integrity_check";
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', lines)));
        return ((string)check.ExecuteScalar()!, lines.Count, Convert.ToHexStringLower(digest));
    }

    private static List<Step> StepsOf(string name, string time)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Root, name, "steps.json")));
        return
        [
            .. json
                .RootElement.EnumerateArray()
                .Select(s => new Step(
                    s.GetProperty("step").GetInt32(),
                    s.TryGetProperty("txid", out var txid) ? Convert.ToUInt64(txid.GetString(), 16) : 0,
                    s.GetProperty(time).GetDateTimeOffset(),
                    s.GetProperty("rows").GetInt32(),
                    s.GetProperty("sha256").GetString()!
                )),
        ];
    }

    private static string CopyReplica(string name, string folder)
    {
        var target = Path.Combine(folder, "shop");
        CopyTree(Path.Combine(Root, name, "replica"), target);
        foreach (var line in File.ReadLines(Path.Combine(Root, name, "mtimes.txt")))
        {
            var parts = line.Split(' ', 2);
            // Seven digits are what a DateTime holds; the file system's nine are cut.
            var time = DateTime.ParseExact(
                parts[1][..27],
                "yyyy-MM-dd HH:mm:ss.fffffff",
                CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal
            );
            File.SetLastWriteTimeUtc(Path.Combine(target, parts[0]), time);
        }
        return target;
    }

    private static void CopyTree(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
