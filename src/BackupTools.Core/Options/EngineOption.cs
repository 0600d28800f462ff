namespace BackupTools.Options;

/// <summary>An option that only some engines have: what front ends need to offer it.</summary>
/// <param name="Name">That of the property of <see cref="EngineOptions"/>.</param>
/// <param name="Type">That of the property.</param>
/// <param name="Help">The engines that have it, and what it does.</param>
/// <param name="OfIncrements">Only increments have it.</param>
public sealed record EngineOption(string Name, Type Type, string Help, bool OfIncrements = false);
