namespace BackupTools.Formats.Grafeo;

/// <summary>A part of an image with a checksum of its own.</summary>
/// <param name="Name">What it is, for messages.</param>
/// <param name="Offset">First byte in the file.</param>
/// <param name="Length">Bytes; padding up to the next page is not part of it.</param>
/// <param name="Checksum">CRC-32 of these bytes.</param>
internal readonly record struct GrafeoExtent(string Name, ulong Offset, ulong Length, uint Checksum)
{
    /// <summary>First byte after it. Only meaningful once the extent is known to lie inside the file.</summary>
    public ulong End => Offset + Length;
}
