namespace BackupTools.Files.Native;

/// <summary>The Win32 errors we tell apart (winerror.h).</summary>
internal static class WindowsError
{
    public const int FileNotFound = 2;
    public const int PathNotFound = 3;
    public const int TooManyOpenFiles = 4;
    public const int AccessDenied = 5;
    public const int NotEnoughMemory = 8;
    public const int OutOfMemory = 14;
    public const int FileNameTooLong = 206;
    public const int CommitmentLimit = 1455;
    public const int SharingViolation = 32;
    public const int LockViolation = 33;
    public const int HandleDiskFull = 39;
    public const int FileExists = 80;
    public const int DiskFull = 112;
    public const int DirectoryNotEmpty = 145;
    public const int InvalidName = 123;
    public const int AlreadyExists = 183;
    public const int QuotaExceeded = 1295;
    public const int NotSupported = 50;
    public const int InvalidFunction = 1;
    public const int TooManyLinks = 1142;
}
