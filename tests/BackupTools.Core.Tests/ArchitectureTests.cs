using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text.RegularExpressions;

namespace BackupTools.Tests;

/// <summary>The arrows of docs/architecture.md, checked on the sources: layers of one assembly have no compiler between them.</summary>
public sealed partial class ArchitectureTests
{
    internal static readonly string Root = FindRoot();

    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Errors"] = [],
        ["Options"] = [],
        ["Formats"] = ["Errors"],
        ["Chains"] = ["Errors"],
        ["Files"] = ["Errors"],
        ["Encryption"] = ["Errors", "Formats", "Files"],
        ["Engines"] = ["Errors", "Options", "Formats", "Chains", "Files"],
        ["Reports"] = ["Errors", "Chains"],
        ["Operations"] = ["Errors", "Options", "Engines", "Chains", "Files", "Encryption", "Reports"],
    };

    private static readonly string[] EngineFolders =
    [
        .. Directory
            .EnumerateDirectories(Path.Combine(Root, "src/BackupTools.Core/Engines"))
            .Select(d => Path.GetFileName(d)!),
    ];

    [Fact]
    public void Every_folder_of_Core_is_a_layer_with_known_arrows() =>
        Assert.Equal(
            Allowed.Keys.Order(),
            Directory
                .EnumerateDirectories(Path.Combine(Root, "src/BackupTools.Core"))
                .Select(d => Path.GetFileName(d)!)
                .Where(n => n is not ("bin" or "obj"))
                .Order()
        );

    [Fact]
    public void No_layer_uses_a_layer_it_may_not_use()
    {
        var wrong =
            from file in Sources("src/BackupTools.Core")
            let room = file.Split('/')[2]
            from used in RoomsUsedBy(file)
            where used != room && !Allowed[room].Contains(used)
            select $"{file} uses {used}";
        Assert.Empty(wrong);
    }

    [Fact]
    public void Engine_folders_never_see_each_other()
    {
        var wrong =
            from file in Sources("src/BackupTools.Core")
            let own = EngineFolders.FirstOrDefault(e => file.Contains($"/{e}/", StringComparison.Ordinal))
            where own is not null
            from other in EngineFolders
            where other != own && Regex.IsMatch(Text(file), $@"BackupTools\.(Engines|Formats)\.{other}\b")
            select $"{file} uses {other}";
        Assert.Empty(wrong);
    }

    [Fact]
    public void Front_ends_use_operations_options_reports_and_errors_only()
    {
        var wrong =
            from project in new[] { "src/BackupTools.PowerShell", "src/BackupTools.Console" }
            from file in Sources(project)
            from used in RoomsUsedBy(file)
            where used is not ("Operations" or "Options" or "Reports" or "Errors")
            select $"{file} uses {used}";
        Assert.Empty(wrong);
    }

    [Fact]
    public void Only_operations_options_reports_and_errors_are_public()
    {
        var wrong =
            from type in typeof(BackupTools.Errors.BackupException).Assembly.GetExportedTypes()
            where type.Namespace?["BackupTools.".Length..] is not ("Operations" or "Options" or "Reports" or "Errors")
            select type.FullName;
        Assert.Empty(wrong);
    }

    [Fact]
    public void Formats_know_no_stream_path_clock_or_thread()
    {
        var forbidden = new Regex(
            @"\b(FileStream|File\.|Directory\.|Path\.|DateTime\.(Utc)?Now|DateTimeOffset\.(Utc)?Now|TimeProvider|Stopwatch)\b"
        );
        var wrong =
            from file in Sources("src/BackupTools.Core/Formats")
            where forbidden.IsMatch(WithoutComments(Text(file)))
            select file;
        Assert.Empty(wrong);
    }

    [Fact]
    public void Engines_and_operations_touch_the_disk_only_through_the_seam()
    {
        var forbidden = new Regex(
            @"\b(File|Directory)\.(Create|Delete|Move|Copy|Open|Write|Read|Append|Replace|Set)\w*\(|new FileStream\b"
        );
        var wrong =
            from folder in new[] { "Engines", "Operations", "Chains", "Reports" }
            from file in Sources($"src/BackupTools.Core/{folder}")
            where forbidden.IsMatch(WithoutComments(Text(file)))
            select file;
        Assert.Empty(wrong);
    }

    /// <summary>Who runs the console has no -Force, and who runs a cmdlet no --force.</summary>
    [Fact]
    public void Core_names_no_parameter_option_or_cmdlet()
    {
        var literal = new Regex("\"(?:[^\"\\\\]|\\\\.)*\"");
        var named = new Regex(
            "[\"\\s(](-[A-Z][a-z]|--[a-z])|\\b(Get|New|Test|Restore|Merge|Copy|Remove|Export|Start)-[A-Z]"
        );
        var wrong =
            from file in Sources("src/BackupTools.Core")
            where Path.GetFileName(file) != "ReportStyle.cs" // CSS
            from Match text in literal.Matches(WithoutComments(Text(file)))
            where named.IsMatch(text.Value)
            select $"{file}: {text.Value}";
        Assert.Empty(wrong);
    }

    [Fact]
    public void What_Core_names_both_front_ends_have()
    {
        var cmdlets = Text("tests/pester/Frozen.psd1") + "'Verbose: common";
        var console = Text("docs/console.md");
        var names = Sources("src/BackupTools.Core")
            .SelectMany(file =>
                Regex.Matches(Text(file), "Spelling\\.Of\\(\"(\\w+)\"\\)").Select(m => m.Groups[1].Value)
            )
            .Distinct()
            .Except(["ReadChains", "CopyChain", "TakeBackup"])
            .ToList();
        Assert.InRange(names.Count, 10, 30);
        Assert.All(
            names,
            name =>
            {
                Assert.Contains($"'{name}: ", cmdlets, StringComparison.Ordinal);
                // An address tells a store already.
                var word = name.StartsWith("Store", StringComparison.Ordinal) ? name["Store".Length..] : name;
                var option =
                    name == "IdentityPath"
                        ? "-identity"
                        : Regex.Replace(word, "[A-Z]", m => $"-{m.Value.ToLowerInvariant()}");
                Assert.Contains($"`-{option}", console, StringComparison.Ordinal);
            }
        );
    }

    /// <summary>A verb that locked for itself could work by a plan that is out of date.</summary>
    [Fact]
    public void Verbs_lock_sweep_and_plan_again_in_one_place()
    {
        var found =
            from file in Sources("src/BackupTools.Core/Operations")
            where
                Regex.IsMatch(
                    WithoutComments(Text(file)),
                    @"\b(FolderLock\.Acquire\w*|StoreLease\.Acquire\w*|StagingArea\.Sweep|new (Folder|Store)Destination)\("
                )
            select Path.GetFileNameWithoutExtension(file);
        // The host's sweep is of the spool, and comes before a plan, which may be refused.
        Assert.Equal(["FolderDestination", "OperationHost", "StoreDestination", "UnderLock"], found.Order());
    }

    /// <summary>What changed while it was copied is copied again by SteadyCapture; the other waits are for smaller things.</summary>
    [Fact]
    public void Engines_start_over_in_one_place()
    {
        var waits = new Regex(@"\b(Task\.Delay|Thread\.Sleep|SpinWait\.\w+|WaitOne)\(");
        var found =
            from file in Sources("src/BackupTools.Core/Engines")
            where waits.IsMatch(WithoutComments(Text(file)))
            select Path.GetFileNameWithoutExtension(file);
        Assert.Equal(
            [
                "OrderedBlocks", // the end of all, when one thread has failed
                "PowDbHeapCapture", // one page that is being written
                "PowDbSourceLook", // a tick of the file system's clock
                "SpgCheckpointWindow", // the end of a CHECKPOINT
                "SqliteHandle", // a handle of this process
                "SteadyCapture",
            ],
            found.Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public void A_finding_is_made_the_sources_by_one_method()
    {
        var recoded = new Regex(@"new\s*(BackupException)?\(\s*ErrorCode\.SourceDamaged,[^;]*\binner:");
        var wrong =
            from file in Sources("src/BackupTools.Core/Engines")
            where recoded.IsMatch(WithoutComments(Text(file)))
            select file;
        Assert.Empty(wrong);
    }

    [Fact]
    public void No_file_is_too_big_to_hold_in_the_head()
    {
        var wrong =
            from file in new[] { "*.cs", "*.ps1", "*.psd1", "*.py", "*.sh", "*.mjs" }.SelectMany(kind =>
                Sources("src", kind).Concat(Sources("tests", kind))
            )
            let lines = Text(file).Count(c => c == '\n')
            where lines > 400
            select $"{file}: {lines} lines";
        Assert.Empty(wrong);
    }

    /// <summary>Only the reports, whose properties are frozen, and what the operating system gives know the other type.</summary>
    [Fact]
    public void Times_in_Core_have_an_offset()
    {
        var wrong =
            from file in Sources("src/BackupTools.Core")
            where
                !file.Contains("/Reports/", StringComparison.Ordinal)
                && !file.Contains("/Native/", StringComparison.Ordinal)
            where Regex.IsMatch(WithoutComments(Text(file)), @"\bDateTime\b(?!\.)")
            select file;
        Assert.Empty(wrong);
    }

    [Fact]
    public void Core_depends_on_the_packages_that_the_documentation_names() =>
        Assert.Equal(
            [
                "AWSSDK.S3",
                "Azure.Storage.Blobs",
                "Blake3",
                "BouncyCastle.Cryptography",
                "K4os.Compression.LZ4.Streams",
                "SourceGear.sqlite3",
                "SQLitePCLRaw.core",
                "SQLitePCLRaw.provider.e_sqlite3",
                "System.IO.Hashing",
            ],
            Regex
                // An analyzer comes with nothing.
                .Matches(
                    Text("src/BackupTools.Core/BackupTools.Core.csproj"),
                    "<PackageReference Include=\"([^\"]+)\" />"
                )
                .Select(m => m.Groups[1].Value)
        );

    [Fact]
    public void Every_assembly_that_comes_with_the_module_has_its_notice()
    {
        var notices = Text("THIRD-PARTY-NOTICES.txt");
        var missing = Directory
            .EnumerateFiles(Path.Combine(Root, "module/bin/lib"), "*.dll")
            .Select(file => Path.GetFileNameWithoutExtension(file))
            .Where(name => name != "BackupTools.Core" && !notices.Contains(name, StringComparison.Ordinal));
        Assert.Empty(missing);
    }

    /// <summary>PowerShellStandard calls itself 3.0; PowerShell's own assembly has the version of PowerShell.</summary>
    [Fact]
    public void What_PowerShell_loads_is_compiled_against_its_standard_library()
    {
        using var file = File.OpenRead(Path.Combine(Root, "module/bin/BackupTools.PowerShell.dll"));
        using var image = new PEReader(file);
        var metadata = image.GetMetadataReader();
        var reference = metadata
            .AssemblyReferences.Select(metadata.GetAssemblyReference)
            .Single(r => metadata.GetString(r.Name) == "System.Management.Automation");
        Assert.Equal(new Version(3, 0, 0, 0), reference.Version);
    }

    /// <summary>A reference alone proves nothing: the compiled Core calls the packages.</summary>
    [Theory]
    [InlineData("System.IO.Hashing", "System.IO.Hashing.Crc32")]
    [InlineData("AWSSDK.S3", "Amazon.S3.AmazonS3Client")]
    [InlineData("Azure.Storage.Blobs", "Azure.Storage.Blobs.BlobContainerClient")]
    [InlineData("Blake3", "Blake3.Hasher")]
    [InlineData("BouncyCastle.Cryptography", "Org.BouncyCastle.Math.EC.Rfc7748.X25519")]
    [InlineData("K4os.Compression.LZ4.Streams", "K4os.Compression.LZ4.Streams.LZ4Stream")]
    [InlineData("SQLitePCLRaw.core", "SQLitePCL.raw")]
    [InlineData("SQLitePCLRaw.provider.e_sqlite3", "SQLitePCL.SQLite3Provider_e_sqlite3")]
    public void Core_uses_the_packages_that_it_references(string assembly, string type)
    {
        using var file = File.OpenRead(typeof(BackupTools.Errors.BackupException).Assembly.Location);
        using var image = new PEReader(file);
        var metadata = image.GetMetadataReader();
        var used =
            from handle in metadata.MemberReferences
            let member = metadata.GetMemberReference(handle)
            where member.Parent.Kind == HandleKind.TypeReference
            let parent = metadata.GetTypeReference((TypeReferenceHandle)member.Parent)
            where parent.ResolutionScope.Kind == HandleKind.AssemblyReference
            let origin = metadata.GetAssemblyReference((AssemblyReferenceHandle)parent.ResolutionScope)
            where metadata.GetString(origin.Name) == assembly
            select $"{metadata.GetString(parent.Namespace)}.{metadata.GetString(parent.Name)}";
        Assert.Contains(type, used);
    }

    /// <summary>
    /// The packages have what these numbers are for: words of BLAKE3's initial value, of CRC tables, the polynomials.
    /// </summary>
    [Fact]
    public void No_source_has_a_checksum_of_its_own_but_the_combination_of_two()
    {
        string[] numbers =
        [
            "6A09E667 BB67AE85 3C6EF372 A54FF53A 510E527F 9B05688C 1F83D9AB 5BE0CD19", // BLAKE3
            "77073096 EE0E612C 990951BA EDB88320 04C11DB7", // CRC-32
            "F26B8303 E13B70F7 82F63B78 1EDC6F41", // CRC-32C
            "D800000000000000 C96C5795D7870F42", // CRC-64
        ];
        var forbidden = new Regex(
            string.Join(
                '|',
                numbers.SelectMany(n => n.Split(' ')).SelectMany(n => new[] { n, $"{Convert.ToUInt64(n, 16)}" })
            ) + "|Pclmulqdq|Sse42|CarrylessMultiply|System\\.Runtime\\.Intrinsics",
            RegexOptions.IgnoreCase
        );
        var found =
            from file in Sources("src")
            where forbidden.IsMatch(WithoutComments(Text(file)).Replace("_", "", StringComparison.Ordinal))
            select file;
        // What joins two of them is ours, as no package has it.
        Assert.Equal(
            [
                "src/BackupTools.Core/Formats/Primitives/Crc32Combine.cs",
                "src/BackupTools.Core/Formats/Primitives/Crc64Shift.cs",
            ],
            found.Order(StringComparer.Ordinal)
        );
    }

    private static IEnumerable<string> RoomsUsedBy(string file) =>
        RoomName().Matches(WithoutComments(Text(file))).Select(m => m.Groups[1].Value).Where(Allowed.ContainsKey);

    private static IEnumerable<string> Sources(string folder, string kind = "*.cs") =>
        Directory
            .EnumerateFiles(Path.Combine(Root, folder), kind, SearchOption.AllDirectories)
            .Select(f => Path.GetRelativePath(Root, f).Replace('\\', '/'))
            .Where(f =>
                // Real engines install into folders of theirs.
                !f.Split('/').Any(part => part is "obj" or "bin" or "node_modules" or "engine")
            );

    private static string Text(string file) => File.ReadAllText(Path.Combine(Root, file));

    private static string WithoutComments(string text) => LineComment().Replace(text, "");

    private static string FindRoot()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "BackupTools.slnx")))
            {
                return folder;
            }
        }
        throw new InvalidOperationException("the tests must run inside the checkout");
    }

    [GeneratedRegex(@"BackupTools\.(\w+)")]
    private static partial Regex RoomName();

    [GeneratedRegex(@"//.*")]
    private static partial Regex LineComment();
}
