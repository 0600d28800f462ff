using System.Runtime.InteropServices;
using BackupTools.Tests.Engines.Sqlite;
using Xunit.Runner.InProc.SystemConsole;

namespace BackupTools.Tests;

/// <summary>The tests, or a program that a test needs beside itself.</summary>
internal static class Program
{
    /// <summary>Makes it a program that makes a file, and then does nothing, whatever key is pressed, until it is killed.</summary>
    public const string Wait = "wait";

    public static int Main(string[] args)
    {
        switch (args)
        {
            case [SqliteWriterProgram.Verb, .. var rest]:
                return SqliteWriterProgram.Run(rest);
            case [Wait, var file]:
                using (PosixSignalRegistration.Create(PosixSignal.SIGINT, c => c.Cancel = true))
                {
                    File.WriteAllText(file, "");
                    Thread.Sleep(Timeout.Infinite);
                }
                return 0;
            default:
                return ConsoleRunner.Run(args).GetAwaiter().GetResult();
        }
    }
}
