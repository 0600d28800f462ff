namespace BackupTools.Errors;

/// <summary>
/// How messages name options and operations: by the names of the settings' properties and of classes. A front end
/// replaces them by its own spelling, once, before its first operation.
/// </summary>
public static class Spelling
{
    /// <summary>From Core's name ("FullIfNeeded", "ReadChains") to what the user types; the name itself until it is set.</summary>
    public static Func<string, string> Of { get; set; } = static name => name;
}
