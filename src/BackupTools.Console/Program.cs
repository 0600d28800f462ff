namespace BackupTools.Console;

internal static class Program
{
    private static int Main() => 0;
}
