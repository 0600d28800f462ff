using System.Runtime.InteropServices;
using BackupTools.Options;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace BackupTools.Benchmarks.Data;

/// <summary>A SQLite database, made by SQLite: one table with four rows to a page, and an index.</summary>
/// <param name="content">What is in the rows.</param>
internal sealed class SqliteShape(string content) : IDatabaseShape
{
    /// <summary>Letters, four random bits each: LZ4 finds nothing to repeat.</summary>
    public const string Letters = "";

    /// <summary>Words of a vocabulary, a few of them often: a little more than half as large when it is compressed.</summary>
    public const string Words = " words";

    /// <summary>Random bytes, as in pictures.</summary>
    public const string Noise = " noise";

    private const int PageSize = 4096;
    private const int RowsPerPage = 4;
    private const int TextLength = 960;

    private static readonly byte[][] Vocabulary = MakeVocabulary();

    public string Engine => EngineNames.Sqlite;

    public string Name => Engine + content;

    public bool ChangesInPlace => true;

    public string Create(string folder, long bytes, long seed)
    {
        var source = Path.Combine(Directory.CreateDirectory(folder).FullName, "orders.db");
        using var connection = Open(source);
        Run(connection, $"PRAGMA page_size = {PageSize}");
        Run(connection, "CREATE TABLE orders(id INTEGER PRIMARY KEY, text ANY NOT NULL)");
        var text = new TextSource(seed);
        Write(
            connection,
            "INSERT INTO orders VALUES ($id, $text)",
            Enumerable.Range(0, (int)(bytes / PageSize * RowsPerPage)).Select(i => (long)i),
            text
        );
        return source;
    }

    /// <summary>Rewrites one row on each of so many pages, spread evenly.</summary>
    public void Change(string source, long bytes, long seed)
    {
        using var connection = Open(source);
        var pages = new FileInfo(source).Length / PageSize;
        var changes = bytes / PageSize;
        var text = new TextSource(seed);
        Write(
            connection,
            "UPDATE orders SET text = $text WHERE id = $id",
            // One page in each of equal stretches: no page twice, no order to guess.
            Enumerable
                .Range(0, (int)changes)
                .Select(i =>
                {
                    var from = i * pages / changes;
                    return (from + text.Below(((i + 1) * pages / changes) - from)) * RowsPerPage;
                }),
            text
        );
    }

    private void Write(SqliteConnection connection, string sql, IEnumerable<long> ids, TextSource text)
    {
        using var transaction = connection.BeginTransaction();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        var id = command.Parameters.Add("$id", SqliteType.Integer);
        var value = command.Parameters.Add("$text", content == Noise ? SqliteType.Blob : SqliteType.Text);
        var letters = new byte[TextLength];
        foreach (var number in ids)
        {
            Fill(letters, text);
            id.Value = number;
            value.Value = content == Noise ? letters : System.Text.Encoding.ASCII.GetString(letters);
            command.ExecuteNonQuery();
        }
        transaction.Commit();
    }

    private void Fill(Span<byte> target, TextSource text)
    {
        switch (content)
        {
            case Words:
                while (!target.IsEmpty)
                {
                    // Of two, the more common one.
                    var word = Vocabulary[Math.Min(text.Below(Vocabulary.Length), text.Below(Vocabulary.Length))]
                        .AsSpan();
                    word = word[..Math.Min(word.Length, target.Length)];
                    word.CopyTo(target);
                    target = target[word.Length..];
                }
                break;
            case Noise:
                foreach (ref var number in MemoryMarshal.Cast<byte, ulong>(target))
                {
                    number = text.Next();
                }
                break;
            default:
                text.Fill(target);
                break;
        }
    }

    /// <summary>200 words of two to eleven letters, with the space behind them.</summary>
    private static byte[][] MakeVocabulary()
    {
        var text = new TextSource(0);
        return
        [
            .. Enumerable
                .Range(0, 200)
                .Select(_ =>
                {
                    var word = new byte[3 + text.Below(10)];
                    text.Fill(word);
                    word[^1] = (byte)' ';
                    return word;
                }),
        ];
    }

    private static SqliteConnection Open(string path)
    {
        raw.SetProvider(new SQLite3Provider_e_sqlite3());
        var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        // Nobody needs a journal of a database that can be made again; the commit flushes the file.
        Run(connection, "PRAGMA journal_mode = OFF");
        return connection;
    }

    private static void Run(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
