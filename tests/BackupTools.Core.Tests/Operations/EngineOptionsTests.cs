using System.Text.RegularExpressions;
using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Operations;

namespace BackupTools.Tests.Operations;

/// <summary>An option is declared once; what offers it, refuses it or tells of it goes by that.</summary>
public sealed class EngineOptionsTests
{
    private static readonly string[] Declared = [.. EngineOptions.All.Select(o => o.Name)];

    public static TheoryData<string> Names => new(Declared);

    [Fact]
    public void Every_property_is_declared_with_its_type() =>
        Assert.Equal(
            typeof(EngineOptions)
                .GetProperties()
                .Where(p => p.SetMethod is { IsStatic: false })
                .Select(p => (p.Name, p.PropertyType)),
            EngineOptions.All.Select(o => (o.Name, o.Type))
        );

    [Theory]
    [MemberData(nameof(Names))]
    public void The_help_of_an_option_names_the_engines_that_have_it(string name)
    {
        var help = EngineOptions.All.Single(o => o.Name == name).Help;
        var have = EngineRegistry
            .Default.Engines.Where(e => e.Capabilities.Options.Contains(name, StringComparer.Ordinal))
            .Select(e => e.Name);
        Assert.Equal(have, help[..help.IndexOf(':', StringComparison.Ordinal)].Split(", "));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void An_option_is_a_parameter_of_both_cmdlets_or_of_that_for_increments(string name)
    {
        var frozen = File.ReadAllText(Path.Combine(ArchitectureTests.Root, "tests/pester/Frozen.psd1"));
        var have = Regex
            .Matches(frozen, $@"'(New-\w+)' = @\([^)]*'{name}: ", RegexOptions.CultureInvariant)
            .Select(m => m.Groups[1].Value);
        var isOfIncrements = EngineOptions.All.Single(o => o.Name == name).OfIncrements;
        Assert.Equal(isOfIncrements ? ["New-IncrementalBackup"] : ["New-FullBackup", "New-IncrementalBackup"], have);
    }

    [Theory]
    [InlineData("SQLite")]
    [InlineData("Grafeo")]
    [InlineData("PowDB")]
    [InlineData("Alopex")]
    public void A_restore_refuses_an_option_that_the_engine_does_not_have(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        box.Become("S0");
        box.Full();
        var before = box.Inventory();
        var settings = box.RestoreTo(box.Restored) with { WalPath = box.At("w") };
        var error = Assert.Throws<BackupException>(() => box.Restore(settings));
        Assert.Equal(ErrorCode.InvalidOption, error.Code);
        Assert.Equal($"{engine} has no option WalPath", error.Message);
        Assert.Equal(before, box.Inventory());
    }

    [Fact]
    public void What_an_engine_declares_is_an_option() =>
        Assert.Empty(EngineRegistry.Default.Engines.SelectMany(e => e.Capabilities.Options).Except(Declared));

    [Fact]
    public void What_was_given_is_known_whatever_its_type()
    {
        var settings = new BackupSettings { SourcePath = "/s", DestinationPath = "/d" };
        Assert.Empty(settings.Given());
        Assert.Equal(
            Declared,
            (
                settings with
                {
                    WalPath = "/w",
                    IncludeWal = true,
                    Differential = true,
                    NoCursor = true,
                    ForgetDestination = ["/f"],
                    EngineLayout = true,
                    Checkpoint = static () => { },
                }
            ).Given()
        );
    }
}
