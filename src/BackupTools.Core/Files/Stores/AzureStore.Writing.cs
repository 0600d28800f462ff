using System.Globalization;
using System.Text;
using Azure;
using Azure.Storage;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using BackupTools.Errors;

namespace BackupTools.Files.Stores;

/// <summary>
/// The requests that writing takes. Azure knows no uploads: blocks that were sent wait for a list that makes a blob of
/// them, a week at most. The id of a block has its number and its MD5, so that the blocks that have arrived can be
/// recognised.
/// </summary>
internal sealed partial class AzureStore
{
    /// <summary>In a blob's metadata: the ETag that S3 would give its content.</summary>
    private const string DigestName = "backuptools_digest";

    /// <summary>Each blob has one at most, and it has no id.</summary>
    private const string OnlyUpload = "blocks";

    private const int NumberLength = 6;

    /// <summary>Those that can be read.</summary>
    private static readonly AccessTier[] Tiers = [AccessTier.Hot, AccessTier.Cool, AccessTier.Cold];

    public async Task<string?> PutAsync(
        ObjectName name,
        UploadBody body,
        PutIf condition,
        Action alive,
        CancellationToken cancellation
    )
    {
        try
        {
            using var content = body.Open(alive);
            var options = new BlobUploadOptions
            {
                Conditions = Conditions(condition),
                Metadata = DigestOf(StoreDigest.ETag([body.Md5], isWhole: true)),
                AccessTier = TierOf(name),
                // In one request, whatever its length.
                TransferOptions = new StorageTransferOptions { InitialTransferSize = Math.Max(1, body.Length) },
                TransferValidation = new UploadTransferValidationOptions
                {
                    ChecksumAlgorithm = StorageChecksumAlgorithm.MD5,
                },
            };
            var answer = await Blob(name).UploadAsync(content, options, cancellation).ConfigureAwait(false);
            return $"{answer.Value.ETag}";
        }
        catch (RequestFailedException e) when (condition != PutIf.Always && AzureErrors.IsUnmet(e))
        {
            return null;
        }
        catch (Exception e) when (AzureErrors.Knows(e))
        {
            throw _errors.Of(e, name, ClockAhead);
        }
    }

    public void RequireWritable()
    {
        if (_settings.Encryption != StoreEncryption.None)
        {
            throw new BackupException(
                ErrorCode.InvalidOption,
                $"Azure encrypts everything itself, and does not take {Spelling.Of("StoreEncryption")}",
                recommendation: "Omit it, and choose the key in the settings of the account or the container."
            );
        }
        if (_settings.StorageClass is { } tier && TierOf(tier) is null)
        {
            throw tier.Equals($"{AccessTier.Archive}", StringComparison.OrdinalIgnoreCase)
                ? StoreErrors.IsArchive(tier)
                : new BackupException(
                    ErrorCode.InvalidOption,
                    $"'{tier}' is not an Azure tier",
                    recommendation: $"Give {Spelling.Of("StorageClass")} as {string.Join(", ", Tiers)}."
                );
        }
    }

    public Task DeleteAsync(ObjectName name, CancellationToken cancellation) =>
        AskAsync(
            name,
            () => Blob(name).DeleteIfExistsAsync(DeleteSnapshotsOption.IncludeSnapshots, null, cancellation)
        );

    public Task<string> BeginUploadAsync(ObjectName name, CancellationToken cancellation) =>
        Task.FromResult(OnlyUpload);

    public Task<string> PutPartAsync(
        ObjectName name,
        string upload,
        int number,
        UploadBody body,
        Action alive,
        CancellationToken cancellation
    ) =>
        AskAsync(
            name,
            async () =>
            {
                using var content = body.Open(alive);
                var options = new BlockBlobStageBlockOptions
                {
                    TransferValidation = new UploadTransferValidationOptions
                    {
                        ChecksumAlgorithm = StorageChecksumAlgorithm.MD5,
                        PrecalculatedChecksum = body.Md5,
                    },
                };
                var digest = Convert.ToHexStringLower(body.Md5);
                await Blob(name)
                    .StageBlockAsync(IdOf(number, digest), content, options, cancellation)
                    .ConfigureAwait(false);
                return digest;
            }
        );

    public Task<StoreRetention?> RetentionAsync(ObjectName name, CancellationToken cancellation) =>
        AskAsync(
            name,
            async () =>
            {
                var answer = await Blob(name).GetPropertiesAsync(null, cancellation).ConfigureAwait(false);
                return answer.Value.HasLegalHold ? StoreRetention.Held
                    : answer.Value.ImmutabilityPolicy?.ExpiresOn is { } until ? new StoreRetention(until)
                    : null;
            }
        );

    /// <summary>It does, from a URL that has a key in it, or for a user whom Azure itself knows.</summary>
    public bool CopiesParts => false;

    public Task<string> CopyPartAsync(
        ObjectName name,
        string upload,
        int number,
        StoreObject from,
        CancellationToken cancellation
    ) => throw new NotSupportedException();

    public Task<string> CompleteAsync(
        ObjectName name,
        string upload,
        IReadOnlyList<StorePart> parts,
        CancellationToken cancellation
    ) =>
        AskAsync(
            name,
            async () =>
            {
                var digests = parts.Select(p => Convert.FromHexString(p.ETag)).ToList();
                var options = new CommitBlockListOptions
                {
                    Metadata = DigestOf(StoreDigest.ETag(digests, isWhole: false)),
                    AccessTier = TierOf(name),
                };
                var answer = await Blob(name)
                    .CommitBlockListAsync(parts.Select(p => IdOf(p.Number, p.ETag)), options, cancellation)
                    .ConfigureAwait(false);
                return $"{answer.Value.ETag}";
            }
        );

    /// <summary>Blocks go with the blob that they were sent for: an empty one is made of none of them, and removed.</summary>
    public Task AbortAsync(ObjectName name, string upload, CancellationToken cancellation) =>
        AskAsync(
            name,
            async () =>
            {
                try
                {
                    var options = new CommitBlockListOptions { Conditions = Conditions(PutIf.Absent) };
                    var empty = await Blob(name).CommitBlockListAsync([], options, cancellation).ConfigureAwait(false);
                    await Blob(name)
                        .DeleteIfExistsAsync(
                            DeleteSnapshotsOption.IncludeSnapshots,
                            new BlobRequestConditions { IfMatch = empty.Value.ETag },
                            cancellation
                        )
                        .ConfigureAwait(false);
                }
                catch (RequestFailedException e) when (AzureErrors.IsUnmet(e))
                {
                    // There is a blob of that name: unused blocks sent for it expire.
                }
                return true;
            }
        );

    public Task<IReadOnlyList<StoreUpload>> ListUploadsAsync(
        string bucket,
        string prefix,
        CancellationToken cancellation
    ) =>
        AskAsync<IReadOnlyList<StoreUpload>>(
            new ObjectName(Scheme, bucket, prefix),
            async () =>
            {
                // Listed with those that are blobs already; they need not be distinguished.
                var all = await NamesAsync(bucket, prefix, BlobStates.Uncommitted, cancellation).ConfigureAwait(false);
                if (all.Count > 0)
                {
                    all.ExceptWith(
                        await NamesAsync(bucket, prefix, BlobStates.None, cancellation).ConfigureAwait(false)
                    );
                }
                return [.. all.Select(name => new StoreUpload(name, OnlyUpload))];
            }
        );

    public Task<IReadOnlyList<StorePart>> ListPartsAsync(
        ObjectName name,
        string upload,
        CancellationToken cancellation
    ) =>
        AskAsync<IReadOnlyList<StorePart>>(
            name,
            async () =>
            {
                var list = await Blob(name)
                    .GetBlockListAsync(BlockListTypes.Uncommitted, null, null, cancellation)
                    .ConfigureAwait(false);
                return [.. list.Value.UncommittedBlocks.Select(PartOf).OfType<StorePart>()];
            }
        );

    private async Task<HashSet<string>> NamesAsync(
        string bucket,
        string prefix,
        BlobStates states,
        CancellationToken cancellation
    )
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        var options = new GetBlobsOptions { Prefix = prefix, States = states };
        await foreach (
            var blob in _client
                .GetBlobContainerClient(bucket)
                .GetBlobsAsync(options, cancellation)
                .ConfigureAwait(false)
        )
        {
            found.Add(blob.Name);
        }
        return found;
    }

    private BlockBlobClient Blob(ObjectName name) =>
        _client.GetBlobContainerClient(name.Bucket).GetBlockBlobClient(name.Key);

    private static BlobRequestConditions? Conditions(PutIf condition) =>
        condition == PutIf.Always ? null
        : condition.ETag is { } etag ? new BlobRequestConditions { IfMatch = new ETag(etag) }
        : new BlobRequestConditions { IfNoneMatch = ETag.All };

    /// <summary>What is ours is small, is put again and again, and is read before anything else.</summary>
    private AccessTier? TierOf(ObjectName name) => StoreMarks.IsOurs(name.Key) ? null : TierOf(_settings.StorageClass);

    private static AccessTier? TierOf(string? storageClass) =>
        Tiers
            .Select(t => (AccessTier?)t)
            .FirstOrDefault(t => $"{t}".Equals(storageClass, StringComparison.OrdinalIgnoreCase));

    private static Dictionary<string, string> DigestOf(string etag) =>
        new(StringComparer.Ordinal) { [DigestName] = etag };

    private static string IdOf(int number, string digest) =>
        Convert.ToBase64String(
            Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{number:D6}{digest}"))
        );

    /// <summary>Null for a block that is not ours.</summary>
    private static StorePart? PartOf(BlobBlock block)
    {
        var id = new byte[block.Name.Length];
        return
            Convert.TryFromBase64String(block.Name, id, out var length)
            && Encoding.ASCII.GetString(id, 0, length) is { Length: > NumberLength } text
            && int.TryParse(
                text.AsSpan(0, NumberLength),
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out var number
            )
            ? new StorePart(number, block.SizeLong, text[NumberLength..])
            : null;
    }
}
