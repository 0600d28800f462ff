using BackupTools.Errors;

namespace BackupTools.Fuzz;

/// <summary>Reads an input to its end. The dice say in what portions, where a parser takes portions.</summary>
internal delegate void FuzzReader(ReadOnlySpan<byte> input, ref Dice dice);

/// <summary>Makes the checksums of an input right again.</summary>
internal delegate void FuzzRepair(Span<byte> input);

/// <summary>One parser of untrusted bytes, and sound bytes to start from.</summary>
/// <param name="Name">How it is asked for on the command line.</param>
/// <param name="Seeds">Sound inputs; small, as every input costs a copy.</param>
/// <param name="Read">Must end in a value or a <see cref="BackupException"/>.</param>
internal sealed record FuzzParser(string Name, IReadOnlyList<byte[]> Seeds, FuzzReader Read)
{
    /// <summary>Larger files make no better inputs.</summary>
    public const int LargestSeed = 26_000;

    /// <summary>How many inputs an everyday run tries; more than enough to be worth its time.</summary>
    public long Inputs { get; init; } = 200_000;

    /// <summary>Null where the format has no checksum, or ends in a digest that hides nothing.</summary>
    public FuzzRepair? Repair { get; init; }

    /// <summary>What is inserted into text formats.</summary>
    public IReadOnlyList<byte[]> Words { get; init; } = [];

    /// <summary>Bytes that an input may cost beyond <see cref="PerByte"/> times its length.</summary>
    public long Base { get; init; } = 256 << 10;

    /// <summary>Bytes that each byte of an input may cost.</summary>
    public long PerByte { get; init; } = 64;

    /// <summary>What JSON readers trip over.</summary>
    public static IReadOnlyList<byte[]> JsonWords { get; } =
    [
        .. new[]
        {
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"",
            "\\",
            "null",
            "true",
            "-1",
            "1e999",
            "0.5",
            "18446744073709551616",
            "9223372036854775808",
            "4294967296",
            "\"\\u0000\"",
            "\"\\ud800\"",
            "\"../../x\"",
            "\"/etc/passwd\"",
            "\"C:\\\\x\"",
            "\"a\":1,",
            "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
            "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":",
            "//",
            "/*",
        }.Select(w => System.Text.Encoding.UTF8.GetBytes(w)),
        [0xEF, 0xBB, 0xBF],
        [0xFF, 0xFE],
        [0],
    ];

    /// <summary>Sound files below the fixtures; those larger than <see cref="LargestSeed"/> and empty ones are left out.</summary>
    public static IReadOnlyList<byte[]> Files(string folder, string pattern = "*") =>
        [
            .. Directory
                .EnumerateFiles(
                    Path.Combine(AppContext.BaseDirectory, "fixtures", folder),
                    pattern,
                    SearchOption.AllDirectories
                )
                .Order(StringComparer.Ordinal)
                .Select(File.ReadAllBytes)
                .Where(b => b.Length is > 0 and <= LargestSeed)
                .DistinctBy(Convert.ToHexString),
        ];
}
