using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace BackupTools.Files.Native;

/// <summary>The part of Windows that installers ask which programs have a file open.</summary>
[SupportedOSPlatform("windows")]
internal static partial class RestartManager
{
    private const string Library = "rstrtmgr";
    private const int KeyLength = 33;
    private const int MoreData = 234;

    /// <summary>A program may come between two looks; one that comes all the time is not waited for.</summary>
    private const int Looks = 3;

    /// <summary>The processes that have a file open; none if that is unknown.</summary>
    public static IReadOnlyList<int> UsersOf(string path)
    {
        try
        {
            if (StartSession(out var session, 0, new char[KeyLength]) != 0)
                return [];
            try
            {
                return RegisterResources(session, 1, [path], 0, 0, 0, 0) == 0 ? List(session) : [];
            }
            finally
            {
                _ = EndSession(session);
            }
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return []; // Nano Server has none
        }
    }

    private static IReadOnlyList<int> List(uint session)
    {
        var found = new ProcessInfo[8];
        for (var look = 0; look < Looks; look++)
        {
            var count = (uint)found.Length;
            var error = GetList(session, out var needed, ref count, found, out _);
            if (error == 0)
                return [.. found.Take((int)count).Select(p => p.Id)];
            if (error != MoreData)
                break;
            found = new ProcessInfo[needed];
        }
        return [];
    }

    [LibraryImport(Library, EntryPoint = "RmStartSession", StringMarshalling = StringMarshalling.Utf16)]
    private static partial int StartSession(out uint session, uint flags, [Out] char[] key);

    [LibraryImport(Library, EntryPoint = "RmRegisterResources", StringMarshalling = StringMarshalling.Utf16)]
    private static partial int RegisterResources(
        uint session,
        uint fileCount,
        string[] files,
        uint applicationCount,
        nint applications,
        uint serviceCount,
        nint services
    );

    [LibraryImport(Library, EntryPoint = "RmGetList")]
    private static partial int GetList(
        uint session,
        out uint needed,
        ref uint count,
        [In, Out] ProcessInfo[] found,
        out uint rebootReasons
    );

    [LibraryImport(Library, EntryPoint = "RmEndSession")]
    private static partial int EndSession(uint session);

    /// <summary>RM_PROCESS_INFO, of which only the number of the process is used: the rest is 664 bytes of names and states.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 668)]
    private struct ProcessInfo
    {
        public int Id;
    }
}
