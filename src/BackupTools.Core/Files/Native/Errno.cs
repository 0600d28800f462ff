namespace BackupTools.Files.Native;

/// <summary>The error numbers we tell apart; where Linux and macOS differ, the value of the running system.</summary>
internal static class Errno
{
    public const int NotPermitted = 1;
    public const int NoEntry = 2;
    public const int Interrupted = 4;
    public const int NoSuchDeviceOrAddress = 6;
    public const int OutOfMemory = 12;
    public const int AccessDenied = 13;
    public const int Busy = 16;
    public const int Exists = 17;
    public const int CrossDevice = 18;
    public const int NotDirectory = 20;
    public const int Invalid = 22;
    public const int TooManyFilesOfAll = 23;
    public const int TooManyFiles = 24;
    public const int FileTooLarge = 27;
    public const int NoSpace = 28;
    public const int ReadOnlyFileSystem = 30;
    public const int TooManyLinks = 31;

    public static readonly int WouldBlock = Mac(35, 11);
    public static readonly int NameTooLong = Mac(63, 36);
    public static readonly int NotImplemented = Mac(78, 38);
    public static readonly int NotEmpty = Mac(66, 39);
    public static readonly int NoLocks = Mac(77, 37);
    public static readonly int NotSupported = Mac(45, 95);
    public static readonly int QuotaExceeded = Mac(69, 122);

    private static int Mac(int mac, int linux) => OperatingSystem.IsMacOS() ? mac : linux;
}
