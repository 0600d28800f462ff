using BackupTools.Errors;
using BackupTools.Formats.Grafeo;

namespace BackupTools.Tests.Formats.Grafeo;

/// <summary>Whatever the bytes are, reading ends in a value or a refusal.</summary>
public class GrafeoMutationTests(ITestOutputHelper output)
{
    private const int Rounds = 4000;

    private delegate void Reader(ReadOnlySpan<byte> bytes);

    [Fact]
    public void Mutated_manifests_cursors_and_positions_end_in_a_value_or_a_refusal()
    {
        Mutate(b => GrafeoManifest.Read(b).Write(), "v06-native", "backups", "backup_manifest.json");
        Mutate(b => GrafeoManifest.Read(b).Write(), "v05-reference", "backups", "backup_manifest.json");
        Mutate(b => GrafeoCursor.Read(b).Write(), "v06-native", "backup_cursor.meta");
        Mutate(b => GrafeoCursor.Read(b).Write(), "v05-lost", "live.grafeo.wal", "backup_cursor.meta");
        Mutate(b => GrafeoPositions.Read(b), "v06-native", "backups", "backup_manifest.json");
        Mutate(b => GrafeoCheckpointMeta.Read(b), "v05-reference", "checkpoint.meta.sample");
    }

    [Fact]
    public void Mutated_images_end_in_a_value_or_a_refusal()
    {
        Mutate(ReadImage, "v06-native", "S0.grafeo");
        Mutate(ReadImage, "v05-reference", "S0.grafeo");
    }

    [Fact]
    public void Mutated_logs_end_in_a_value_or_a_refusal()
    {
        foreach (var crc in new[] { true, false })
        {
            Mutate(b => ReadRecords(b, crc), "v05-reference", "S0.grafeo.wal", "wal_00000000.log");
            Mutate(b => ReadFrames(b, crc), "v06-native", "S1.grafeo.wal", "wal_00000000000000000311.log");
        }
    }

    private static void ReadImage(ReadOnlySpan<byte> bytes)
    {
        var header = GrafeoContainerHeader.Read(bytes);
        header.CheckLength(bytes.Length);
        if (header.Active.Root is not { } root)
            return;
        var directory = bytes.Slice((int)root.Offset, (int)root.Length);
        var parts = header.IsPaged
            ? GrafeoPages.ReadDirectory(directory, 0, out _)
            : GrafeoSections.ReadDirectory(directory);
        foreach (var part in parts)
            GrafeoContainerHeader.CheckInside(part, bytes.Length);
    }

    private static void ReadRecords(ReadOnlySpan<byte> bytes, bool crc)
    {
        var reader = new GrafeoRecordReader(checkCrc: crc);
        var filter = new GrafeoEpochFilter(3) { Follows = 1 };
        while (reader.Read(ref bytes, out var record))
            filter.Add(0, record);
        reader.Torn();
        Assert.All(filter.TakeKept(), s => Assert.True(s.Start < s.End));
    }

    private static void ReadFrames(ReadOnlySpan<byte> bytes, bool crc)
    {
        var reader = new GrafeoFrameReader(GrafeoWalHeader.Read(bytes).FirstLsn, checkCrc: crc);
        bytes = bytes[GrafeoWalHeader.Size..];
        while (reader.Read(ref bytes, out _)) { }
        reader.Torn();
    }

    private void Mutate(Reader read, params string[] fixture)
    {
        var sound = GrafeoBytes.FixtureBytes(fixture);
        // Beyond the header pages only the directory is read.
        var reach = Math.Min(sound.Length, 16384);
        var seed = Environment.TickCount;
        output.WriteLine($"{string.Join('/', fixture)}: seed {seed}");
        var random = new Random(seed);
        for (var round = 0; round < Rounds; round++)
        {
            var bytes = sound.ToArray();
            for (var changes = random.Next(1, 6); changes > 0; changes--)
            {
                var at = random.Next(reach);
                switch (random.Next(4))
                {
                    case 0:
                        bytes[at] ^= (byte)(1 << random.Next(8));
                        break;
                    case 1:
                        bytes[at] = (byte)random.Next(248, 256);
                        break;
                    case 2:
                        random.NextBytes(bytes.AsSpan(at, Math.Min(8, bytes.Length - at)));
                        break;
                    default:
                        bytes = bytes[..Math.Max(1, bytes.Length - random.Next(bytes.Length / 4 + 1))];
                        reach = Math.Min(reach, bytes.Length);
                        break;
                }
            }
            try
            {
                read(bytes);
            }
            catch (BackupException e)
            {
                Assert.NotEqual(ErrorCode.Unexpected, e.Code);
            }
            reach = Math.Min(sound.Length, 16384);
        }
    }
}
