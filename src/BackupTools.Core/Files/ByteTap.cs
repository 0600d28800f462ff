namespace BackupTools.Files;

/// <summary>Sees every block of a copy, in order, exactly once. Engines pass checksums; Files names no algorithm.</summary>
internal delegate void ByteTap(ReadOnlySpan<byte> block);
