namespace BackupTools.Tests.InPowerShell;

/// <summary>The other half of the Pester suite.</summary>
public sealed class PesterSuiteSecondHalfTests
{
    public static TheoryData<string> Files => PesterRun.Files(1);

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Files))]
    public void A_Pester_file_passes(string file) => PesterRun.AssertPasses("-Name", file, "-Culture", "de-DE");
}
