using BackupTools.Tests.Formats;

namespace BackupTools.Tests.Engines.PowDb;

/// <summary>The independent reader, a Python script written from the format description alone.</summary>
internal static class PowDbChecker
{
    /// <summary>What it says about a data directory; fails the test when it finds something wrong.</summary>
    public static string Run(string folder) => Python.Run(Python.Checker("powdb_check.py"), folder).Out;
}
