using System.Globalization;
using System.Net;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using BackupTools.Errors;

namespace BackupTools.Files.Stores;

/// <summary>The requests that writing takes.</summary>
internal sealed partial class S3Store
{
    /// <summary>An answer is dated in whole seconds: less than this is not a difference.</summary>
    private static readonly TimeSpan ClockStep = TimeSpan.FromSeconds(2);

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
            var request = new PutObjectRequest
            {
                BucketName = name.Bucket,
                Key = name.Key,
                InputStream = content,
                AutoCloseStream = false,
                MD5Digest = Convert.ToBase64String(body.Md5),
                UseChunkEncoding = false,
                DisablePayloadSigning = _isEncrypted,
                IfNoneMatch = condition == PutIf.Absent ? "*" : null,
                // Ceph knows it without quotes only.
                IfMatch = condition.ETag is { } etag && condition != PutIf.Always ? StoreDigest.Bare(etag) : null,
                StorageClass = ClassOf(name),
                ServerSideEncryptionMethod = Encryption,
                ServerSideEncryptionKeyManagementServiceKeyId = _settings.KeyId,
            };
            var response = await _client.PutObjectAsync(request, cancellation).ConfigureAwait(false);
            return response.ETag ?? throw new StoreTroubleException("the response has no ETag");
        }
        catch (AmazonServiceException e) when (condition != PutIf.Always && IsUnmet(e, condition))
        {
            return null;
        }
        catch (AmazonServiceException e)
            when (condition != PutIf.Always && e.StatusCode == HttpStatusCode.NotImplemented)
        {
            throw StoreLease.NoConditions(name.ToString(), e);
        }
        catch (Exception e) when (S3Errors.Knows(e))
        {
            throw Of(e, name, KeptBy(name));
        }
    }

    public void RequireWritable()
    {
        if (Archives.Contains(_settings.StorageClass, StringComparer.OrdinalIgnoreCase))
        {
            throw StoreErrors.IsArchive(_settings.StorageClass!);
        }
    }

    public Task DeleteAsync(ObjectName name, CancellationToken cancellation) =>
        AskAsync(name, () => _client.DeleteObjectAsync(name.Bucket, name.Key, cancellation));

    public async Task<StoreRetention?> RetentionAsync(ObjectName name, CancellationToken cancellation)
    {
        var head = await AskAsync(name, () => _client.GetObjectMetadataAsync(name.Bucket, name.Key, cancellation));
        return head.ObjectLockLegalHoldStatus == ObjectLockLegalHoldStatus.On ? StoreRetention.Held
            : head.ObjectLockRetainUntilDate is { } until
                ? new StoreRetention(new DateTimeOffset(until.ToUniversalTime()))
            : null;
    }

    public async Task<string> BeginUploadAsync(ObjectName name, CancellationToken cancellation)
    {
        // Of the parts nothing more is said.
        var request = new InitiateMultipartUploadRequest
        {
            BucketName = name.Bucket,
            Key = name.Key,
            StorageClass = ClassOf(name),
            ServerSideEncryptionMethod = Encryption,
            ServerSideEncryptionKeyManagementServiceKeyId = _settings.KeyId,
        };
        var begun = await AskAsync(
            name,
            () => _client.InitiateMultipartUploadAsync(request, cancellation),
            KeptBy(name)
        );
        return begun.UploadId;
    }

    public async Task<string> PutPartAsync(
        ObjectName name,
        string upload,
        int number,
        UploadBody body,
        Action alive,
        CancellationToken cancellation
    )
    {
        using var content = body.Open(alive);
        var request = new UploadPartRequest
        {
            BucketName = name.Bucket,
            Key = name.Key,
            UploadId = upload,
            PartNumber = number,
            PartSize = body.Length,
            InputStream = content,
            MD5Digest = Convert.ToBase64String(body.Md5),
            UseChunkEncoding = false,
            DisablePayloadSigning = _isEncrypted,
        };
        return (await AskAsync(name, () => _client.UploadPartAsync(request, cancellation))).ETag;
    }

    public bool CopiesParts => true;

    public async Task<string> CopyPartAsync(
        ObjectName name,
        string upload,
        int number,
        StoreObject from,
        CancellationToken cancellation
    )
    {
        var request = new CopyPartRequest
        {
            SourceBucket = name.Bucket,
            SourceKey = from.Key,
            ETagToMatch = [from.ETag],
            DestinationBucket = name.Bucket,
            DestinationKey = name.Key,
            UploadId = upload,
            PartNumber = number,
        };
        var answer = await AskAsync(name, () => _client.CopyPartAsync(request, cancellation));
        return answer.ETag ?? throw new StoreTroubleException("the answer names no ETag");
    }

    public async Task<string> CompleteAsync(
        ObjectName name,
        string upload,
        IReadOnlyList<StorePart> parts,
        CancellationToken cancellation
    )
    {
        var request = new CompleteMultipartUploadRequest
        {
            BucketName = name.Bucket,
            Key = name.Key,
            UploadId = upload,
            PartETags = [.. parts.Select(p => new PartETag(p.Number, p.ETag))],
        };
        return (await AskAsync(name, () => _client.CompleteMultipartUploadAsync(request, cancellation))).ETag ?? "";
    }

    public async Task AbortAsync(ObjectName name, string upload, CancellationToken cancellation)
    {
        var request = new AbortMultipartUploadRequest
        {
            BucketName = name.Bucket,
            Key = name.Key,
            UploadId = upload,
        };
        try
        {
            await AskAsync(name, () => _client.AbortMultipartUploadAsync(request, cancellation));
        }
        catch (BackupException e) when (e.Code == ErrorCode.PathNotFound)
        {
            // Somebody was faster.
        }
    }

    public async Task<IReadOnlyList<StoreUpload>> ListUploadsAsync(
        string bucket,
        string prefix,
        CancellationToken cancellation
    )
    {
        var found = new List<StoreUpload>();
        var request = new ListMultipartUploadsRequest { BucketName = bucket, Prefix = prefix };
        for (var more = true; more; )
        {
            var page = await AskAsync(
                new ObjectName(Scheme, bucket, prefix),
                () => _client.ListMultipartUploadsAsync(request, cancellation)
            );
            found.AddRange((page.MultipartUploads ?? []).Select(u => new StoreUpload(u.Key, u.UploadId)));
            (request.KeyMarker, request.UploadIdMarker) = (page.NextKeyMarker, page.NextUploadIdMarker);
            more = page.IsTruncated == true;
        }
        return found;
    }

    public async Task<IReadOnlyList<StorePart>> ListPartsAsync(
        ObjectName name,
        string upload,
        CancellationToken cancellation
    )
    {
        var found = new List<StorePart>();
        var request = new ListPartsRequest
        {
            BucketName = name.Bucket,
            Key = name.Key,
            UploadId = upload,
        };
        for (var more = true; more; )
        {
            var page = await AskAsync(name, () => _client.ListPartsAsync(request, cancellation));
            found.AddRange((page.Parts ?? []).Select(p => new StorePart(p.PartNumber ?? 0, p.Size ?? 0, p.ETag)));
            request.PartNumberMarker = page.NextPartNumberMarker?.ToString(CultureInfo.InvariantCulture);
            more = page.IsTruncated == true;
        }
        return found;
    }

    /// <summary>What is ours is small, is put again and again, and is read before anything else.</summary>
    private S3StorageClass? ClassOf(ObjectName name) =>
        _settings.StorageClass is null || StoreMarks.IsOurs(name.Key)
            ? null
            : new S3StorageClass(_settings.StorageClass);

    private ServerSideEncryptionMethod? Encryption =>
        _settings.Encryption switch
        {
            StoreEncryption.OfStore => ServerSideEncryptionMethod.AES256,
            StoreEncryption.Kms => ServerSideEncryptionMethod.AWSKMS,
            _ => null,
        };

    /// <summary>The options that say how an object is kept.</summary>
    private List<string> KeptBy(ObjectName name) =>
        [
            .. ClassOf(name) is null ? Array.Empty<string>() : ["StorageClass"],
            .. Encryption is null ? Array.Empty<string>() : ["StoreEncryption"],
            .. _settings.KeyId is null ? Array.Empty<string>() : ["StoreKeyId"],
        ];

    private async Task<T> AskAsync<T>(ObjectName name, Func<Task<T>> ask, IReadOnlyList<string>? options = null)
    {
        try
        {
            return await ask().ConfigureAwait(false);
        }
        catch (Exception e) when (S3Errors.Knows(e))
        {
            throw Of(e, name, options);
        }
    }

    /// <summary>Another one is being put there at the same time: whether it comes to be is known a moment later.</summary>
    private Exception Of(Exception error, ObjectName name, IReadOnlyList<string>? options) =>
        error is AmazonServiceException { StatusCode: HttpStatusCode.Conflict } conflict
            ? new StoreTroubleException($"it answers 409 {conflict.ErrorCode}", error)
            : _errors.Of(error, name.Bucket, name.Key, options);

    private static bool IsUnmet(AmazonServiceException error, PutIf condition) =>
        error.StatusCode == HttpStatusCode.PreconditionFailed
        || (condition != PutIf.Absent && error.ErrorCode == "NoSuchKey");

    private void NoteClock(ResponseEventArgs answer)
    {
        if (
            answer is WebServiceResponseEventArgs { ResponseHeaders: { } headers }
            && headers.TryGetValue("Date", out var date)
            && DateTimeOffset.TryParse(
                date,
                CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal,
                out var there
            )
        )
        {
            var ahead = there - DateTimeOffset.UtcNow;
            Interlocked.Exchange(ref _clockAhead, ahead.Duration() < ClockStep ? 0 : ahead.Ticks);
        }
    }
}
