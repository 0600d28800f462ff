using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Engines.Spg;
using BackupTools.Files;

namespace BackupTools.Tests.Engines.Spg;

/// <summary>A database a.db with its log in a temporary folder, a folder for bundles, and the engine between them.</summary>
internal sealed class SpgBox : IDisposable
{
    private int _restores;

    public SpgBox(IDisk? disk = null)
    {
        Harness = new EngineHarness(new SpgEngine(), disk);
        Directory.CreateDirectory(Harness.At("source"));
        Directory.CreateDirectory(Bundles);
    }

    public EngineHarness Harness { get; }

    public string Db => Harness.At("source", "a.db");

    public string Wal => Harness.At("source", "a.wal");

    public string Manifest => Harness.At("source", "a.spg", "manifest.v10");

    public string Bundles => Harness.At("bundles");

    public List<string> Warnings => Harness.Warnings;

    /// <summary>Writes database (null for none) and log (null for none), as a quiet server leaves them.</summary>
    public void Put(byte[]? db, byte[]? wal)
    {
        if (db is not null)
        {
            File.WriteAllBytes(Db, db);
            File.SetLastWriteTimeUtc(Db, DateTime.UtcNow.AddHours(-1));
        }
        if (wal is not null)
        {
            File.WriteAllBytes(Wal, wal);
        }
    }

    public void Append(ReadOnlySpan<byte> frames)
    {
        using var file = new FileStream(Wal, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
        file.Write(frames);
    }

    /// <summary>The steps of CHECKPOINT: new database by rename, then the log cut to nothing.</summary>
    public void Checkpoint(byte[] newDb)
    {
        ReplaceDb(newDb);
        CutWal();
    }

    public void ReplaceDb(byte[] newDb)
    {
        File.WriteAllBytes(Db + ".tmp", newDb);
        File.SetLastWriteTimeUtc(Db + ".tmp", DateTime.UtcNow.AddHours(-1));
        File.Move(Db + ".tmp", Db, overwrite: true);
    }

    public void CutWal()
    {
        using var file = new FileStream(Wal, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        file.SetLength(0);
    }

    public void PutManifest(byte[] manifest)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Manifest)!);
        File.WriteAllBytes(Manifest, manifest);
    }

    public BundleHeader Full(EngineOptions? options = null) => Harness.Full(Db, Bundles, options);

    public BundleHeader Increment(params BundleHeader[] path) => Harness.Increment(Db, Bundles, path);

    /// <summary>An increment from the end of the path on the user's word that the log is still the same.</summary>
    public BundleHeader IncrementOnMyWord(params BundleHeader[] path) =>
        Harness.Capture(
            new CaptureRequest
            {
                SourcePath = Db,
                DestinationFolder = Bundles,
                Kind = BundleKind.Incremental,
                Options = new EngineOptions(),
                Chain = Harness.ChainOf(path),
                Parent = path[^1],
                Since = path[^1].End.Value,
            }
        );

    /// <summary>An increment from a bare position, without any bundle.</summary>
    public BundleHeader Since(ulong position) =>
        Harness.Capture(
            new CaptureRequest
            {
                SourcePath = Db,
                DestinationFolder = Bundles,
                Kind = BundleKind.Incremental,
                Options = new EngineOptions(),
                Since = position,
            }
        );

    /// <summary>Copies a fixture bundle among the others and reads its header.</summary>
    public BundleHeader Fixture(string name)
    {
        var path = Path.Combine(Bundles, Path.GetFileName(name));
        File.Copy(Formats.Spg.SpgFixtures.PathOf(name), path, overwrite: true);
        return Harness.Read(path).Single();
    }

    /// <summary>Restores into a fresh folder.</summary>
    public (byte[] Db, byte[] Wal, RestoreResult Result) Restore(
        IReadOnlyList<BundleHeader> path,
        ulong? cutAt = null,
        bool deep = false
    )
    {
        var target = Harness.At($"restored{_restores++}", "rec.db");
        var result = Harness.Restore(path, target, cutAt, deep: deep);
        return (File.ReadAllBytes(target), File.ReadAllBytes(Path.ChangeExtension(target, ".wal")), result);
    }

    public void Dispose() => Harness.Dispose();
}
