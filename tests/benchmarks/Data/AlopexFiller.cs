using System.Diagnostics;
using BackupTools.Engines.Alopex;

namespace BackupTools.Benchmarks.Data;

/// <summary>
/// Puts older snapshots beside those of a folder: copies of the oldest with other times in their names, which share its
/// tables. To take so many would need a quarter of an hour, as each has the checksum of a log of half a gigabyte.
/// </summary>
internal static class AlopexFiller
{
    /// <summary>Fills the folder up to so many bundles.</summary>
    public static void Fill(string folder, int count)
    {
        var there = Directory.GetDirectories(folder).Select(d => Path.GetFileName(d)!).ToList();
        var times = there.ToDictionary(n => n, n => AlopexNames.SnapshotTime(n)!.Value);
        var (oldest, first) = times.MinBy(t => t.Value);
        var copy = new ProcessStartInfo("sh")
        {
            RedirectStandardInput = true,
            UseShellExecute = false,
            ArgumentList =
            {
                "-ec",
                """
                    while read name; do
                        cp -a --sparse=always "$1" "$2/$name"
                        rm -r "$2/$name/sst"
                        cp -al "$1/sst" "$2/$name/sst"
                    done
                    """,
                "sh",
                Path.Combine(folder, oldest),
                folder,
            },
        };
        using var process = Process.Start(copy)!;
        for (var i = 1; i <= count - there.Count; i++)
        {
            process.StandardInput.WriteLine(AlopexNames.Snapshot((first - TimeSpan.FromHours(i)).ToUnixTimeSeconds()));
        }
        process.StandardInput.Close();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"copying snapshots ended with code {process.ExitCode}");
        }
    }
}
