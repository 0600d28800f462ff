using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using BackupTools.Tests.Formats;

namespace BackupTools.Tests.Engines.Sqlite;

/// <summary>The real SQLite in a Python process that executes a command per line; started when first needed.</summary>
internal sealed class RealSqlite : IDisposable
{
    private Lazy<Process> _process = New();

    /// <summary>Runs SQL in the open database.</summary>
    /// <param name="statements">Each must succeed.</param>
    /// <param name="open">The database to open before; null for the one that is open.</param>
    /// <returns>The rows of the last statement.</returns>
    public JsonArray Run(IReadOnlyList<string> statements, string? open = null) =>
        Ask(
                new
                {
                    verb = "run",
                    database = open,
                    statements,
                }
            )!
            .AsArray();

    /// <summary>Closes the open database.</summary>
    public void Close() => Ask(new { verb = "close" });

    /// <summary>What Litestream 0.5 would make of the newest state of a replica; false when it holds no snapshot.</summary>
    public bool Restore(string folder, string target) =>
        Ask(
                new
                {
                    verb = "restore",
                    folder,
                    target,
                }
            )!
            .GetValue<bool>();

    /// <summary>Ends the process without a word.</summary>
    public void Kill()
    {
        _process.Value.Kill();
        _process.Value.WaitForExit();
        _process.Value.Dispose();
        _process = New();
    }

    public void Dispose()
    {
        if (_process.IsValueCreated)
        {
            _process.Value.StandardInput.Close();
            _process.Value.WaitForExit();
            _process.Value.Dispose();
        }
    }

    private JsonNode? Ask(object request)
    {
        _process.Value.StandardInput.WriteLine(JsonSerializer.Serialize(request));
        var line = _process.Value.StandardOutput.ReadLine();
        Assert.True(line is not null, "SQLite's process has died");
        var answer = JsonNode.Parse(line)!;
        Assert.True(answer["error"] is null, $"{answer["error"]} for {JsonSerializer.Serialize(request)}");
        return answer["answer"];
    }

    private static Lazy<Process> New() =>
        new(() =>
            Process.Start(
                new ProcessStartInfo("python3", [Python.Checker("sqlite_life.py")])
                {
                    RedirectStandardInput = true,
                    RedirectStandardOutput = true,
                    UseShellExecute = false,
                }
            )!
        );
}
