namespace BackupTools.Tests.InPowerShell;

/// <summary>
/// The Pester suite, each file in a PowerShell of its own, in German, where 1.5 is written 1,5 and a date begins with its
/// day. Two classes have a half of the files each, as the tests of one class run one after the other.
/// </summary>
public sealed class PesterSuiteTests
{
    public static TheoryData<string> Files => PesterRun.Files(0);

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Files))]
    public void A_Pester_file_passes(string file) => PesterRun.AssertPasses("-Name", file, "-Culture", "de-DE");
}
