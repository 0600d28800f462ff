using System.Text;
using BackupTools.Files;
using BackupTools.Tests.Files;

namespace BackupTools.Fuzz.Parsers;

/// <summary>The journal by which a later run finishes or undoes what a killed one has begun.</summary>
internal static class FileParsers
{
    private const string Parent = "/backups";
    private const string Staging = $"{Parent}/.backuptools-1-20261120T000000Z-0123abcd.staging";

    private const string Sound = """
        {"version":1,"steps":[{"action":"Place","staged":"a","final":"a.bkp","new":{"inode":3,"isFolder":false,
        "length":5,"modifiedUtcTicks":7},"old":null},{"action":"Replace","staged":"d/b","final":"b","new":{"inode":4,
        "isFolder":true,"length":0,"modifiedUtcTicks":0},"old":{"inode":9,"isFolder":false,"length":1,
        "modifiedUtcTicks":2}},{"action":"Remove","staged":null,"final":"c/d","new":null,"old":{"inode":8,
        "isFolder":false,"length":1,"modifiedUtcTicks":2}}],"folders":["c"]}
        """;

    // Names and identities are looked up on a disk of the thread's own, which nothing here changes but the journal.
    [ThreadStatic]
    private static MemoryDisk? s_disk;

    public static Dictionary<string, Func<FuzzParser>> All { get; } =
        new(StringComparer.Ordinal)
        {
            ["publication-journal"] = () =>
                new FuzzParser("publication-journal", [Encoding.UTF8.GetBytes(Sound)], Journal)
                {
                    Words = FuzzParser.JsonWords,
                },
        };

    private static void Journal(ReadOnlySpan<byte> input, ref Dice dice)
    {
        s_disk ??= new MemoryDisk();
        s_disk.Put($"{Staging}/.backuptools-journal.json", input);
        var plan = PublicationJournal.Read(s_disk, Staging)!;
        plan.IsComplete(s_disk);
        plan.BlockedBy(s_disk);
        foreach (
            var path in plan.Steps.SelectMany(s => new[] { s.Staged ?? s.Final, s.Final, s.Aside }).Concat(plan.Folders)
        )
        {
            if (!Path.GetFullPath(path).StartsWith(Parent + '/', StringComparison.Ordinal))
            {
                throw new InvalidOperationException($"{path} is outside");
            }
        }
    }
}
