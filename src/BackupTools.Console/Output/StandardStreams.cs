using System.Runtime.InteropServices;
using System.Text;

namespace BackupTools.Console.Output;

/// <summary>
/// Standard output and standard error as they were when the process began. Either may be closed: then its number must
/// not fall to a file that is opened later, or results would be written into a bundle.
/// </summary>
internal static partial class StandardStreams
{
    private const int Utf8CodePage = 65001;
    private const int Utf16CodePage = 1200;
    private const int Interrupted = 4;
    private const int BadHandle = 9;
    private const int BrokenPipe = 32;

    private static readonly List<SafeHandle> Placeholders = [];
    private static int _output = -1;

    /// <summary>To be called first of all.</summary>
    public static void Open()
    {
        if (OperatingSystem.IsWindows())
        {
            // A window shows every character of UTF-16, whatever its code page. Who reads a file or a pipe goes by the page.
            if (!System.Console.IsOutputRedirected && !System.Console.IsErrorRedirected)
            {
                System.Console.OutputEncoding = Encoding.Unicode;
            }
            return;
        }
        // Handles are numbered from the lowest free one: what is closed of 0 to 2 is taken here.
        _output = Duplicate(1);
        while (true)
        {
            var handle = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            if (handle.DangerousGetHandle() > 2)
            {
                handle.Dispose();
                break;
            }
            Placeholders.Add(handle);
        }
        System.Console.SetError(new Forgiving(System.Console.Error));
    }

    /// <summary>Whether standard output can hold every character: a code page such as 437 has 256.</summary>
    public static bool HoldsUnicode =>
        !OperatingSystem.IsWindows() || System.Console.OutputEncoding.CodePage is Utf8CodePage or Utf16CodePage;

    /// <summary>Writes a text to standard output.</summary>
    /// <returns>Null when it was written; otherwise why not, "" when nobody reads it.</returns>
    public static string? Write(string text)
    {
        if (OperatingSystem.IsWindows())
        {
            return WriteOnWindows(text);
        }
        return WriteOnUnix(System.Console.OutputEncoding.GetBytes(text));
    }

    /// <summary>The same for a text in UTF-8.</summary>
    public static string? Write(ReadOnlyMemory<byte> utf8) =>
        !OperatingSystem.IsWindows() && System.Console.OutputEncoding.CodePage == Utf8CodePage
            ? WriteOnUnix(utf8.Span)
            : Write(Encoding.UTF8.GetString(utf8.Span));

    private static string? WriteOnUnix(ReadOnlySpan<byte> bytes)
    {
        for (var at = 0; at < bytes.Length; )
        {
            var written = Write(_output, in bytes[at], bytes.Length - at);
            var error = written < 0 ? Marshal.GetLastPInvokeError() : 0;
            if (error is BrokenPipe or BadHandle)
            {
                return "";
            }
            if (error == (OperatingSystem.IsMacOS() ? 35 : 11)) // EAGAIN: a pipe that does not wait, and is full
            {
                Thread.Sleep(1);
            }
            else if (error is not (0 or Interrupted))
            {
                return Marshal.GetPInvokeErrorMessage(error);
            }
            at += (int)Math.Max(0, written);
        }
        return null;
    }

    private static string? WriteOnWindows(string text)
    {
        try
        {
            // The marks of a timeline, which would all be question marks.
            System.Console.Out.Write(HoldsUnicode ? text : text.Replace('✗', 'x').Replace('─', '-'));
            return null;
        }
        catch (IOException error)
        {
            // ERROR_BROKEN_PIPE, ERROR_NO_DATA, ERROR_INVALID_HANDLE
            return (error.HResult & 0xFFFF) is 109 or 232 or 6 ? "" : error.Message;
        }
    }

    [LibraryImport("libc", EntryPoint = "dup", SetLastError = true)]
    private static partial int Duplicate(int handle);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(int handle, in byte bytes, nint count);

    /// <summary>Messages that cannot be shown must not stop the run.</summary>
    private sealed class Forgiving(TextWriter inner) : TextWriter
    {
        public override Encoding Encoding => inner.Encoding;

        public override void Write(char value) => Write(value.ToString());

        public override void WriteLine(string? value) => Write(value + Environment.NewLine);

        public override void Write(string? value)
        {
            try
            {
                inner.Write(value);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException) { }
        }
    }
}
