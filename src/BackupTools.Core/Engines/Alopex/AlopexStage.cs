using System.Collections.Concurrent;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Alopex;
using BackupTools.Formats.Primitives;

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

    /// <summary>What is staged, by relative name.</summary>
    public IReadOnlyDictionary<string, AlopexStaged> Files => _files;

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
    public AlopexTableFacts CopyTable(AlopexFile table, VerifyDepth depth, CancellationToken cancellation)
    {
        AlopexTableFacts? facts = null;
        Create(
            table.Name,
            table.Entry.Length,
            target =>
            {
                using var file = AlopexTableFile.Open(context.Disk, table.FullName);
                facts = file.CopyTo(target, context, depth, cancellation);
                return new AlopexStaged(table.Entry, target.Length, facts.Crc, facts.MaxTimestamp);
            }
        );
        return facts!;
    }

    /// <summary>Notes a table that was linked instead of copied.</summary>
    public void Linked(AlopexFile table, AlopexTableFacts facts) =>
        _files[table.Name] = new AlopexStaged(table.Entry, table.Entry.Length, facts.Crc, facts.MaxTimestamp);

    /// <summary>Copies any other file; holes stay holes.</summary>
    public void CopyPlain(AlopexFile plain, CancellationToken cancellation) =>
        Create(
            plain.Name,
            0,
            target =>
            {
                using var file = context.Disk.OpenRead(plain.FullName);
                using var beginning = context.Progress.BeginFile(plain.FullName, plain.Entry.Length);
                var crc = new Crc32();
                HashingCopy.CopySparse(file, target, crc.Append, context.Progress, cancellation);
                return new AlopexStaged(plain.Entry, target.Length, crc.GetCurrentHashAsUInt32());
            }
        );

    /// <summary>Copies the log's entries between the header's start and end, and proves the copy by replaying it.</summary>
    public AlopexWalReplay CopyWal(AlopexWalFile wal, AlopexWalHeader header, CancellationToken cancellation)
    {
        AlopexWalReplay? replay = null;
        Remove(AlopexNames.Wal);
        Create(
            AlopexNames.Wal,
            0,
            target =>
            {
                replay = wal.CopyTo(header, target, context, cancellation, out var crc);
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

    private void Create(string name, long preallocate, Func<IDiskFile, AlopexStaged> fill)
    {
        try
        {
            using var target = staging.CreateFile($"{Folder}/{name}", preallocate);
            _files[name] = fill(target);
        }
        catch
        {
            context.Disk.DeleteFile(PathOf(name));
            throw;
        }
    }
}
