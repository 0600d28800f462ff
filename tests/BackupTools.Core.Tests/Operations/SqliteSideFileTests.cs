using BackupTools.Errors;
using BackupTools.Operations;
using BackupTools.Reports;

namespace BackupTools.Tests.Operations;

/// <summary>A folder of SQLite bundles from which a tool has left out the files whose names begin with a dot, or harmed them.</summary>
public sealed class SqliteSideFileTests
{
    [Theory]
    [InlineData("newest", false)]
    [InlineData("full", true)]
    [InlineData("all", false)]
    [InlineData("newest harmed", false)]
    public void Backups_go_on_without_them(string which, bool increments)
    {
        using var box = EngineSandbox.Of(EngineNames.Sqlite);
        box.Become("S0");
        box.Full();
        box.Become("S1");
        box.Increment();
        foreach (var side in Sides(box, which))
        {
            if (which.EndsWith("harmed", StringComparison.Ordinal))
            {
                var bytes = File.ReadAllBytes(side);
                bytes[20] ^= 1;
                File.WriteAllBytes(side, bytes);
            }
            else
            {
                File.Delete(side);
            }
        }
        box.Become("S2");
        if (!increments)
        {
            var error = Assert.Throws<BackupException>(() => box.Increment());
            Assert.Equal(ErrorCode.LogIsGone, error.Code);
        }
        var host = box.Host();
        var next = Assert.Single(Verbs.Increments(box.Settings() with { FullIfNeeded = true }, host));
        Assert.Equal(increments ? "Incremental" : "Full", next.Kind);
        AssertNewest(box);
        Assert.Equal("Full", box.Full().Kind);
        AssertNewest(box);
        box.Expire();
        AssertNewest(box);
    }

    private static IEnumerable<string> Sides(EngineSandbox box, string which)
    {
        var all = Directory.GetFiles(box.Bundles, ".*.backuptools", SearchOption.AllDirectories).Order().ToList();
        Assert.Equal(2, all.Count);
        return which switch
        {
            "all" => all,
            "full" => all.Where(f =>
                f.Contains("/9/", StringComparison.Ordinal) || f.Contains("\\9\\", StringComparison.Ordinal)
            ),
            _ => all.Where(f =>
                f.Contains("/0/", StringComparison.Ordinal) || f.Contains("\\0\\", StringComparison.Ordinal)
            ),
        };
    }

    private static void AssertNewest(EngineSandbox box)
    {
        Assert.Equal(box.Content(box.Source), box.Content(box.RestoreFrom(box.Bundles)));
        var reports = VerifyChain.Run(new VerifySettings { Path = box.Bundles, Deep = true }, box.Host());
        Assert.All(reports, (ChainReport r) => Assert.True(r.IsValid, string.Join("; ", r.Problems)));
    }
}
