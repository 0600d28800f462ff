using System.IO.Hashing;
using BackupTools.Chains;

namespace BackupTools.Tests.Engines.Spg;

/// <summary>Writes bundles as the server does, whatever is in them (SPG format, §1).</summary>
internal static class SpgTestBundles
{
    private static int s_count;

    public static BundleHeader Increment(SpgBox box, ulong since, byte[] slice) =>
        Write(box, Bytes(1, since, [], since + (ulong)slice.Length, slice));

    public static BundleHeader Full(SpgBox box, byte[] snapshot, ulong walPos) =>
        Write(box, Bytes(0, 0, snapshot, walPos, []));

    public static BundleHeader Write(SpgBox box, byte[] bytes)
    {
        var path = Path.Combine(box.Bundles, $"made-{++s_count}.bkp");
        File.WriteAllBytes(path, bytes);
        return box.Harness.Read(path).Single();
    }

    public static byte[] Bytes(
        byte kind,
        ulong since,
        byte[] snapshot,
        ulong walPos,
        byte[] slice,
        byte version = 2,
        DateTimeOffset? time = null
    )
    {
        var micros = (ulong)((time ?? DateTimeOffset.UtcNow) - DateTimeOffset.UnixEpoch).Ticks / 10;
        byte[] body =
        [
            .. "SPGBKUP"u8,
            version,
            kind,
            .. BitConverter.GetBytes(since),
            .. BitConverter.GetBytes(micros),
            .. BitConverter.GetBytes((ulong)snapshot.Length),
            .. snapshot,
            .. BitConverter.GetBytes(walPos),
            .. BitConverter.GetBytes((ulong)slice.Length),
            .. slice,
        ];
        return version == 2 ? [.. body, .. BitConverter.GetBytes(Crc32.HashToUInt32(body))] : body;
    }
}
