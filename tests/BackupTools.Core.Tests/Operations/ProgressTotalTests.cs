using System.Globalization;
using BackupTools.Files;
using BackupTools.Formats.Age;
using BackupTools.Operations;
using BackupTools.Tests.Engines.Spg;
using BackupTools.Tests.Files;
using BackupTools.Tests.Stores;

namespace BackupTools.Tests.Operations;

/// <summary>
/// What the bar shows while an operation reads: how much there is to do is known before half of it is done, or the bar
/// says that it is not known. Looked at before each read; for a store all the time.
/// </summary>
public sealed class ProgressTotalTests
{
    private const string ToStore = "to a store";

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
        "full -Recipient",
        "merge -Recipient",
        "full to a store",
        "full -Recipient to a store",
        "incremental to a store",
        "merge to a store",
        "copy to a store",
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
    public async Task The_total_is_known_before_half_is_done_or_said_not_to_be(string engine, string operation)
    {
        using var temp = new TempFolder();
        var samples = new List<ProgressSample>();
        OperationHost? host = null;
        // Bundles that are read for their headers before the work begins do not count.
        var disk = new HookedDisk { Reading = () => samples.Add(host!.SampleProgress()) };
        var content = new MemoryStore.Content();
        var isStore = operation.EndsWith(ToStore, StringComparison.Ordinal);
        var run = Prepare(EngineSample.Of(engine), operation, temp, () => Host(null));

        host = Host(isStore ? null : disk);
        if (isStore)
        {
            // There is no disk to hook into between a store and this machine.
            var work = Task.Run(() => run(host));
            while (!work.IsCompleted)
            {
                samples.Add(host.SampleProgress());
            }
            await work;
        }
        else
        {
            run(host);
        }

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

        OperationHost Host(IDisk? of) =>
            new()
            {
                Disk = of!,
                ThrottleLimit = 1,
                Stores = new() { SpoolPath = temp["spool"] },
                StoreMaker = () => new MemoryStore(content),
            };
    }

    private static Action<OperationHost> Prepare(
        EngineSample sample,
        string operation,
        TempFolder temp,
        Func<OperationHost> other
    )
    {
        var source = Directory.CreateDirectory(temp["db"]).FullName;
        var (verb, isStore) = (operation.Split(' ')[0], operation.EndsWith(ToStore, StringComparison.Ordinal));
        string[] recipients = operation.Contains("-Recipient", StringComparison.Ordinal)
            ? [$"{X25519Identity.New().Recipient}"]
            : [];
        string Place(string name) => isStore ? $"s3://memory/{name}" : temp[name];
        var backups = sample.Settings(source, verb is "full" or "incremental" ? Place("b") : temp["b"]);
        if (verb == "full")
        {
            sample.SetState(source, 2);
            return host => Verbs.Full(backups with { Recipients = recipients }, host);
        }
        sample.SetState(source, 0);
        using (var host = other())
        {
            Verbs.Full(backups, host);
        }
        sample.SetState(source, 2);
        if (verb == "incremental")
        {
            return host => Verbs.Increment(backups, host);
        }
        using (var host = other())
        {
            Verbs.Increment(backups, host);
        }
        var deep = operation.EndsWith("-Deep", StringComparison.Ordinal);
        return verb switch
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
            "merge" => host =>
                Verbs.Merge(
                    new MergeSettings
                    {
                        Path = temp["b"],
                        DestinationPath = Place("m"),
                        Recipients = recipients,
                    },
                    host
                ),
            _ => host =>
                Verbs.Copy(
                    new CopySettings
                    {
                        Path = temp["b"],
                        DestinationPath = Place("c"),
                        Verify = operation.EndsWith("-Verify", StringComparison.Ordinal),
                    },
                    host
                ),
        };
    }
}
