using System.Collections.Concurrent;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Age;
using BackupTools.Operations;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Encryption;

/// <summary>Chains that were copied for recipients: with an identity they are the plain ones, without they are nothing.</summary>
public sealed class EncryptedChainTests
{
    public static TheoryData<string> Engines => [.. EngineSandbox.All];

    [Theory]
    [MemberData(nameof(Engines))]
    public void With_an_identity_an_encrypted_copy_is_the_plain_one_to_every_verb(string engine)
    {
        using var box = new EncryptedBox(engine);
        box.CopyEncrypted();
        var plain = box.CopyPlain();

        box.IsThatOf(
            plain,
            (folder, host) => ReadHeaders.Read(folder, verify: true, null, host).Select(r => r.Bundle).ToList()
        );
        box.IsThatOf(plain, (folder, host) => ReadChains.Read(folder, false, null, host).Select(r => r.Chain).ToList());
        box.IsThatOf(
            plain,
            (folder, host) => VerifyChain.Run(new VerifySettings { Path = folder, Deep = true }, host).ToList()
        );
        box.IsThatOf(
            plain,
            (folder, host) => VerifyChain.Run(new VerifySettings { Path = folder, RestoreDrill = true }, host).ToList()
        );
        box.IsThatOf(
            plain,
            (folder, host) =>
                ExportReport
                    .Plan(new ReportSettings { Folders = [folder], DestinationPath = box.Box.At("page.html") }, host)
                    .Report.Databases
        );
        foreach (var bundle in box.Chain)
        {
            Assert.Equal(box.RestoredOf(plain, bundle), box.RestoredOf(box.Encrypted, bundle));
        }
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void What_is_decrypted_file_by_file_is_the_plain_copy(string engine)
    {
        using var box = new EncryptedBox(engine);
        box.CopyEncrypted();
        var plain = box.CopyPlain();

        Assert.Equal(Tree(plain), Tree(box.Decrypted()));
        // And back: a copy from there for nobody, and for others.
        Verbs.Copy(new CopySettings { Path = box.Encrypted, DestinationPath = box.Box.At("back") }, box.Host(box.Key));
        Assert.Equal(Tree(plain), Tree(box.Box.At("back")));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Without_an_identity_every_verb_that_reads_contents_says_that_one_is_required(string engine)
    {
        using var box = new EncryptedBox(engine);
        box.CopyEncrypted();
        var before = box.Box.Inventory();

        foreach (var (verb, run) in box.Readers())
        {
            if (verb is not ("header" or "chain" or "test" or "copy" or "report"))
            {
                Assert.Equal((verb, ErrorCode.IdentityRequired), (verb, Code(() => run(box.Host()))));
            }
            Assert.Equal((verb, ErrorCode.IdentityMismatch), (verb, Code(() => run(box.Host(box.Other)))));
        }
        Assert.Equal(before, box.Box.Inventory());
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_second_copy_sends_nothing_and_a_later_one_what_is_new(string engine)
    {
        using var box = new EncryptedBox(engine);
        var all = box.Box.At("all");
        Directory.Move(box.Box.Bundles, all);
        Verbs.Copy(
            new CopySettings
            {
                Path = all,
                DestinationPath = box.Box.Bundles,
                Bundles =
                [
                    .. box
                        .Chain.SkipLast(1)
                        .Select(b => b.FullName.Replace(box.Box.Bundles, all, StringComparison.Ordinal)),
                ],
            },
            box.Host()
        );
        var first = box.CopyEncrypted();
        Assert.Equal(box.Chain.Count - 1, first.Copied.Count);
        var before = box.Box.Inventory();

        var second = box.CopyEncrypted();

        Assert.Equal((0, box.Chain.Count - 1), (second.Copied.Count, second.PresentCount));
        Assert.Equal(before, box.Box.Inventory());

        Verbs.Copy(new CopySettings { Path = all, DestinationPath = box.Box.Bundles }, box.Host());
        var isRewritten = engine == "Grafeo"; // its manifest, which must be read for that
        if (isRewritten)
        {
            Assert.Equal(ErrorCode.IdentityRequired, Code(() => box.CopyEncrypted()));
        }
        var third = box.CopyEncrypted(isRewritten ? box.Key : null);

        Assert.Equal([box.Chain[^1].Id], third.Copied.Select(b => b.Id));
        Assert.Equal(box.RestoredOf(all, box.Chain[^1]), box.RestoredOf(box.Encrypted, box.Chain[^1]));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_copy_is_read_again_as_far_as_its_keys_are_known(string engine)
    {
        using var box = new EncryptedBox(engine);

        // What a run has encrypted it can read until it ends.
        Assert.True(box.CopyEncrypted(verify: true).IsValid);
        Assert.Equal(ErrorCode.IdentityRequired, Code(() => box.CopyEncrypted(verify: true)));
        Assert.True(box.CopyEncrypted(verify: true, box.Key).IsValid);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Each_of_several_recipients_can_read_it(string engine)
    {
        using var box = new EncryptedBox(engine);
        box.CopyEncrypted(null, $"{box.Key.Recipient}", $"{box.Other.Recipient}");

        foreach (var key in new[] { box.Key, box.Other })
        {
            Assert.All(
                VerifyChain.Run(new VerifySettings { Path = box.Encrypted, Deep = true }, box.Host(key)),
                report => Assert.True(report.IsValid)
            );
        }
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Nothing_plain_is_left_beside_what_is_encrypted(string engine)
    {
        using var box = new EncryptedBox(engine);
        box.CopyEncrypted();

        Assert.All(
            Directory
                .EnumerateFiles(box.Encrypted, "*", SearchOption.AllDirectories)
                .Where(f =>
                    !f.EndsWith(".json", StringComparison.Ordinal)
                    || !f.Contains(".backuptools-age", StringComparison.Ordinal)
                ),
            f => Assert.True(AgeHeader.Begins(File.ReadAllBytes(f)), f)
        );
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Nothing_plain_is_ever_written_to_the_folder_of_an_encrypted_copy(string engine)
    {
        using var box = new EncryptedBox(engine);
        var disk = new CreationDisk();
        box.CopyEncrypted(disk);

        var plain = disk.Created.Where(p => !p.EndsWith(".age", StringComparison.Ordinal)).ToList();

        // The record of each bundle, and the journal of each publication.
        Assert.All(plain, p => Assert.Contains(Path.GetFileName(p), new[] { "record", ".backuptools-journal.tmp" }));
        Assert.Equal(box.Chain.Count, plain.Count(p => Path.GetFileName(p) == "record"));
        Assert.NotEmpty(disk.Created.Except(plain));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Plain_and_encrypted_bundles_are_not_mixed_in_a_folder(string engine)
    {
        using var box = new EncryptedBox(engine);
        box.CopyEncrypted();
        var plain = box.CopyPlain();
        var before = box.Box.Inventory();
        var into = new CopySettings { Path = box.Box.Bundles, DestinationPath = box.Encrypted };

        Assert.Equal(ErrorCode.InvalidOption, Code(() => Verbs.Copy(into, box.Host())));
        Assert.Equal(
            ErrorCode.InvalidOption,
            Code(() =>
                Verbs.Copy(into with { DestinationPath = plain, Recipients = [$"{box.Key.Recipient}"] }, box.Host())
            )
        );
        Assert.Equal(
            ErrorCode.InvalidOption,
            Code(() => box.Box.Full(box.Box.Settings() with { DestinationPath = box.Encrypted }))
        );
        Assert.Equal(ErrorCode.InvalidOption, Code(() => box.Box.Merge(folder: box.Encrypted)));
        Assert.Equal(before, box.Box.Inventory());
    }

    /// <summary>Alopex' marker names the folder that it lies in.</summary>
    private static string Tree(string folder) =>
        string.Join(
            '\n',
            EngineSandbox.Tree(folder).Split('\n').Where(l => !l.StartsWith("latest=", StringComparison.Ordinal))
        );

    /// <summary>Notes what is created.</summary>
    private sealed class CreationDisk() : ForwardingDisk(LocalDisk.Instance)
    {
        public ConcurrentBag<string> Created { get; } = [];

        public override IDiskFile CreateNew(string path, long preallocate = 0)
        {
            Created.Add(path);
            return base.CreateNew(path, preallocate);
        }
    }

    private static ErrorCode? Code(Action act) =>
        Record.Exception(act) is { } e ? Assert.IsType<BackupException>(e).Code : null;
}
