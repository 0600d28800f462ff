using System.Runtime.InteropServices;

#pragma warning disable MA0047 // .NET looks for this class without a namespace.

/// <summary>
/// Lets .NET live under Wine; named in DOTNET_STARTUP_HOOKS, it is run before each program. Wine keeps a list of frames on
/// the stack, and adds one while it asks .NET whether it handles an exception. Windows has no such list, so .NET goes on
/// where the exception is caught and never returns there; what Wine has noted then lies in a part of the stack that is
/// used anew, and with a later exception Wine jumps to whatever it finds in it. Here the list is emptied at each
/// exception, before .NET leaves.
/// </summary>
internal static partial class StartupHook
{
    public static void Initialize()
    {
        if (NativeLibrary.TryGetExport(NativeLibrary.Load("ntdll.dll"), "wine_get_version", out _))
        {
            ForgetFrames(); // An error here shows at once; in the event it would be raised again and again.
            AppDomain.CurrentDomain.FirstChanceException += (_, _) => ForgetFrames();
        }
    }

    private static void ForgetFrames()
    {
        const nint ThisThread = -2;
        if (NtQueryInformationThread(ThisThread, 0, out var thread, Marshal.SizeOf<BasicInformation>(), out _) == 0)
        {
            // ExceptionList is the first field of a thread's environment block; -1 ends the list.
            Marshal.WriteIntPtr(thread.Environment, -1);
        }
    }

    [LibraryImport("ntdll.dll")]
    private static partial int NtQueryInformationThread(
        nint thread,
        int kind,
        out BasicInformation information,
        int length,
        out int written
    );

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct BasicInformation
    {
        private readonly nint _exitStatus;
        public readonly nint Environment;
        private readonly nint _process;
        private readonly nint _thread;
        private readonly nint _affinity;
        private readonly int _priority;
        private readonly int _basePriority;
    }
}
