using BackupTools.Errors;
using BackupTools.Formats.PowDb;

namespace BackupTools.Engines.PowDb;

/// <summary>The catalogue of a state that lies in bundles.</summary>
internal static class PowDbStateCatalog
{
    /// <summary>Reads and proves the newest catalogue.</summary>
    /// <exception cref="BackupException">MissingFile, ChecksumMismatch, or what is wrong inside it.</exception>
    public static PowDbCatalog Read(IReadOnlyDictionary<string, PowDbStatePart> state, EngineContext context)
    {
        if (!state.TryGetValue(PowDbNames.Catalog, out var part))
        {
            throw new BackupException(ErrorCode.MissingFile, "no catalog file: no bundle of the chain holds one");
        }
        var path = part.Bundle!.PathOf(part.Name);
        if (part.Length > PowDbCatalogReader.MaxLength)
        {
            throw new BackupException(ErrorCode.Malformed, $"{part.Length} bytes is too large for a catalog", path);
        }
        PowDbAssembly.RequireFiles(part, context);
        var bytes = new byte[part.Length];
        PowDbAssembly.Run(part, 1, (at, block) => block.CopyTo(bytes.AsSpan((int)at)), context);
        return BackupException.Naming(path, () => PowDbCatalogReader.Read(bytes));
    }
}
