namespace BackupTools.Options;

/// <summary>An option of object stores: what front ends need to offer it.</summary>
/// <param name="Name">That of the property of <see cref="StoreOptions"/>.</param>
/// <param name="Type">That of the property.</param>
/// <param name="Help">What it does.</param>
/// <param name="OfWriting">Only what writes to a store has it.</param>
public sealed record StoreOption(string Name, Type Type, string Help, bool OfWriting = false);
