namespace BackupTools.Options;

/// <summary>Marks an option that only some engines have: what front ends need to offer it besides its name and type.</summary>
/// <param name="help">The engines that have it, and what it does.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class EngineOptionAttribute(string help) : Attribute
{
    /// <summary>The engines that have it, and what it does.</summary>
    public string Help => help;

    /// <summary>Only increments have it.</summary>
    public bool OfIncrements { get; init; }
}
