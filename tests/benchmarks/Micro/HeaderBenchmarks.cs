using System.Buffers.Binary;
using System.Globalization;
using BackupTools.Operations;
using BenchmarkDotNet.Attributes;

namespace BackupTools.Benchmarks.Micro;

/// <summary>Headers of bundles on disk.</summary>
public class HeaderBenchmarks
{
    private const int Small = 1000;
    private string _folder = "";
    private string _large = "";
    private string _many = "";

    [GlobalSetup]
    public void Setup()
    {
        _folder = Directory.CreateTempSubdirectory("backuptools-headers-").FullName;
        _large = Path.Combine(_folder, "large.bkp");
        WriteBundle(_large, 10L << 30, position: 0);
        _many = Directory.CreateDirectory(Path.Combine(_folder, "many")).FullName;
        for (var i = 0; i < Small; i++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"{i:D4}.bkp");
            WriteBundle(Path.Combine(_many, name), 13, (ulong)i);
        }
    }

    [GlobalCleanup]
    public void Cleanup() => Directory.Delete(_folder, recursive: true);

    [Benchmark]
    public int Header_of_a_10_GiB_bundle() => Read(_large, 1);

    [Benchmark(OperationsPerInvoke = Small)]
    public int Header_of_one_of_1000() => Read(_many, Small);

    private static int Read(string path, int expected)
    {
        var found = 0;
        foreach (var reading in ReadHeaders.Read(path, verify: false, engine: null, new OperationHost()))
        {
            found += reading.Error is { } error ? throw error : 1;
        }
        return found == expected ? found : throw new InvalidOperationException($"{found} bundles in {path}");
    }

    /// <summary>A full SPG bundle (SPG format, §1) whose snapshot is mostly a hole. Its checksum is not read.</summary>
    private static void WriteBundle(string path, long snapshot, ulong position)
    {
        var head = new byte[33 + 13];
        "SPGBKUP\u0002"u8.CopyTo(head);
        BinaryPrimitives.WriteUInt64LittleEndian(head.AsSpan(17), 1_775_000_000_000_000 + position);
        BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(25), snapshot);
        "SPGDB001\u0008"u8.CopyTo(head.AsSpan(33));
        var tail = new byte[8 + 8 + 4];
        BinaryPrimitives.WriteUInt64LittleEndian(tail, position);
        using var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write);
        RandomAccess.Write(file, head, 0);
        RandomAccess.Write(file, tail, 33 + snapshot);
    }
}
