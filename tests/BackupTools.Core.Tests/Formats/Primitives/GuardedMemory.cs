using System.Runtime.InteropServices;

namespace BackupTools.Tests.Formats.Primitives;

/// <summary>Memory right before a page that nobody may read: one byte too many ends the process.</summary>
internal sealed unsafe partial class GuardedMemory : IDisposable
{
    private const int ReadWrite = 3;
    private const int PrivateAnonymous = 0x22;
    private readonly nint _start;
    private readonly int _size;

    public GuardedMemory(int pages)
    {
        _size = pages * Environment.SystemPageSize;
        _start = Map(0, _size + Environment.SystemPageSize, ReadWrite, PrivateAnonymous, -1, 0);
        Assert.NotEqual(-1, _start);
        Assert.Equal(0, Protect(_start + _size, Environment.SystemPageSize, 0));
    }

    /// <summary>The bytes, copied so that they end where the forbidden page begins.</summary>
    public ReadOnlySpan<byte> Place(ReadOnlySpan<byte> bytes)
    {
        var place = new Span<byte>((void*)(_start + _size - bytes.Length), bytes.Length);
        bytes.CopyTo(place);
        return place;
    }

    public void Dispose() => Assert.Equal(0, Unmap(_start, _size + Environment.SystemPageSize));

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Map(nint address, nint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(nint address, nint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(nint address, nint length);
}

/// <summary>A fact about memory protection as Linux has it.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class GuardedFactAttribute : FactAttribute
{
    public GuardedFactAttribute()
    {
        if (!OperatingSystem.IsLinux())
        {
            Skip = "calls mmap with the constants of Linux";
        }
    }
}
