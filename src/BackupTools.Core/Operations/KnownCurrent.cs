using System.Text.Json;
using System.Text.Json.Serialization;
using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Operations;

/// <summary>
/// Until when the newest state of a chain is known to be the database's own: a run that had nothing to back up says so in
/// a small file beside the chain's newest bundle. Without the file, or with one that cannot be right, the state is as old
/// as its bundle.
/// </summary>
internal static partial class KnownCurrent
{
    private const string Staged = "current";
    private const int MaxLength = 4096;

    /// <summary>The time; null where no run said so since the newest bundle was taken.</summary>
    public static DateTimeOffset? Of(BackupChain chain, EngineContext context)
    {
        if (
            chain.Head is not { } head
            || PathOf(chain, head) is var path && context.Disk.Stat(path) is not { Kind: DiskEntryKind.File }
        )
        {
            return null;
        }
        try
        {
            var bytes = SmallFile.Read(context.Disk, path, MaxLength);
            return
                JsonSerializer.Deserialize(bytes, RecordJson.Default.Record) is { } record
                && string.Equals(record.Bundle, head.Id, StringComparison.Ordinal)
                && record.CurrentUntilUtc > head.OrderUtc
                && !ClockOrder.IsAfter(record.CurrentUntilUtc, context.Clock.GetUtcNow())
                ? record.CurrentUntilUtc
                : null;
        }
        catch (Exception e) when (e is JsonException or BackupException)
        {
            context.Verbose($"{path} is ignored: {e.Message}");
            return null;
        }
    }

    /// <summary>The steps that say so; none where it is said already, or where the clock was set back since.</summary>
    /// <param name="chain">The chain as it lies in the folder that is written to.</param>
    /// <param name="until">Everything committed before is in the newest state.</param>
    /// <param name="staging">Of that folder.</param>
    /// <param name="context">The run.</param>
    public static IReadOnlyList<PublishStep> Note(
        BackupChain chain,
        DateTimeOffset until,
        StagingArea staging,
        EngineContext context
    )
    {
        if (
            chain.Head is not { } head
            || until <= (Of(chain, context) ?? head.OrderUtc)
            || context.Disk.Stat(PathOf(chain, head)) is { Kind: DiskEntryKind.Directory } // somebody's own
        )
        {
            return [];
        }
        staging.Write(
            Staged,
            JsonSerializer.SerializeToUtf8Bytes(new Record(head.Id, until), RecordJson.Default.Record)
        );
        return [PublishStep.Replace(Staged, PathOf(chain, head))];
    }

    /// <summary>Takes the file beside the chain's newest bundle away; nothing where there is none.</summary>
    public static PublishStep Removal(BackupChain chain) => PublishStep.Remove(PathOf(chain, chain.Head!));

    private static string PathOf(BackupChain chain, BundleHeader head) =>
        Path.Combine(Path.GetDirectoryName(head.FullName)!, $".backuptools-current-{chain.ChainId}.json");

    /// <summary>What the file says.</summary>
    /// <param name="Bundle">Id of the newest bundle, so that the next one makes this out of date.</param>
    /// <param name="CurrentUntilUtc">The time.</param>
    internal sealed record Record(string Bundle, DateTimeOffset CurrentUntilUtc);

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
    [JsonSerializable(typeof(Record))]
    private sealed partial class RecordJson : JsonSerializerContext;
}
