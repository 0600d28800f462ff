using BackupTools.Errors;
using BackupTools.Files.Stores;
using BackupTools.Operations;
using BackupTools.Reports;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Stores;

/// <summary>
/// The newest full lacks a part: what is left of it is no bundle, is named by whatever lists it, and takes no other's
/// place. In a folder, and in a store, where the listing that is made anyway tells.
/// </summary>
public sealed class HuskTests : OnFakeS3
{
    public static TheoryData<string, string, bool> Harms
    {
        get
        {
            var harms = new TheoryData<string, string, bool>();
            foreach (var engine in EngineSandbox.Names)
            {
                foreach (var inStore in new[] { false, true })
                {
                    // Of a bundle that is one file nothing is left when it is gone, unless a list names it.
                    if (engine is EngineNames.PowDb or EngineNames.Alopex or EngineNames.Grafeo)
                    {
                        harms.Add(engine, "gone", inStore);
                    }
                    harms.Add(engine, "half", inStore);
                    harms.Add(engine, "longer", inStore);
                }
            }
            return harms;
        }
    }

    [Theory]
    [MemberData(nameof(Harms))]
    public void What_lacks_a_part_is_listed_as_damaged_and_takes_no_others_place(
        string engine,
        string harm,
        bool inStore
    )
    {
        using var box = Empty(engine);
        box.Become("S0");
        var whole = box.Full();
        box.Become("S1");
        var husk = box.Full();
        var file = LargestOf(husk);
        Harm(file, harm);
        Store.PutFolder(box.Bundles, Prefix);
        var place = inStore ? Address : box.Bundles;
        OperationHost Host() => new() { Stores = Settings, Clock = box.Clock! };

        using (var host = Host())
        {
            var read = ReadChains.Read(place, false, null, host).ToList();
            var listed = Assert.Single(read, r => r.Chain is not null).Chain!;
            Assert.Contains(listed.Bundles, b => b.Name == whole.Name);
            Assert.DoesNotContain(listed.Bundles, b => b.Name == husk.Name);
            Assert.False(listed.IsValid);
            var error = Assert.Single(read, r => r.Error is not null).Error!;
            Assert.Equal(ErrorKind.Damaged, error.Kind);
            Assert.Contains(listed.Problems, p => p.Code == error.Code.ToString() && p.FullName == error.FullName);
            if (engine is EngineNames.PowDb or EngineNames.Alopex)
            {
                Assert.Equal(harm == "gone" ? ErrorCode.MissingFile : ErrorCode.LengthMismatch, error.Code);
                Assert.EndsWith(Path.GetFileName(file), error.FullName, StringComparison.Ordinal);
            }
            Assert.Equal(inStore ? 1 : 0, host.Requests?.Count(StoreVerb.List) ?? 0);
        }
        using (var host = Host())
        {
            var plan = ExpireBackups.Plan(new ExpirySettings { Path = place, KeepLast = 1 }, host);
            Assert.Empty(plan.Plan.Removals);
        }
        using (var host = Host())
        {
            var settings = new RestoreSettings { Path = place, DestinationPath = box.Restored };
            var refused = Assert.Throws<BackupException>(() => Verbs.Restore(settings, host));
            Assert.Equal(ErrorKind.Damaged, refused.Kind);
            Assert.Contains(
                Path.GetFileName(husk.FullName),
                $"{refused.FullName} {refused.Message}",
                StringComparison.Ordinal
            );
        }
    }

    /// <summary>The file that a bundle is, or the one that most of its content is in.</summary>
    private static string LargestOf(BundleInfo bundle) =>
        File.Exists(bundle.FullName)
            ? bundle.FullName
            : Directory
                .GetFiles(bundle.FullName, "*", SearchOption.AllDirectories)
                .Where(f => Path.GetFileName(f) is not ("lsm.wal" or ".backuptools.pages"))
                .MaxBy(f => new FileInfo(f).Length)!;

    private static void Harm(string file, string harm)
    {
        var bytes = File.ReadAllBytes(file);
        // A table that did not change is one file of both snapshots: only the newer loses it.
        File.Delete(file);
        if (harm != "gone")
        {
            File.WriteAllBytes(file, harm == "half" ? bytes[..(bytes.Length / 2)] : [.. bytes, 1, 2, 3]);
        }
    }
}
