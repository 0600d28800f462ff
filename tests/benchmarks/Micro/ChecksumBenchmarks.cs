using System.Reflection;
using System.Runtime.Loader;
using BackupTools.Benchmarks.Data;
using BackupTools.Formats.Primitives;
using BenchmarkDotNet.Attributes;

namespace BackupTools.Benchmarks.Micro;

/// <summary>Checksums of bytes that are in the cache; times are per MiB.</summary>
public class ChecksumBenchmarks
{
    private const int Mebibyte = 1 << 20;

    /// <summary>Enough for several threads to share.</summary>
    private const int LargeMebibytes = 16;

    private readonly byte[] _data = new byte[Mebibyte];
    private readonly byte[] _large = new byte[LargeMebibytes * Mebibyte];
    private readonly byte[] _values = new byte[Mebibyte / Blake3Leaves.LeafSize * Hash.Size];
    private HashToUInt32 _peer = null!;

    private delegate uint HashToUInt32(ReadOnlySpan<byte> source);

    [GlobalSetup]
    public void Setup()
    {
        new TextSource(1).Fill(_data);
        new TextSource(2).Fill(_large);
        // The library that most would use, as the SDK carries it for its own tools: no package is needed.
        var sdk = Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", "..", "sdk");
        var path = Directory
            .EnumerateFiles(sdk, "System.IO.Hashing.dll", SearchOption.AllDirectories)
            .Where(p => p.Contains($"net{Environment.Version.Major}.", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Last();
        _peer = AssemblyLoadContext
            .Default.LoadFromAssemblyPath(Path.GetFullPath(path))
            .GetType("System.IO.Hashing.Crc32", throwOnError: true)!
            .GetMethod(nameof(HashToUInt32), BindingFlags.Public | BindingFlags.Static)!
            .CreateDelegate<HashToUInt32>();
        if (_peer(_data) != Crc32.HashToUInt32(_data))
        {
            throw new InvalidOperationException("The two CRC-32 disagree.");
        }
    }

    [Benchmark(Baseline = true)]
    public uint Crc32_of_the_SDK() => _peer(_data);

    [Benchmark]
    public uint Crc32_ours() => Crc32.HashToUInt32(_data);

    [Benchmark]
    public uint Crc32C_ours() => Crc32C.HashToUInt32(_data);

    [Benchmark]
    public object Blake3_one_thread() => Hasher.Hash(_data);

    [Benchmark(OperationsPerInvoke = LargeMebibytes)]
    public object Blake3_one_thread_16_MiB() => Hasher.Hash(_large);

    [Benchmark(OperationsPerInvoke = LargeMebibytes)]
    public object Blake3_all_threads_16_MiB()
    {
        var hasher = new Hasher();
        hasher.UpdateWithJoin(_large);
        return hasher.Finalize();
    }

    [Benchmark]
    public void Blake3_of_each_page() => Blake3Leaves.ChainingValues(_data, 0, _values);
}
