using BackupTools.Chains;

namespace BackupTools.Tests.Chains;

/// <summary>Headers as an engine would read them; the minute is their age.</summary>
internal static class Bundles
{
    public static readonly DateTimeOffset Noon = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    public static BundleHeader Full(ulong end, int minute) => Make(BundleKind.Full, $"full-{end}", end, end, minute);

    public static BundleHeader Incr(ulong start, ulong end, int minute) =>
        Make(BundleKind.Incremental, $"incr-{start}-{end}", start, end, minute);

    public static string Pad(string id) => id.PadRight(64, '.');

    private static BundleHeader Make(BundleKind kind, string name, ulong start, ulong end, int minute) =>
        new()
        {
            Engine = "SPG",
            Kind = kind,
            Start = new ChainPosition(start, PositionUnit.WalBytes),
            End = new ChainPosition(end, PositionUnit.WalBytes),
            CreatedUtc = Noon.AddMinutes(minute),
            Length = 100,
            FullName = $"/b/{name}",
            Format = "test",
            Id = Pad(name),
        };
}
