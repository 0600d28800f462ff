namespace BackupTools.Operations;

/// <summary>
/// What a verb would do, found out without writing anything. Every verb that writes has <c>Plan</c>, which makes it from the
/// settings, and <c>Execute</c>, which takes it and plans again once nobody else can write.
/// </summary>
public interface IPlan
{
    /// <summary>The plan in lines for people.</summary>
    IReadOnlyList<string> Describe();
}
