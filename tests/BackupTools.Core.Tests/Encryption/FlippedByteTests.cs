using BackupTools.Encryption;
using BackupTools.Errors;
using BackupTools.Operations;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Encryption;

/// <summary>One flipped bit in what lies in an encrypted, signed folder, wherever: no test calls it sound.</summary>
public sealed class FlippedByteTests
{
    private const int Samples = 60;

    public static TheoryData<string> Others => [.. EngineSandbox.All.Where(e => e != "SPG")];

    [Fact]
    public void At_every_byte_of_every_file_it_is_reported_with_the_key_and_without() => Check("SPG", int.MaxValue);

    [Theory]
    [MemberData(nameof(Others))]
    public void At_bytes_of_every_file_it_is_reported_with_the_key_and_without(string engine) => Check(engine, Samples);

    private static void Check(string engine, int samples)
    {
        using var box = new SealedBox(engine);
        var signer = SigningKey.New();
        File.WriteAllBytes(box.Box.At("sign.txt"), signer.Write(DateTimeOffset.UnixEpoch));
        box.Box.Become("S0");
        Verbs.Full(box.Kept with { SigningKeyPath = box.Box.At("sign.txt") }, box.Host());
        var trusted = $"{signer.Public}";
        // Some engines have something to say of any bundle.
        var usual = new[] { true, false }.ToDictionary(k => k, k => Found(box, k, trusted));
        Assert.DoesNotContain(usual.Values, found => found.Contains("Error", StringComparison.Ordinal));
        bool IsSound(bool withKey, bool trusts) => Found(box, withKey, trusts ? trusted : null) == usual[withKey];
        Assert.True(IsSound(true, false) && IsSound(false, false));
        var missed = new List<string>();
        var tried = 0;
        foreach (var file in Directory.EnumerateFiles(box.Encrypted, "*", SearchOption.AllDirectories).Order())
        {
            var name = Path.GetRelativePath(box.Encrypted, file);
            // Read by whoever writes the next bundle, and by engines: not of any one bundle.
            if (name.EndsWith("recipients.age", StringComparison.Ordinal) || Path.GetFileName(name) is "latest.age")
            {
                continue;
            }
            var isSignature = name.StartsWith(".backuptools-signed", StringComparison.Ordinal);
            var isManifest = Path.GetFileName(name) == "backup_manifest.json.age";
            var (bytes, time) = (File.ReadAllBytes(file), File.GetLastWriteTimeUtc(file));
            var step = Math.Max(1, bytes.Length / samples);
            for (var at = 0; at < bytes.Length; at += step)
            {
                tried++;
                bytes[at] ^= (byte)(1 << (at % 8));
                File.WriteAllBytes(file, bytes);
                File.SetLastWriteTimeUtc(file, time);
                if (IsSound(true, isSignature))
                {
                    missed.Add($"{name} at {at}, with the key");
                }
                // The manifest is no bundle's own, and has no digest in a record.
                if (!isManifest && IsSound(false, isSignature))
                {
                    missed.Add($"{name} at {at}, without the key");
                }
                bytes[at] ^= (byte)(1 << (at % 8));
            }
            File.WriteAllBytes(file, bytes);
            File.SetLastWriteTimeUtc(file, time);
        }
        Assert.True(missed.Count == 0, $"{missed.Count} of {tried}:\n{string.Join('\n', missed.Take(40))}");
        Assert.True(tried > 100, $"{tried}");
    }

    /// <summary>All that is found, or what the test fails with.</summary>
    private static string Found(SealedBox box, bool withKey, string? trusted)
    {
        try
        {
            var host = box.Host(withKey ? box.Key : null, trusted: trusted);
            return string.Join(
                '\n',
                VerifyChain
                    .Run(new VerifySettings { Path = box.Encrypted }, host)
                    .Select(r =>
                        $"{r.ChainId} {r.IsValid} {string.Join(' ', r.Problems.Select(p => $"{p.Severity} {p.Code}"))}"
                    )
            );
        }
        catch (BackupException e)
        {
            return $"Error {e.Code}";
        }
    }
}
