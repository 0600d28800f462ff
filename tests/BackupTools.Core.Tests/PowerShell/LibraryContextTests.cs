using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using BackupTools.Errors;
using BackupTools.PowerShell.Import;
using BackupTools.Tests.Files;

namespace BackupTools.Tests.InPowerShell;

/// <summary>Where the module's assemblies and their native libraries come from. LoadContext.Tests.ps1 has the rest.</summary>
public sealed class LibraryContextTests
{
    private static readonly string Lib = Path.Combine(ArchitectureTests.Root, "module/bin/lib");

    [Fact]
    public void An_assembly_of_the_folder_is_loaded_apart_from_the_one_that_the_process_has()
    {
        var context = new LibraryContext(Lib);
        var core = context.LoadFromAssemblyName(new AssemblyName("BackupTools.Core"));
        Assert.NotEqual(typeof(BackupException).Assembly, core);
        Assert.Equal(Path.Combine(Lib, "BackupTools.Core.dll"), core.Location);
        Assert.Equal(context, AssemblyLoadContext.GetLoadContext(core));
    }

    [Fact]
    public void What_the_folder_does_not_have_comes_from_the_process() =>
        Assert.Equal(
            typeof(System.Text.Json.JsonSerializer).Assembly,
            new LibraryContext(Lib).LoadFromAssemblyName(new AssemblyName("System.Text.Json"))
        );

    /// <summary>
    /// A native library of .NET itself, under a name that no system has, stands for a package's. Not on Windows, which
    /// cannot delete what it has loaded.
    /// </summary>
    [UnixFact]
    public void A_native_library_is_found_in_the_folder_of_this_system()
    {
        using var temp = new TempFolder();
        var (system, extension) =
            OperatingSystem.IsMacOS() ? ("osx", "dylib")
            : IsMusl() ? ("linux-musl", "so")
            : ("linux", "so");
        var architecture = RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
        var native = temp[$"runtimes/{system}-{architecture}/native"];
        Directory.CreateDirectory(native);
        File.Copy(Path.Combine(Lib, "BackupTools.Core.dll"), temp["BackupTools.Core.dll"]);
        File.Copy(
            Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), $"libSystem.IO.Compression.Native.{extension}"),
            Path.Combine(native, $"libof_a_package.{extension}")
        );
        var core = new LibraryContext(temp.Path).LoadFromAssemblyName(new AssemblyName("BackupTools.Core"));
        Assert.True(NativeLibrary.TryLoad("of_a_package", core, null, out var handle));
        Assert.True(NativeLibrary.TryGetExport(handle, "CompressionNative_Crc32", out _));
        Assert.False(NativeLibrary.TryLoad("of_no_package", core, null, out _));
    }

    private static bool IsMusl() => OperatingSystem.IsLinux() && Directory.EnumerateFiles("/lib", "ld-musl-*").Any();
}
