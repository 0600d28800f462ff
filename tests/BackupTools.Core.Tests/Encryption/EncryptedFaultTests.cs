using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Operations;
using BackupTools.Tests.Files;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Encryption;

/// <summary>Encrypted copies that break off.</summary>
public sealed class EncryptedFaultTests
{
    private const int Tries = 12;

    public static TheoryData<string, bool> Faults =>
        new(EngineSandbox.All.SelectMany(e => new[] { (e, true), (e, false) }));

    /// <summary>The run after it needs no identity, but of Grafeo, whose manifest it reads.</summary>
    [Theory]
    [MemberData(nameof(Faults))]
    public void An_encrypted_copy_that_broke_off_at_any_step_is_gone_on_with(string engine, bool isKilled)
    {
        int steps;
        using (var box = new EncryptedBox(engine))
        {
            var disk = new FaultyDisk(LocalDisk.Instance);
            box.CopyEncrypted(disk);
            steps = disk.Steps;
        }
        Assert.InRange(steps, 30, 2000);
        for (var i = 0; i < Tries; i++)
        {
            var step = 1 + (i * (steps - 1) / (Tries - 1));
            using var box = new EncryptedBox(engine);
            var disk = isKilled
                ? new FaultyDisk(LocalDisk.Instance) { KillAt = step }
                : new FaultyDisk(LocalDisk.Instance) { FailAt = step };
            var error = Record.Exception(() => box.CopyEncrypted(disk));
            Assert.True(
                isKilled ? error is KilledException : error is null or BackupException { Code: ErrorCode.DiskFull },
                $"{step}: {error}"
            );

            var report = box.CopyEncrypted(engine == "Grafeo" ? box.Key : null);

            Assert.Equal(box.Chain.Count, report.Copied.Count + report.PresentCount);
            Assert.Equal(box.RestoredOf(box.Box.Bundles, box.Chain[^1]), box.RestoredOf(box.Encrypted, box.Chain[^1]));
            Assert.All(
                VerifyChain.Run(new VerifySettings { Path = box.Encrypted }, box.Host(box.Key)),
                chain => Assert.True(chain.IsValid, $"{step}")
            );
            Assert.Empty(box.Box.Leftovers());
        }
    }
}
