using System.Collections.Concurrent;
using System.IO.Hashing;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Alopex;

namespace BackupTools.Engines.Alopex;

/// <summary>A file as it was staged. <paramref name="Source"/> is what the source looked like before it was read.</summary>
internal sealed record AlopexStaged(DiskEntry Source, long Size, uint Crc, ulong MaxTimestamp = 0);

/// <summary>
/// The folder that a snapshot or a restored database is built in. Checksums are taken of the bytes that are written.
/// </summary>
internal sealed class AlopexStage(StagingArea staging, EngineContext context)
{
    /// <summary>Its name in the staging folder.</summary>
    public const string Folder = "data";

    private readonly ConcurrentDictionary<string, AlopexStaged> _files = new(StringComparer.Ordinal);

    /// <summary>What is written is read back at once.</summary>
    public bool ReadsBack { get; init; }

    /// <summary>What is staged, by relative name.</summary>
    public IReadOnlyDictionary<string, AlopexStaged> Files => _files;

    /// <summary>The newest commit in the tables that the engine loads; 0 for none.</summary>
    public ulong NewestCommit =>
        _files
            .Where(f => AlopexNames.TableId(f.Key) is not null)
            .Select(f => f.Value.MaxTimestamp)
            .DefaultIfEmpty()
            .Max();

    /// <summary>Absolute path of a staged file.</summary>
    public string PathOf(string name) => staging.PathOf($"{Folder}/{name}");

    public void CreateFolder(string name) => staging.CreateDirectory(name.Length == 0 ? Folder : $"{Folder}/{name}");

    /// <summary>Takes a staged file away again.</summary>
    public void Remove(string name)
    {
        if (_files.TryRemove(name, out _))
        {
            context.Disk.DeleteFile(PathOf(name));
        }
    }

    /// <summary>Copies a table and checks it on the way.</summary>
    /// <exception cref="BackupException">The table is damaged, or cannot be copied; nothing is staged then.</exception>
    public AlopexTableFacts CopyTable(AlopexFile table, VerifyDepth depth, EngineContext run)
    {
        AlopexTableFacts? facts = null;
        Create(
            table.Name,
            table.Entry.Length,
            target =>
            {
                using var file = AlopexTableFile.Open(context.Disk, table.FullName);
                facts = file.Read(run, depth, copy: target);
                return new AlopexStaged(table.Entry, target.Length, facts.Crc, facts.MaxTimestamp);
            }
        );
        return facts!;
    }

    /// <summary>Copies a file of a snapshot and holds it against the manifest's entry; null where nobody listed it.</summary>
    /// <exception cref="BackupException">It is not what the manifest says, or a damaged table.</exception>
    public void CopyListed(AlopexFile file, AlopexManifestEntry? listed, VerifyDepth depth, EngineContext run)
    {
        if (!file.IsTable)
        {
            CopyPlain(file, run);
            RequireListed(file, listed, _files[file.Name].Crc);
            return;
        }
        try
        {
            RequireListed(file, listed, CopyTable(file, depth, run).Crc);
        }
        catch (BackupException e) when (listed is not null && e.Kind == ErrorKind.Damaged)
        {
            // The manifest's word comes first, as in the engine's own verification.
            using var open = context.Disk.OpenRead(file.FullName);
            RequireListed(file, listed, AlopexChecksum.Of(open, run));
            throw;
        }
    }

    /// <summary>Holds a file's checksum against the manifest's.</summary>
    /// <exception cref="BackupException">ChecksumMismatch.</exception>
    public static void RequireListed(AlopexFile file, AlopexManifestEntry? listed, uint crc)
    {
        if (listed is not null && crc != listed.Crc32)
        {
            throw AlopexListing.Mismatch(listed, crc, file);
        }
    }

    /// <summary>Notes a table that was linked instead of copied.</summary>
    public void Linked(AlopexFile table, AlopexTableFacts facts) =>
        _files[table.Name] = new AlopexStaged(table.Entry, table.Entry.Length, facts.Crc, facts.MaxTimestamp);

    /// <summary>Copies any other file; holes stay holes.</summary>
    public void CopyPlain(AlopexFile plain, EngineContext run) =>
        Create(
            plain.Name,
            0,
            target =>
            {
                using var file = context.Disk.OpenRead(plain.FullName);
                using var beginning = context.Progress.BeginFile(plain.FullName, plain.Entry.Length);
                var crc = new Crc32();
                HashingCopy.CopySparse(file, target, crc.Append, run.Progress, run.Cancellation);
                return new AlopexStaged(plain.Entry, target.Length, crc.GetCurrentHashAsUInt32());
            }
        );

    /// <summary>Copies the log's entries between the header's start and end, and proves the copy by replaying it.</summary>
    public AlopexWalReplay CopyWal(AlopexWalFile wal, AlopexWalHeader header, EngineContext run)
    {
        AlopexWalReplay? replay = null;
        Remove(AlopexNames.Wal);
        Create(
            AlopexNames.Wal,
            0,
            target =>
            {
                replay = wal.CopyTo(header, target, run, out var crc);
                return new AlopexStaged(wal.Entry, target.Length, crc);
            }
        );
        return replay!;
    }

    /// <summary>Writes a small file of our own making.</summary>
    public void Write(string name, DiskEntry source, byte[] bytes)
    {
        Remove(name);
        Create(
            name,
            0,
            target =>
            {
                target.Write(bytes, 0);
                return new AlopexStaged(source, bytes.Length, Crc32.HashToUInt32(bytes));
            }
        );
    }

    /// <summary>Writes the manifest, the last file of a snapshot, and dates it and the log (<see cref="AlopexDates"/>).</summary>
    public void WriteManifest(byte[] bytes, DateTimeOffset manifest, DateTimeOffset log)
    {
        using (var file = staging.CreateFile($"{Folder}/{AlopexNames.Manifest}"))
        {
            file.Write(bytes, 0);
            Date(file, manifest);
        }
        DateLog(log);
    }

    /// <summary>Dates the staged log.</summary>
    public void DateLog(DateTimeOffset time)
    {
        using var file = context.Disk.OpenWrite(PathOf(AlopexNames.Wal));
        Date(file, time);
    }

    /// <summary>A share that lets nobody set dates costs what they would have told, and no backup.</summary>
    private void Date(IDiskFile file, DateTimeOffset time)
    {
        try
        {
            file.SetModified(time);
        }
        catch (BackupException e) when (e.Code == ErrorCode.AccessDenied)
        {
            context.Verbose($"the date of '{file.Path}' could not be set: {e.Message}");
        }
    }

    private void Create(string name, long preallocate, Func<IDiskFile, AlopexStaged> fill)
    {
        try
        {
            using var target = staging.CreateFile($"{Folder}/{name}", preallocate, ReadsBack);
            _files[name] = fill(target);
        }
        catch
        {
            context.Disk.DeleteFile(PathOf(name));
            throw;
        }
    }
}
