using BackupTools.Files;

namespace BackupTools.Tests.Files;

/// <summary>Every kind of publication: what is there before, what is staged, and what is to be there afterwards.</summary>
internal sealed record PublicationScenario(
    string Name,
    string[] Before,
    string[] Staged,
    Func<string, PublishStep[]> Steps,
    string[] After,
    params string[] Lacks
)
{
    public const string NoLinks = "no links";
    public const string NoExchange = "no exchange";

    public static readonly PublicationScenario[] All =
    [
        new("place a file", [], ["s"], d => [Place("s", d, "f")], ["f=new s"]),
        new(
            "place a folder",
            ["x=old"],
            ["s/a", "s/b/c"],
            d => [Place("s", d, "f")],
            ["f/a=new s/a", "f/b/c=new s/b/c", "x=old"]
        ),
        new(
            "place three",
            [],
            ["1", "2", "3/x"],
            d => [Place("1", d, "a"), Place("3", d, "c"), Place("2", d, "b")],
            ["a=new 1", "b=new 2", "c/x=new 3/x"]
        ),
        new(
            "place in new folders",
            ["k=old"],
            ["1", "2"],
            d => [Place("1", d, "p/q/a"), Place("2", d, "r/b")],
            ["k=old", "p/q/a=new 1", "r/b=new 2"]
        ),
        new("place one in a new folder", [], ["1"], d => [Place("1", d, "p/q/a")], ["p/q/a=new 1"]),
        new("replace a file", ["f=old"], ["s"], d => [Replace("s", d, "f")], ["f=new s"]),
        new("replace a file without links", ["f=old"], ["s"], d => [Replace("s", d, "f")], ["f=new s"], NoLinks),
        new(
            "replace a file by plain rename",
            ["f=old"],
            ["s"],
            d => [Replace("s", d, "f")],
            ["f=new s"],
            NoLinks,
            NoExchange
        ),
        new("replace nothing", [], ["s"], d => [Replace("s", d, "f")], ["f=new s"]),
        new("replace a folder", ["f/x=old", "f/y/z=old"], ["s/x"], d => [Replace("s", d, "f")], ["f/x=new s/x"]),
        new(
            "replace a folder without exchange",
            ["f/x=old", "f/y/z=old"],
            ["s/x"],
            d => [Replace("s", d, "f")],
            ["f/x=new s/x"],
            NoExchange
        ),
        new("replace a file by a folder", ["f=old"], ["s/x"], d => [Replace("s", d, "f")], ["f/x=new s/x"]),
        new(
            "replace a folder by a file without exchange",
            ["f/x=old"],
            ["s"],
            d => [Replace("s", d, "f")],
            ["f=new s"],
            NoExchange
        ),
        new(
            "replace a file that is listed in another case",
            ["f=old"],
            ["s"],
            d => [Replace("s", d, "f") with { Respells = true }],
            ["f=new s"]
        ),
        new(
            "replace two that are listed in another case",
            ["a=old", "f/x=old", "g=old"],
            ["f/y", "g", "h"],
            d =>
                [
                    Replace("f", d, "f") with
                    {
                        Respells = true,
                    },
                    Replace("g", d, "g") with
                    {
                        Respells = true,
                    },
                    Replace("h", d, "h") with
                    {
                        Respells = true,
                    },
                    Remove(d, "a"),
                ],
            ["f/y=new f/y", "g=new g", "h=new h"]
        ),
        new("remove a folder", ["f/x=old", "g=old"], [], d => [Remove(d, "f")], ["g=old"]),
        new(
            "remove three",
            ["a=old", "b/x=old", "c=old", "d=old"],
            [],
            d => [Remove(d, "a"), Remove(d, "b"), Remove(d, "c"), Remove(d, "z")],
            ["d=old"]
        ),
        new(
            "place a folder and something in it",
            [],
            ["s/a", "t"],
            d => [Place("s", d, "f"), Place("t", d, "f/t")],
            ["f/a=new s/a", "f/t=new t"]
        ),
        new(
            "a bundle and its manifest",
            ["m=old", "a=old"],
            ["b", "m"],
            d => [Place("b", d, "b"), Replace("m", d, "m")],
            ["a=old", "b=new b", "m=new m"]
        ),
        .. new[] { Array.Empty<string>(), [NoLinks], [NoExchange], [NoLinks, NoExchange] }.Select(
            lacks => new PublicationScenario(
                "a database of many parts" + string.Concat(lacks.Select(l => ", " + l)),
                ["db=old", "wal/1=old", "wal/2=old", "stale=old", "other=old"],
                ["db", "wal/1", "index"],
                d => [Remove(d, "stale"), Replace("wal", d, "wal"), Place("index", d, "index"), Replace("db", d, "db")],
                ["db=new db", "index=new index", "other=old", "wal/1=new wal/1"],
                lacks
            )
        ),
    ];

    public static PublishStep Place(string staged, string folder, string name) =>
        PublishStep.Place(staged, Path.Combine(folder, name));

    public static PublishStep Replace(string staged, string folder, string name) =>
        PublishStep.Replace(staged, Path.Combine(folder, name));

    public static PublishStep Remove(string folder, string name) => PublishStep.Remove(Path.Combine(folder, name));
}
