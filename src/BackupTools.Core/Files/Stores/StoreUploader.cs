namespace BackupTools.Files.Stores;

/// <summary>
/// Sends files. What is there already is not sent again: objects and parts are recognised by their MD5, which most
/// stores show as ETag; where one does not, all is sent.
/// </summary>
/// <param name="writer">The folder of the store.</param>
/// <param name="settings">How long parts are, and how many are on the way at once.</param>
/// <param name="progress">Of the operation.</param>
internal sealed class StoreUploader(StoreWriter writer, StoreSettings settings, TransferProgress progress)
{
    private const int MostParts = 10_000;

    /// <summary>Sends a file.</summary>
    /// <param name="key">Of the object.</param>
    /// <param name="file">The file.</param>
    /// <param name="left">What an interrupted run left of this object; null for nothing.</param>
    /// <param name="uploads">The uploads that it has left.</param>
    /// <param name="stop">Ends it.</param>
    public Sent Send(
        string key,
        IDiskFile file,
        StoreObject? left,
        IReadOnlyList<StoreUpload> uploads,
        CancellationToken stop
    )
    {
        var length = file.Length;
        using var shown = progress.BeginFile($"{writer.NameOf(key)}", length);
        var spooled = file is SpooledFile.SpooledHandle { HasParked: true } some ? some : null;
        var partSize = Math.Max(settings.PartSize, (length + MostParts - 1) / MostParts);
        var parts = RangesOf(length, partSize).ToList();
        var isWhole = parts.Count == 1 && spooled is null;
        var sent = left?.Length == length && spooled is null ? IfSame(file, parts, left, stop) : null;
        sent ??= isWhole
            ? SendWhole(key, file, parts[0], left is null ? PutIf.Absent : new PutIf(left.ETag), stop)
            : SendParts(key, new Source(file, spooled, parts), uploads.Count == 0 ? null : uploads[0], stop);
        foreach (var other in uploads.Where(u => u.Id != sent.Upload))
        {
            writer.Abort(key, other.Id, stop);
        }
        return sent with { PartSize = partSize };
    }

    private Sent? IfSame(IDiskFile file, List<FileRange> parts, StoreObject left, CancellationToken stop)
    {
        var digests = parts.Select(r => PartDigest.Of(file, r, stop)).ToList();
        if (
            StoreDigest.Bare(left.Digest ?? left.ETag)
            != StoreDigest.ETag([.. digests.Select(d => d.Md5)], isWhole: parts.Count == 1)
        )
        {
            return null;
        }
        progress.Advance(file.Length);
        return new Sent(left.ETag, [.. digests.Select(d => d.Sha256)]);
    }

    private Sent SendWhole(string key, IDiskFile file, FileRange all, PutIf condition, CancellationToken stop)
    {
        var digest = PartDigest.Of(file, all, stop);
        var etag = writer.Put(key, UploadBody.Of(file, all, digest.Md5), condition, stop);
        progress.Advance(file.Length);
        return new Sent(etag, [digest.Sha256]);
    }

    private Sent SendParts(string key, Source source, StoreUpload? left, CancellationToken stop)
    {
        var there = left is null ? [] : writer.Parts(left).ToDictionary(p => p.Number);
        var upload = left?.Id ?? writer.BeginUpload(key, stop);
        try
        {
            var (parts, digests) = (new StorePart[source.Parts.Count], new string[source.Parts.Count]);
            HashingCopy.ForEach(
                Enumerable.Range(0, parts.Length).ToList(),
                settings.Parallel,
                (i, cancellation) =>
                {
                    (parts[i], digests[i]) = SendPart(
                        key,
                        source,
                        upload,
                        i,
                        there.GetValueOrDefault(i + 1),
                        cancellation
                    );
                    progress.Advance(parts[i].Length);
                },
                stop
            );
            return new Sent(writer.Complete(key, upload, parts, source.File.Length, stop), digests) { Upload = upload };
        }
        catch (OperationCanceledException)
        {
            // Even invisible parts are paid for.
            using var soon = StoreWriter.Soon();
            Removal.Try(() => writer.Abort(key, upload, soon.Token), null);
            throw;
        }
    }

    private (StorePart Part, string Sha256) SendPart(
        string key,
        Source source,
        string upload,
        int index,
        StorePart? there,
        CancellationToken stop
    )
    {
        var range = source.Parts[index];
        var parked = source.Spooled?.Parked(range);
        var digest = parked?.Digest ?? PartDigest.Of(source.File, range, stop);
        if (there?.Length != range.Length || StoreDigest.Bare(there.ETag) != Convert.ToHexStringLower(digest.Md5))
        {
            there = parked is null
                ? writer.PutPart(key, upload, index + 1, UploadBody.Of(source.File, range, digest.Md5), stop)
                : writer.CopyPart(key, upload, index + 1, parked, stop);
        }
        return (there, digest.Sha256);
    }

    private static IEnumerable<FileRange> RangesOf(long length, long partSize)
    {
        for (long start = 0; start < length || start == 0; start += partSize)
        {
            yield return new FileRange(start, Math.Min(start + partSize, length));
        }
    }

    /// <summary>What is sent.</summary>
    /// <param name="File">All of it.</param>
    /// <param name="Spooled">The same, where some of it waits in the store.</param>
    /// <param name="Parts">In order.</param>
    private sealed record Source(IDiskFile File, SpooledFile.SpooledHandle? Spooled, IReadOnlyList<FileRange> Parts);

    /// <summary>An object that is there now.</summary>
    /// <param name="ETag">As the store said.</param>
    /// <param name="Sha256">Of each part, in hex.</param>
    internal sealed record Sent(string ETag, IReadOnlyList<string> Sha256)
    {
        /// <summary>Bytes of each part but the last.</summary>
        public long PartSize { get; init; }

        /// <summary>The upload that it was made by; null for none.</summary>
        public string? Upload { get; init; }
    }
}
