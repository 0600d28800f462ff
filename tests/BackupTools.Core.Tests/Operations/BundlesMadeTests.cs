using BackupTools.Errors;
using BackupTools.Operations;

namespace BackupTools.Tests.Operations;

/// <summary>Whoever makes bundles is given all of them: a Grafeo full of an open database is two.</summary>
public sealed class BundlesMadeTests
{
    public static TheoryData<string, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, string>();
            foreach (var engine in EngineSample.All)
            {
                foreach (var verb in new[] { "full", "full of an open one", "incremental", "merge" })
                {
                    cases.Add(engine.Name, verb);
                }
            }
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_bundle_that_was_made_is_given(string engine, string verb)
    {
        var sample = EngineSample.Of(engine);
        using var temp = new Files.TempFolder();
        var source = Directory.CreateDirectory(temp["db"]).FullName;
        sample.SetState(source, verb == "full of an open one" ? 2 : 0);
        var settings = sample.Settings(source, temp["b"]);
        if (verb is "incremental" or "merge")
        {
            Verbs.Full(settings, Host());
            sample.SetState(source, 1);
        }
        var target = settings.DestinationPath;
        if (verb == "merge")
        {
            Verbs.Increment(settings, Host());
            target = temp["m"];
        }
        var before = BundlesIn(target);

        var made = verb switch
        {
            "incremental" => Verbs.Increments(settings, Host()),
            "merge" => Verbs.Merges(new MergeSettings { Path = temp["b"], DestinationPath = target }, Host()),
            _ => Verbs.Fulls(settings, Host()),
        };

        var added = BundlesIn(target).Except(before).ToList();
        Assert.Equal(added, made.Select(b => (b.FullName, b.ChainId)));
        Assert.NotEmpty(added);
        if (engine.StartsWith("Grafeo", StringComparison.Ordinal) && (verb is "full of an open one" or "merge"))
        {
            Assert.Equal(2, made.Count);
        }
    }

    private static OperationHost Host() => new();

    /// <summary>In the order of the chains.</summary>
    private static List<(string, string?)> BundlesIn(string folder) =>
        Directory.Exists(folder)
            ? ReadChains
                .Read(folder, false, null, Host())
                .Where(r => r.Error?.Code != ErrorCode.NoBundles)
                .SelectMany(r => r.Chain!.Bundles.Select(b => (b.FullName, (string?)r.Chain.ChainId)))
                .ToList()
            : [];
}
