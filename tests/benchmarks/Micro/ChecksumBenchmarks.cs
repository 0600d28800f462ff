using System.IO.Hashing;
using BackupTools.Benchmarks.Data;
using BackupTools.Formats.PowDb;
using BackupTools.Formats.Primitives;
using BenchmarkDotNet.Attributes;
using Blake3;

namespace BackupTools.Benchmarks.Micro;

/// <summary>
/// Checksums of bytes that are in the cache; times are per MiB. What a page's fingerprint could be is measured beside
/// what it is.
/// </summary>
public class ChecksumBenchmarks : IDisposable
{
    private const int Mebibyte = 1 << 20;

    /// <summary>Enough for several threads to share.</summary>
    private const int LargeMebibytes = 16;

    private readonly byte[] _data = new byte[Mebibyte];
    private readonly byte[] _large = new byte[LargeMebibytes * Mebibyte];
    private readonly byte[] _fingerprints = new byte[Mebibyte / PowDbPage.Size * PowDbFingerprints.Size];
    private readonly PowDbPageMac _mac = new(1);

    [GlobalSetup]
    public void Setup()
    {
        new TextSource(1).Fill(_data);
        new TextSource(2).Fill(_large);
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _mac.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark]
    public uint Crc32_whole() => Crc32.HashToUInt32(_data);

    [Benchmark]
    public uint Crc32C_whole() => Crc32C.HashToUInt32(_data);

    [Benchmark]
    public object Blake3_one_thread() => Hasher.Hash(_data);

    [Benchmark(OperationsPerInvoke = LargeMebibytes)]
    public object Blake3_one_thread_16_MiB() => Hasher.Hash(_large);

    [Benchmark(OperationsPerInvoke = LargeMebibytes)]
    public object Blake3_all_threads_16_MiB()
    {
        using var hasher = Hasher.New();
        hasher.UpdateWithJoin(_large);
        return hasher.Finalize();
    }

    [Benchmark]
    public void Fingerprint_of_each_page() => _mac.Compute(_data, _fingerprints);

    [Benchmark]
    public void Blake3_of_each_page()
    {
        for (var at = 0; at < _data.Length; at += PowDbPage.Size)
        {
            Hasher.Hash(_data.AsSpan(at, PowDbPage.Size), _fingerprints.AsSpan(0, PowDbFingerprints.Size));
        }
    }

    [Benchmark]
    public UInt128 XxHash128_of_each_page()
    {
        UInt128 all = 0;
        for (var at = 0; at < _data.Length; at += PowDbPage.Size)
        {
            all ^= XxHash128.HashToUInt128(_data.AsSpan(at, PowDbPage.Size), 1);
        }
        return all;
    }
}
