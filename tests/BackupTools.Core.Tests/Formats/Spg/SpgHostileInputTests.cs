using BackupTools.Errors;
using BackupTools.Formats.Spg;

namespace BackupTools.Tests.Formats.Spg;

/// <summary>Any bytes end in a value or a BackupException; the seed of a failure is in its message.</summary>
public sealed class SpgHostileInputTests
{
    [Theory]
    [InlineData("bundles")]
    [InlineData("snap")]
    [InlineData("states")]
    [InlineData("wal")]
    [InlineData("manifest")]
    public void Mutated_files_end_in_a_value_or_an_error(string folder)
    {
        var seeds = Directory.GetFiles(SpgFixtures.PathOf(folder)).Order().Select(File.ReadAllBytes).ToList();
        seeds.Add(SpgCatalogs.Everything()[..2000]);
        for (var seed = 0; seed < 6000; seed++)
        {
            var random = new Random(seed);
            var input = Mutate(random, seeds[random.Next(seeds.Count)]);
            try
            {
                Parse(folder, input, random);
            }
            catch (Exception e) when (e is not BackupException)
            {
                Assert.Fail($"{folder}, seed {seed}: {e}");
            }
        }
    }

    [Theory]
    [InlineData("states")]
    [InlineData("wal")]
    public void A_mutated_file_reads_the_same_whole_and_byte_by_byte(string folder)
    {
        var seeds = Directory.GetFiles(SpgFixtures.PathOf(folder)).Order().Select(File.ReadAllBytes).ToList();
        seeds.Add(SpgCatalogs.Rows(101));
        for (var seed = 0; seed < 1000; seed++)
        {
            var random = new Random(seed);
            var input = Mutate(random, seeds[random.Next(seeds.Count)]);
            var (whole, bytewise) = (Outcome(folder, input, input.Length), Outcome(folder, input, 1));
            Assert.True(whole == bytewise, $"{folder}, seed {seed}: {whole} but {bytewise}");
        }
    }

    private static string Outcome(string folder, byte[] input, int piece)
    {
        var said = new System.Text.StringBuilder();
        try
        {
            if (folder == "wal")
            {
                var scanner = new SpgWalScanner();
                foreach (var part in input.Chunk(Math.Max(piece, 1)))
                {
                    ReadOnlySpan<byte> rest = part;
                    while (scanner.TryRead(ref rest, out var frame))
                    {
                        said.Append(frame);
                    }
                }
                said.Append(scanner.Finish());
            }
            else
            {
                var info = SpgCatalogWalkTests.Check(input, Math.Max(piece, 1));
                said.Append(info with { ColdSegments = [] }).AppendJoin(',', info.ColdSegments);
            }
        }
        catch (BackupException e)
        {
            said.Append(e.Code).Append(e.Offset).Append(e.Message);
        }
        return said.ToString();
    }

    private static void Parse(string folder, byte[] input, Random random)
    {
        try
        {
            switch (folder)
            {
                case "bundles":
                    var header = SpgBundleHeader.ParseFixed(input, (ulong)input.Length);
                    header = header.WithWalFields(input.AsSpan((int)header.WalFieldsOffset), (ulong)input.Length);
                    header.CheckBody((ulong)input.Length);
                    break;
                case "wal":
                    var scan = new SpgSliceScan(0);
                    Feed(input, random, scan.Append);
                    scan.Scanner.Finish();
                    SpgWalScanner.HoldsWholeFrame(input);
                    break;
                case "manifest":
                    SpgSegmentManifest.Parse(input);
                    break;
                default:
                    var check = new SpgSnapshotCheck(input.Length, walk: true);
                    Feed(input, random, check.Append);
                    check.Finish();
                    break;
            }
        }
        catch (BackupException) { }
    }

    private static void Feed(ReadOnlySpan<byte> input, Random random, BackupTools.Files.ByteTap append)
    {
        while (!input.IsEmpty)
        {
            var size = random.Next(1, input.Length + 1);
            append(input[..size]);
            input = input[size..];
        }
    }

    private static byte[] Mutate(Random random, byte[] seed)
    {
        var bytes = seed.ToList();
        for (var n = random.Next(1, 5); n > 0 && bytes.Count > 0; n--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes.RemoveRange(at, random.Next(bytes.Count - at));
                    break;
                case 3:
                    bytes.InsertRange(at, bytes.GetRange(at, random.Next(Math.Min(40, bytes.Count - at))));
                    break;
                case 4:
                    var value = (uint)(random.Next(3) == 0 ? random.Next() : -random.Next(70));
                    foreach (var (i, b) in BitConverter.GetBytes(value).Take(bytes.Count - at).Index())
                    {
                        bytes[at + i] = b;
                    }
                    break;
                default:
                    bytes[at] = 0xFF;
                    break;
            }
        }
        return [.. bytes];
    }
}
