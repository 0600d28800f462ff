using System.Globalization;
using BackupTools.Operations;
using BackupTools.Tests.Engines.Spg;

namespace BackupTools.Tests.Operations;

/// <summary>
/// What the bar shows while an operation reads: how much there is to do is known before half of it is done, or the bar
/// says that it is not known. Looked at before each read.
/// </summary>
public sealed class ProgressTotalTests
{
    private static readonly string[] s_operations =
    [
        "full",
        "incremental",
        "test",
        "test -Deep",
        "test -RestoreDrill",
        "restore",
        "restore -Deep",
        "merge",
        "copy",
        "copy -Verify",
    ];

    public static TheoryData<string, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, string>();
            foreach (var engine in EngineSample.All)
            {
                foreach (var operation in s_operations)
                {
                    cases.Add(engine.Name, operation);
                }
            }
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_total_is_known_before_half_is_done_or_said_not_to_be(string engine, string operation)
    {
        using var temp = new Files.TempFolder();
        var samples = new List<ProgressSample>();
        OperationHost? host = null;
        // Bundles that are read for their headers before the work begins do not count.
        var disk = new HookedDisk { Reading = () => samples.Add(host!.SampleProgress()) };
        var run = Prepare(EngineSample.Of(engine), operation, temp);

        host = new OperationHost { Disk = disk, ThrottleLimit = 1 };
        run(host);

        var all = host.SampleProgress().DoneBytes;
        var story = string.Join(
            ", ",
            samples
                .Append(host.SampleProgress())
                .Select(s =>
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{s.DoneBytes}/{s.TotalBytes} {s.PercentComplete} {s.Activity}"
                    )
                )
                .Distinct()
        );
        Assert.True(all > 0, "nothing was counted");
        // Of Grafeo's containers the first three pages are not counted, which is much of so small a database.
        var slack = (all / 5) + (engine.StartsWith("Grafeo", StringComparison.Ordinal) ? 2 * 3 * 4096 : 0);
        foreach (var s in samples.Where(s => s.PercentComplete >= 0))
        {
            Assert.True(s.DoneBytes >= all - slack || s.PercentComplete < 100, $"full too soon: {story}");
            Assert.True(s.DoneBytes * 2 < all || Math.Abs(s.TotalBytes - all) <= slack, $"wrong from half on: {story}");
            Assert.True(s.PercentComplete <= (100 * s.DoneBytes / all) + 25, $"ahead: {story}");
        }
    }

    private static Action<OperationHost> Prepare(EngineSample sample, string operation, Files.TempFolder temp)
    {
        var source = Directory.CreateDirectory(temp["db"]).FullName;
        var settings = sample.Settings(source, temp["b"]);
        if (operation == "full")
        {
            sample.SetState(source, 2);
            return host => Verbs.Full(settings, host);
        }
        sample.SetState(source, 0);
        Verbs.Full(settings, new());
        sample.SetState(source, 2);
        if (operation == "incremental")
        {
            return host => Verbs.Increment(settings, host);
        }
        Verbs.Increment(settings, new());
        var deep = operation.EndsWith("-Deep", StringComparison.Ordinal);
        return operation.Split(' ')[0] switch
        {
            "test" => host =>
                _ = VerifyChain
                    .Run(
                        new VerifySettings
                        {
                            Path = temp["b"],
                            Deep = deep,
                            RestoreDrill = operation.EndsWith("-RestoreDrill", StringComparison.Ordinal),
                            DrillFolder = Directory.CreateDirectory(temp["drill"]).FullName,
                        },
                        host
                    )
                    .ToList(),
            "restore" => host =>
                Verbs.Restore(
                    new RestoreSettings
                    {
                        Path = temp["b"],
                        DestinationPath = temp["r"],
                        Deep = deep,
                    },
                    host
                ),
            "merge" => host => Verbs.Merge(new MergeSettings { Path = temp["b"], DestinationPath = temp["m"] }, host),
            _ => host =>
                Verbs.Copy(
                    new CopySettings
                    {
                        Path = temp["b"],
                        DestinationPath = temp["c"],
                        Verify = operation.EndsWith("-Verify", StringComparison.Ordinal),
                    },
                    host
                ),
        };
    }
}
