using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace BackupTools.Tests.FrontEnds;

/// <summary>A program on a console of its own, as a terminal makes one: keys are pressed there, and its window is closed.</summary>
[SupportedOSPlatform("windows")]
internal sealed partial class PseudoConsole : IDisposable
{
    private const uint Size = (25 << 16) | 200; // lines and columns
    private const nint PseudoConsoleAttribute = 0x20016;
    private const uint ExtendedStartup = 0x80000;
    private const uint UseStandardHandles = 0x100;
    private const int StartupLength = 112;
    private const int FlagsAt = 60;
    private const int AttributesAt = 104;

    private readonly FileStream _keys;
    private readonly FileStream _screen;
    private nint _console;

    /// <summary>Starts a program.</summary>
    /// <param name="arguments">The program and what it is given, none with a backslash at its end.</param>
    public PseudoConsole(params string[] arguments)
    {
        // Whoever started the tests may have turned Ctrl+C off, which is handed on.
        Require(SetConsoleCtrlHandler(0, false));
        Require(CreatePipe(out var input, out var keys, 0, 0));
        Require(CreatePipe(out var screen, out var output, 0, 0));
        using (input)
        using (output)
        {
            Marshal.ThrowExceptionForHR(CreatePseudoConsole(Size, input, output, 0, out _console));
        }
        (_keys, _screen) = (new FileStream(keys, FileAccess.Write, 0), new FileStream(screen, FileAccess.Read, 0));
        Process = Start(string.Join(' ', arguments.Select(a => $"\"{a.Replace("\"", "\\\"")}\"")));
        new Thread(Drain) { IsBackground = true }.Start();
    }

    public Process Process { get; }

    public void Press(char key) => _keys.Write([(byte)key]);

    /// <summary>Closes the window; returns when nothing uses the console any more.</summary>
    public void Close()
    {
        if (_console != 0)
        {
            ClosePseudoConsole(_console);
            _console = 0;
        }
    }

    public void Dispose()
    {
        Close();
        _keys.Dispose();
        _screen.Dispose();
        Process.Dispose();
    }

    /// <summary>A console that nobody looks at would stop whoever writes to it.</summary>
    private void Drain()
    {
        try
        {
            _screen.CopyTo(Stream.Null);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException) { } // the console is gone
    }

    private unsafe Process Start(string commandLine)
    {
        nint length = 0;
        _ = InitializeProcThreadAttributeList(0, 1, 0, ref length);
        var attributes = Marshal.AllocHGlobal(length);
        try
        {
            Require(InitializeProcThreadAttributeList(attributes, 1, 0, ref length));
            Require(UpdateProcThreadAttribute(attributes, 0, PseudoConsoleAttribute, _console, sizeof(nint), 0, 0));
            // STARTUPINFOEXW. Without this flag the program would write to what the tests write to.
            var startup = stackalloc byte[StartupLength];
            new Span<byte>(startup, StartupLength).Clear();
            *(int*)startup = StartupLength;
            *(uint*)(startup + FlagsAt) = UseStandardHandles;
            *(nint*)(startup + AttributesAt) = attributes;
            var writable = (commandLine + '\0').ToCharArray();
            Require(CreateProcess(0, writable, 0, 0, false, ExtendedStartup, 0, 0, (nint)startup, out var made));
            var process = Process.GetProcessById(made.Id);
            _ = process.SafeHandle; // with which its exit code can be had
            Require(CloseHandle(made.Thread) && CloseHandle(made.Handle));
            return process;
        }
        finally
        {
            Marshal.FreeHGlobal(attributes);
        }
    }

    private static void Require(bool done)
    {
        if (!done)
        {
            throw new System.ComponentModel.Win32Exception();
        }
    }

    [LibraryImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool SetConsoleCtrlHandler(nint handler, [MarshalAs(UnmanagedType.Bool)] bool add);

    [LibraryImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool CreatePipe(out SafeFileHandle read, out SafeFileHandle write, nint security, uint size);

    [LibraryImport("kernel32")]
    private static partial int CreatePseudoConsole(
        uint size,
        SafeFileHandle input,
        SafeFileHandle output,
        uint flags,
        out nint console
    );

    [LibraryImport("kernel32")]
    private static partial void ClosePseudoConsole(nint console);

    [LibraryImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool InitializeProcThreadAttributeList(nint list, uint count, uint flags, ref nint size);

    [LibraryImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool UpdateProcThreadAttribute(
        nint list,
        uint flags,
        nint attribute,
        nint value,
        nint size,
        nint previous,
        nint returned
    );

    [LibraryImport(
        "kernel32",
        EntryPoint = "CreateProcessW",
        SetLastError = true,
        StringMarshalling = StringMarshalling.Utf16
    )]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool CreateProcess(
        nint application,
        [In, Out] char[] commandLine,
        nint processSecurity,
        nint threadSecurity,
        [MarshalAs(UnmanagedType.Bool)] bool inherit,
        uint flags,
        nint environment,
        nint folder,
        nint startup,
        out Made made
    );

    [LibraryImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool CloseHandle(nint handle);

    /// <summary>PROCESS_INFORMATION.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Made
    {
        public nint Handle;
        public nint Thread;
        public int Id;
        public int ThreadId;
    }
}
