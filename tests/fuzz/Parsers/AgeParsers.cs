using System.Text;
using BackupTools.Chains;
using BackupTools.Encryption;
using BackupTools.Files;
using BackupTools.Formats.Age;
using BackupTools.Operations;
using BackupTools.Options;

namespace BackupTools.Fuzz.Parsers;

/// <summary>The parsers of the age format.</summary>
internal static class AgeParsers
{
    /// <summary>That of most test vectors.</summary>
    private const string Key = "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0";

    private static IReadOnlyList<byte[]> Words { get; } =
    [
        .. new[]
        {
            "-> ",
            "--- ",
            "\n",
            "\r\n",
            " ",
            "=",
            "-> X25519 ",
            "-> scrypt ",
            "age-encryption.org/v1\n",
            "-----BEGIN AGE ENCRYPTED FILE-----\n",
            "-----END AGE ENCRYPTED FILE-----\n",
            "AGE-SECRET-KEY-1",
        }.Select(Encoding.ASCII.GetBytes),
        [0],
        [0xFF],
    ];

    private static SigningKey Signer { get; } = SigningKey.New();

    private static BundleRecord Sample { get; } =
        BundleRecord.Of(
            new BundleHeader
            {
                Engine = EngineNames.PowDb,
                Kind = BundleKind.Incremental,
                Id = new string('a', 64),
                ParentId = new string('b', 64),
                Series = "shop",
                Origin = new BundleOrigin("c", IsLasting: true),
                Start = new ChainPosition(1, PositionUnit.Lsn),
                End = new ChainPosition(2, PositionUnit.Lsn),
                CreatedUtc = DateTimeOffset.UnixEpoch,
                TakenAfterUtc = DateTimeOffset.UnixEpoch,
                Length = 3,
                FullName = "/b/d/e",
                Format = "f",
            },
            "d/e",
            [new FileRecord("d/e.age", 200, new string('0', 64))],
            ["g.age"]
        );

    public static Dictionary<string, Func<FuzzParser>> All { get; } =
        new(StringComparer.Ordinal)
        {
            ["age-header"] = () => new FuzzParser("age-header", Vectors(), Header) { Words = Words },
            ["age-armor"] = () => new FuzzParser("age-armor", Vectors("armor_*"), Armor) { Words = Words },
            ["age-identities"] = () =>
                new FuzzParser("age-identities", [Encoding.ASCII.GetBytes($"# a comment\n{Key}\n")], Identities)
                {
                    Words = Words,
                },
            // Each costs two operations on a curve.
            ["age-file"] = () =>
                new FuzzParser("age-file", Vectors("x25519*"), File) { Words = Words, Inputs = 20_000 },
            ["bundle-record"] = () => new FuzzParser("bundle-record", [Sample.Write()], Record),
            ["signed-statement"] = () =>
                new FuzzParser("signed-statement", [new SignedStatement(1, Sample).Write(Signer)], Statement)
                {
                    Inputs = 20_000,
                },
        };

    private static void Record(ReadOnlySpan<byte> input, ref Dice dice)
    {
        var header = BundleRecord.Read(input.ToArray()).ToHeader("/b");
        ChainBuilder.Build("/b", [header], false, DateTimeOffset.MaxValue);
    }

    private static void Statement(ReadOnlySpan<byte> input, ref Dice dice) =>
        SignedStatement.Read(input.ToArray(), [Signer.Public]);

    /// <summary>The encrypted files behind the lines that say what they must come to.</summary>
    private static IReadOnlyList<byte[]> Vectors(string pattern = "*") =>
        [
            .. FuzzParser
                .Files("age/vectors", pattern)
                .Select(v => v[(v.AsSpan().IndexOf("\n\n"u8) + 2)..])
                .Where(v => AgeHeader.Begins(v) || AgeArmor.Begins(v)),
        ];

    private static void Header(ReadOnlySpan<byte> input, ref Dice dice)
    {
        var header = AgeHeader.Parse(input);
        foreach (var stanza in header.Stanzas)
        {
            stanza.Require(1);
            stanza.Argument(0, 32);
        }
        AgePayload.PlainLengthOf(input.Length - header.Length);
    }

    private static void Armor(ReadOnlySpan<byte> input, ref Dice dice) => AgeArmor.Decode(input);

    private static void Identities(ReadOnlySpan<byte> input, ref Dice dice)
    {
        if (!AgeIdentityFile.IsEncrypted(input))
        {
            AgeIdentityFile.Parse(input);
        }
    }

    private static void File(ReadOnlySpan<byte> input, ref Dice dice)
    {
        using var file = new AgeReader(
            "a",
            new MemoryFile("a.age", input.ToArray()),
            new KeyRing([X25519Identity.TryParse(Key)!])
        );
        var plain = new byte[file.Length];
        HashingCopy.ReadExactly(file, plain, 0);
    }
}
