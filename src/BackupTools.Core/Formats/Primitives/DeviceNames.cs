namespace BackupTools.Formats.Primitives;

/// <summary>
/// File names that Windows takes for devices in every folder, in any case and with any extension: what is written there
/// is gone.
/// </summary>
internal static class DeviceNames
{
    /// <summary>True for such a name; <paramref name="name"/> is one part of a path.</summary>
    public static bool Contains(string name)
    {
        var stem = name.Split('.')[0].TrimEnd(' ').ToUpperInvariant();
        // The raised digits count too: they are digits in the code page of old.
        return stem is "CON" or "PRN" or "AUX" or "NUL" or "CONIN$" or "CONOUT$"
            || (
                stem.Length == 4
                && stem[..3] is "COM" or "LPT"
                && stem[3] is (>= '0' and <= '9') or '\u00b9' or '\u00b2' or '\u00b3'
            );
    }
}
