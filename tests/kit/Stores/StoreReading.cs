using System.Text.Json;
using BackupTools.Errors;
using BackupTools.Files.Stores;
using BackupTools.Operations;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Stores;

/// <summary>What reading a chain must give, from a store as from the folder that was brought up to it.</summary>
internal static class StoreReading
{
    private static readonly JsonSerializerOptions s_json = new()
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>
    /// Headers, chains, tests, drill, restore and copy of a chain, compared with what the folder gives; and how many requests
    /// they took.
    /// </summary>
    /// <param name="box">Has the folder with the chain.</param>
    /// <param name="address">Where a copy of the folder lies.</param>
    /// <param name="settings">How the store is reached.</param>
    public static void IsThatOfTheFolder(EngineSandbox box, string address, StoreSettings settings)
    {
        var verbose = new List<string>();
        var folder = Plain(box);
        OperationHost Host() =>
            new()
            {
                Stores = settings,
                Clock = box.Clock!,
                Verbose = text =>
                {
                    lock (verbose)
                    {
                        verbose.Add(text);
                    }
                },
            };
        void Same<T>(Func<string, OperationHost, T> read, Action<StoreRequests>? requests = null)
        {
            var local = Text(read(folder, box.Host()), folder);
            using var host = Host();
            Assert.Equal(local, Text(read(address, host), address));
            requests?.Invoke(host.Requests!);
        }

        var keys = StoreFolder.Files(box.Bundles, "x").Count();
        var bundles = ReadHeaders.Read(box.Bundles, false, null, box.Host()).Count();
        Same(
            (path, host) => ReadChains.Read(path, false, null, host).Select(Known).ToList(),
            requests =>
            {
                Assert.Equal((keys + 999) / 1000, requests.Count(StoreVerb.List));
                // Of a snapshot of Alopex the log's end and the first table tell what its manifest does not; and one marker.
                Assert.InRange(
                    requests.Count(StoreVerb.Get),
                    1,
                    box is AlopexSandbox ? (4 * bundles) + 1 : 3 * bundles
                );
            }
        );
        Same((path, host) => ReadHeaders.Read(path, true, null, host).Select(r => Known(r.Bundle, r.Error)).ToList());
        Same(
            (path, host) => VerifyChain.Run(new VerifySettings { Path = path, Deep = true }, host).ToList(),
            requests => Assert.Equal((keys + 999) / 1000, requests.Count(StoreVerb.List))
        );
        Same((path, host) => VerifyChain.Run(new VerifySettings { Path = path, RestoreDrill = true }, host).ToList());

        var expected = EngineSandbox.Bytes(box.RestoreFrom(box.Bundles));
        using (var host = Host())
        {
            var target = box.At("from-store", Path.GetFileName(box.Restored));
            Verbs.Restore(new RestoreSettings { Path = address, DestinationPath = target }, host);
            Assert.Equal(expected, EngineSandbox.Bytes(target));
            Assert.Equal((keys + 999) / 1000, host.Requests!.Count(StoreVerb.List));
        }
        Assert.Matches(@"^requests to the store: 1 LIST, \d+ GET, of which 0 were repeated$", verbose[^1]);

        using (var host = Host())
        {
            var copy = box.At("copy");
            var report = Verbs.Copy(
                new CopySettings
                {
                    Path = address,
                    DestinationPath = copy,
                    Verify = true,
                },
                host
            );
            Assert.True(report.IsValid, string.Join("; ", report.Problems));
            Assert.Equal(address, report.SourceFullName);
            Assert.Equal(expected, EngineSandbox.Bytes(box.RestoreFrom(copy)));
        }

        using (var host = Host())
        {
            var above = address[..address.LastIndexOf('/')];
            var chains = ReadChains.Read(above, true, null, host).ToList();
            Assert.NotEmpty(chains);
            Assert.All(chains, c => Assert.Equal(address, c.Chain!.FullName));
            Assert.Equal(1, host.Requests!.Count(StoreVerb.List));
        }

        using (var host = Host())
        {
            var merged = box.At("merged");
            Verbs.Merges(new MergeSettings { Path = address, DestinationPath = merged }, host);
            Assert.Equal(
                EngineSandbox.Bytes(box.RestoreFrom(MergedFrom(box, folder))),
                EngineSandbox.Bytes(box.RestoreFrom(merged))
            );
        }

        using (var host = Host())
        {
            var page = box.At("report.html");
            var report = Verbs.Report(new ReportSettings { Folders = [address], DestinationPath = page }, host);
            Assert.Equal(address, Assert.Single(report.Databases).FullName);
            Assert.Empty(report.Problems);
        }
    }

    private static string MergedFrom(EngineSandbox box, string folder)
    {
        var merged = box.At("merged-here");
        var host = box.Host();
        Verbs.Merges(new MergeSettings { Path = folder, DestinationPath = merged }, host);
        return merged;
    }

    /// <summary>The folder as it would come down again: without locks of the run, and without hard links.</summary>
    private static string Plain(EngineSandbox box)
    {
        var folder = box.At("plain", "b");
        foreach (var (name, file) in StoreFolder.Files(box.Bundles, folder))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(name)!);
            File.Copy(file, name);
        }
        return folder;
    }

    private static object Known(ChainReading reading) => Known(reading.Chain, reading.Error);

    private static object Known(object? found, BackupException? error) =>
        found ?? error?.Describe() ?? throw new InvalidOperationException("neither a result nor an error");

    /// <summary>The text of a result, without what differs between any two runs and between any two places.</summary>
    private static string Text<T>(T result, string place) =>
        string.Join(
            '\n',
            JsonSerializer
                .Serialize(result, s_json)
                .Split('\n')
                .Where(line =>
                    !line.Contains("Seconds\"", StringComparison.Ordinal)
                    && !line.Contains("\"TestedUtc\"", StringComparison.Ordinal)
                )
                .Select(line =>
                    line.Replace("\\\\", "/", StringComparison.Ordinal)
                        .Replace(place.Replace('\\', '/'), "PLACE", StringComparison.Ordinal)
                )
        );
}
