using System.IO.Hashing;
using BackupTools.Benchmarks.Data;
using BackupTools.Formats.PowDb;
using BackupTools.Formats.Spg;
using BenchmarkDotNet.Attributes;

namespace BackupTools.Benchmarks.Micro;

/// <summary>Walks over data in memory, with every checksum that the format has; times are per MiB.</summary>
public class ScanBenchmarks : IDisposable
{
    private const int Mebibytes = 16;
    private const int Pages = (Mebibytes << 20) / PowDbPage.Size;
    private readonly PowDbPageMac _mac = new(1);
    private byte[] _frames = [];
    private byte[] _heap = [];
    private readonly byte[] _before = new byte[Pages * PowDbFingerprints.Size];
    private readonly byte[] _now = new byte[Pages * PowDbFingerprints.Size];

    [GlobalSetup]
    public void Setup()
    {
        var folder = Directory.CreateTempSubdirectory("backuptools-scan-").FullName;
        var spg = new SpgShape().Create(folder, Mebibytes << 20, seed: 1);
        new SpgShape().Change(spg, Mebibytes << 20, seed: 2);
        _frames = File.ReadAllBytes(Path.ChangeExtension(spg, ".wal"))[..(Mebibytes << 20)];
        var powdb = new PowDbShape(largeTables: 1).Create(folder, (Mebibytes + 1) << 20, seed: 1);
        _heap = File.ReadAllBytes(Path.Combine(powdb, "orders.heap"))[..(Mebibytes << 20)];
        _mac.Compute(_heap, _before);
        Directory.Delete(folder, recursive: true);
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _mac.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark(OperationsPerInvoke = Mebibytes)]
    public long Spg_frames()
    {
        var scanner = new SpgWalScanner();
        ReadOnlySpan<byte> rest = _frames;
        while (scanner.TryRead(ref rest, out _)) { }
        return scanner.Frames;
    }

    /// <summary>What an increment does with each page: its own checksum, its fingerprint, the comparison.</summary>
    [Benchmark(OperationsPerInvoke = Mebibytes)]
    public int Powdb_page_diff()
    {
        var crc = new Crc32();
        _mac.Compute(_heap, _now);
        var changed = 0;
        for (var page = 0; page < Pages; page++)
        {
            PowDbPage.Check(_heap.AsSpan(page * PowDbPage.Size, PowDbPage.Size), page, crc);
            var at = page * PowDbFingerprints.Size;
            changed += _now.AsSpan(at, PowDbFingerprints.Size).SequenceEqual(_before.AsSpan(at, PowDbFingerprints.Size))
                ? 0
                : 1;
        }
        return changed;
    }
}
