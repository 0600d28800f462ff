namespace BackupTools.PowerShell.Commands;

/// <summary>
/// Names of parameter sets. Where to look (Path, LiteralPath, InputObject) is one choice, how to go on (a target, a
/// differential) another; PowerShell wants every combination to have a name.
/// </summary>
internal static class ParameterSets
{
    public const string Path = "Path";
    public const string LiteralPath = "LiteralPath";
    public const string InputObject = "InputObject";

    public const string PathDifferential = "PathDifferential";
    public const string LiteralPathDifferential = "LiteralPathDifferential";

    public const string PathToPosition = "PathToPosition";
    public const string LiteralPathToPosition = "LiteralPathToPosition";
    public const string InputObjectToPosition = "InputObjectToPosition";

    public const string PathPointInTime = "PathPointInTime";
    public const string LiteralPathPointInTime = "LiteralPathPointInTime";
    public const string InputObjectPointInTime = "InputObjectPointInTime";
}
