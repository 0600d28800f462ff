using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Operations;
using BackupTools.Tests.Encryption;
using BackupTools.Tests.Files;

namespace BackupTools.Tests.Operations;

/// <summary>
/// Somebody who lists a folder at any moment of a run finds nothing missing, with the key and without: half a bundle is not
/// shown, and not said to be damaged either. So do those who come when the run was killed then.
/// </summary>
public sealed class ReaderBesideTests
{
    private static readonly string[] s_operations = ["full", "increment", "copy", "merge", "expire"];

    public static TheoryData<string, string, bool> Runs =>
        [
            .. from engine in EngineSandbox.Names
            from operation in s_operations
            from encrypted in new[] { false, true }
            select (engine, operation, encrypted),
        ];

    [Theory]
    [MemberData(nameof(Runs))]
    public void Nothing_is_missing_at_any_moment(string engine, string operation, bool encrypted)
    {
        using var box = new SealedBox(engine);
        var settings = encrypted ? box.Kept : box.Box.Settings();
        box.Box.Become("S0");
        Verbs.Full(settings, box.Host());
        box.Box.Become("S1");
        Verbs.Increment(settings, box.Host());
        var looks = 0;
        var found = new List<string>();
        var folder = settings.DestinationPath;
        var disk = new FaultyDisk(LocalDisk.Instance) { OnStep = Look };
        var host = box.Host(encrypted ? box.Key : null, disk);
        Run();
        Look();
        Assert.True(looks > 10);
        Assert.True(found.Count == 0, string.Join("\n", found) + "\n" + string.Join("\n", disk.Log));

        void Run()
        {
            switch (operation)
            {
                case "full":
                    Verbs.Full(settings, host);
                    break;
                case "increment":
                    box.Box.Become("S2");
                    Verbs.Increment(settings, host);
                    break;
                case "copy":
                    folder = box.Box.At("c", Path.GetFileName(box.Box.Bundles));
                    Verbs.Copy(
                        new CopySettings { Path = settings.DestinationPath, DestinationPath = folder },
                        box.Host(disk: disk)
                    );
                    break;
                case "merge":
                    Verbs.Merges(new MergeSettings { Path = folder, DestinationPath = folder }, host);
                    break;
                case "expire":
                    Verbs.Full(settings, box.Host(encrypted ? box.Key : null));
                    Verbs.Expire(new ExpirySettings { Path = folder, KeepLast = 1 }, host);
                    break;
            }
        }

        void Look()
        {
            looks++;
            if (!Directory.Exists(folder))
            {
                return;
            }
            foreach (var key in encrypted ? new[] { box.Key, null } : [null])
            {
                var read = ReadChains.Read(folder, false, null, box.Host(key)).ToList();
                var problems = read.Where(r => r.Chain is not null)
                    .SelectMany(r => r.Chain!.Problems)
                    .Where(p => p.Severity == "Error")
                    .Select(p => $"{p}");
                var errors = read.Select(r => r.Error)
                    .Where(e => e is { Code: not ErrorCode.NoBundles })
                    .Select(e => $"{e}");
                found.AddRange(
                    problems.Concat(errors).Select(p => $"step {looks}, {(key is null ? "without" : "with")} key: {p}")
                );
            }
        }
    }
}
