namespace BackupTools.Errors;

/// <summary>
/// How messages call what a user may say: options by the names of the settings' properties, operations by the names of
/// their classes. A front end puts its own spelling in their place, once, before its first operation.
/// </summary>
public static class Spelling
{
    /// <summary>From Core's name ("FullIfNeeded", "ReadChains") to what the user types; the name itself until it is set.</summary>
    public static Func<string, string> Of { get; set; } = static name => name;
}
