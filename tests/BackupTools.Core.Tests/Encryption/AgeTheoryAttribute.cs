namespace BackupTools.Tests.Encryption;

/// <summary>A theory that needs the age program; skipped, by name, where it is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class AgeTheoryAttribute : TheoryAttribute
{
    public AgeTheoryAttribute() => Skip = new AgeFactAttribute().Skip;
}
