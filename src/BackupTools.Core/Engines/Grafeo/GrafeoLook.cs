using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Grafeo;
using BackupTools.Options;
using Blake3;

namespace BackupTools.Engines.Grafeo;

/// <summary>What a few bytes of a file tell.</summary>
/// <param name="Bundle">An image or an increment.</param>
/// <param name="Length">In bytes.</param>
/// <param name="Series">The database; null where nothing says.</param>
/// <param name="Id">A digest of its headers and its length.</param>
internal sealed record GrafeoLook(GrafeoBundle Bundle, long Length, string? Series, string Id)
{
    private const int LookLength = GbakHeader.Size + sizeof(ulong) + GrafeoWalHeader.Size;

    /// <summary>One or two small reads, unless the run has looked at the same file before.</summary>
    /// <exception cref="BackupException">
    /// MissingFile, UnsafeName; BundleNotRecognised: it is neither; or what is wrong with it.
    /// </exception>
    public static GrafeoLook At(string path, EngineContext context)
    {
        var entry = context.Disk.Stat(path);
        if (entry is null)
        {
            throw new BackupException(ErrorCode.MissingFile, "the manifest lists this file, but it is missing", path);
        }
        if (entry.Kind != DiskEntryKind.File)
        {
            // A link could lead anywhere.
            throw new BackupException(ErrorCode.UnsafeName, "a segment must be a regular file", path);
        }
        return context.Remembered(EngineNames.Grafeo, path, [entry], () => Read(path, entry, context))!;
    }

    private static GrafeoLook Read(string path, DiskEntry entry, EngineContext context)
    {
        using var file = context.Disk.OpenRead(path);
        var look = file.UpTo(0, LengthOf(path, file, context));
        if (GrafeoContainerHeader.HasMagic(look))
        {
            var pages = file.UpTo(0, GrafeoContainerHeader.Size);
            var image = GrafeoContainerHeader.Read(pages);
            var found = new GrafeoBundle { Path = path, Image = image };
            return new(found, entry.Length, image.DatabaseId, IdOf(pages, entry));
        }
        if (!GbakHeader.HasMagic(look))
        {
            throw new BackupException(
                ErrorCode.BundleNotRecognised,
                "the file is neither a Grafeo image nor an increment",
                path,
                0
            );
        }
        var gbak = GbakHeader.Read(look);
        var series =
            gbak.Version == GbakHeader.Segments && look.Length == LookLength
                ? GrafeoWalHeader
                    .Read(look.AsSpan(GbakHeader.Size + sizeof(ulong)), GbakHeader.Size + sizeof(ulong))
                    .DatabaseId
                : null;
        return new(new GrafeoBundle { Path = path, Gbak = gbak }, entry.Length, series, IdOf(look, entry));
    }

    /// <summary>Of an increment of 0.5.x that cannot be read only the header is known; records follow it.</summary>
    private static int LengthOf(string path, IDiskFile file, EngineContext context) =>
        context.FactsOf(path) is not null
        && GbakHeader.Read(file.UpTo(0, GbakHeader.Size)).Version != GbakHeader.Segments
            ? GbakHeader.Size
            : LookLength;

    private static string IdOf(ReadOnlySpan<byte> look, DiskEntry entry)
    {
        var hasher = Hasher.New();
        hasher.Update(look);
        hasher.Update(BitConverter.GetBytes(entry.Length));
        return hasher.Finalize().ToString();
    }
}
