using BackupTools.Errors;
using BackupTools.Operations;
using BackupTools.Tests.Files;

namespace BackupTools.Tests.Operations;

/// <summary>Where a restore goes that was given a folder, for every engine.</summary>
public sealed class RestoreDestinationTests
{
    private static readonly char s_separator = Path.DirectorySeparatorChar;

    public static TheoryData<string> Engines => [.. EngineSandbox.All];

    public static TheoryData<string> OneFile => [.. EngineSandbox.All.Where(IsOneFile)];

    public static TheoryData<string> Folders => [.. EngineSandbox.All.Where(e => !IsOneFile(e))];

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_separator_at_the_end_means_into_the_folder(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        box.Chain();
        foreach (var isThere in new[] { false, true })
        {
            var folder = box.At($"new{isThere}");
            if (isThere)
            {
                Directory.CreateDirectory(folder);
            }
            var made = Restore(box, folder + s_separator);
            Assert.Equal(Path.Combine(folder, box.NameInFolder), made);
            Assert.True(Path.Exists(made));
            Assert.All(Directory.GetFileSystemEntries(folder), e => Assert.True(BelongsTo(e, made), e));
        }
    }

    [Theory(
        Skip = "Wine makes no symbolic links",
        SkipType = typeof(WindowsHost),
        SkipWhen = nameof(WindowsHost.IsWine)
    )]
    [MemberData(nameof(OneFile))]
    public void A_database_that_is_one_file_goes_into_a_folder_that_exists(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        box.Chain();
        var folder = Directory.CreateDirectory(box.At("there")).FullName;
        File.WriteAllText(Path.Combine(folder, "notes.txt"), "precious");
        Directory.CreateSymbolicLink(box.At("link"), folder);

        Assert.Equal(Path.Combine(folder, box.NameInFolder), Restore(box, folder));
        Assert.Equal("precious", File.ReadAllText(Path.Combine(folder, "notes.txt")));
        Assert.Equal(box.At("link", box.NameInFolder), Restore(box, box.At("link"), force: true));
        Assert.Equal(box.At("named.x"), Restore(box, box.At("named.x")));
        Assert.True(File.Exists(box.At("named.x")));
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void A_database_that_is_a_folder_is_the_folder_that_was_given(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        box.Chain();
        var folder = Directory.CreateDirectory(box.At("there")).FullName;
        Assert.Equal(folder, Restore(box, folder));
        var restored = EngineSandbox.Tree(folder);
        // What is a database already is not filled with another one.
        Assert.Equal(folder, Restore(box, folder + s_separator, force: true));
        Assert.Equal(restored, EngineSandbox.Tree(folder));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void The_advice_of_a_destination_that_is_taken_can_be_followed(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        box.Chain();
        var database = Restore(box, box.Restored);
        Assert.Contains("Force", Refusal(box, database).Recommendation, StringComparison.Ordinal);
        Restore(box, database, force: true);

        var other = box.At("other");
        if (IsOneFile(engine))
        {
            File.WriteAllText(other, "no database");
        }
        else
        {
            Directory.CreateDirectory(other);
            File.WriteAllText(Path.Combine(other, "notes.txt"), "precious");
        }
        var error = Refusal(box, other);
        Assert.DoesNotContain("Force", error.Recommendation, StringComparison.Ordinal);
        Assert.Contains("Move away what is there", error.Recommendation, StringComparison.Ordinal);
        if (IsOneFile(engine))
        {
            File.Move(other, box.At("away"));
        }
        else
        {
            Directory.Move(other, box.At("away"));
        }
        Restore(box, other);
    }

    private static bool IsOneFile(string engine) => EngineSandbox.Engines.ByName(engine).Capabilities.IsOneFile;

    private static bool BelongsTo(string path, string database) =>
        Path.GetFileName(path).StartsWith(Path.GetFileNameWithoutExtension(database), StringComparison.Ordinal)
        || path.EndsWith(".lock", StringComparison.Ordinal);

    private static string Restore(EngineSandbox box, string destination, bool force = false) =>
        box.Restore(
            new RestoreSettings
            {
                Path = box.Bundles,
                DestinationPath = destination,
                Force = force,
            }
        ).FullName;

    private static BackupException Refusal(EngineSandbox box, string destination)
    {
        var error = Assert.Throws<BackupException>(() => Restore(box, destination));
        Assert.Equal(ErrorCode.DestinationExists, error.Code);
        return error;
    }
}
