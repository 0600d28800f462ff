using System.Management.Automation;
using System.Management.Automation.Runspaces;

namespace BackupTools.PowerShell.Import;

/// <summary>
/// What the session knows of our types beside their own properties: the short heads of the columns as hidden aliases, so
/// that "Where-Object Valid" and "Sort-Object Start" work while JSON and CSV hold each value once; and the properties that
/// are shown where objects of several types come together.
/// </summary>
/// <remarks>
/// Not in a types.ps1xml: that is an error where a second copy of the module is imported, and it cannot be repeated.
/// </remarks>
internal static class TypeMembers
{
    private static readonly (string Alias, string Property)[] Aliases =
    [
        ("Valid", "IsValid"),
        ("Start", "StartPosition"),
        ("End", "EndPosition"),
        ("Late", "IsLate"),
        ("Folder", "FullName"),
        ("Shared", "SharedLength"),
        ("Duration", "DurationSeconds"),
    ];

    /// <summary>Type, the aliases that its views use, and what is shown of it among other types.</summary>
    private static readonly (string Type, string Aliases, string Shown)[] Types =
    [
        (
            "BundleInfo",
            "Valid Start End Shared Duration",
            "Engine Database Description CreatedUtc EndPosition Length Name"
        ),
        (
            "ChainInfo",
            "Valid Start End Folder Shared",
            "Engine Database ChainId IsValid NewestUtc EndPosition Timeline"
        ),
        (
            "ChainReport",
            "Valid Start End Folder Duration",
            "Engine Database ChainId IsValid Checked EndPosition ProblemCount"
        ),
        ("RestoreReport", "End Duration", "Engine ChainId EndPosition StateUtc Length FullName"),
        ("CopyReport", "Valid Duration", "FullName IsValid PresentCount Length ProblemCount"),
        ("ExpiryReport", "Duration", "FullName IsPlan KeptCount RemovedCount RemovedLength ProblemCount"),
        ("ExpiryDecisionInfo", "", "Keep Kind CreatedUtc Name Reasons"),
        ("BackupReport", "", "FullName IsHealthy LateCount InvalidCount CreatedUtc"),
        ("DatabaseStatus", "Valid Late Folder", "Engine Database IsValid IsLate RestorableUtc FullName"),
        ("ChainStatus", "Valid", "ChainId IsValid BundleCount ProblemCount LastTestUtc"),
        ("BundleStatus", "End", "Kind State CreatedUtc Name"),
        ("ProblemInfo", "", "Severity Code Message Name"),
        ("SqliteInfo", "", "PageSize PageCount LastTransaction UserVersion JournalMode"),
        ("TableInfo", "", "Name Rows SourceRows"),
    ];

    /// <summary>Adds the members to the session that imports the module; once more changes nothing.</summary>
    public static void Register()
    {
        var data = new List<TypeData>();
        foreach (var type in Types)
        {
            data.Add(Of(type, ""));
            data.Add(Of(type, "Deserialized."));
        }
        // By its type: by its name PowerShell would first import the module that it belongs to, a tenth of a second in a
        // session that has not used it yet.
        var update = Type.GetType(
            "Microsoft.PowerShell.Commands.UpdateTypeDataCommand, Microsoft.PowerShell.Commands.Utility",
            throwOnError: true
        );
        ScriptBlock
            .Create("& $update -TypeData $data -Force")
            .InvokeWithContext(
                null,
                [new PSVariable("update", new CmdletInfo("Update-TypeData", update)), new PSVariable("data", data)]
            );
    }

    private static TypeData Of((string Type, string Aliases, string Shown) type, string prefix)
    {
        var data = new TypeData($"{prefix}BackupTools.Reports.{type.Type}")
        {
            DefaultDisplayPropertySet = new PropertySetData(type.Shown.Split(' ')),
        };
        foreach (var (alias, property) in Aliases)
        {
            if (Array.IndexOf(type.Aliases.Split(' '), alias) >= 0)
            {
                data.Members.Add(alias, new AliasPropertyData(alias, property) { IsHidden = true });
            }
        }
        return data;
    }
}
