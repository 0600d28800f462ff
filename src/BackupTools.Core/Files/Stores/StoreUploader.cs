using System.Security.Cryptography;

namespace BackupTools.Files.Stores;

/// <summary>
/// Sends files. What is there already is not sent again: objects and parts are recognised by their MD5, which most
/// stores show as ETag; where one does not, all is sent.
/// </summary>
/// <param name="writer">The folder of the store.</param>
/// <param name="settings">How long parts are, and how many are on the way at once.</param>
/// <param name="progress">Of the operation.</param>
/// <param name="mayGoOn">Throws when it must not.</param>
internal sealed class StoreUploader(
    StoreWriter writer,
    StoreSettings settings,
    TransferProgress progress,
    Action mayGoOn
)
{
    private const int MostParts = 10_000;
    private const int BlockSize = 1 << 20;

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
        var partSize = Math.Max(settings.PartSize, (length + MostParts - 1) / MostParts);
        var isWhole = length <= partSize;
        var sent = left?.Length == length ? IfSame(file, partSize, isWhole, left, stop) : null;
        if (sent is null)
        {
            sent = isWhole
                ? SendWhole(key, file, stop)
                : SendParts(key, file, partSize, isWhole || uploads.Count == 0 ? null : uploads[0], stop);
        }
        foreach (var other in uploads.Where(u => u.Id != sent.Upload))
        {
            writer.Abort(key, other.Id, stop);
        }
        return sent;
    }

    private Sent? IfSame(IDiskFile file, long partSize, bool isWhole, StoreObject left, CancellationToken stop)
    {
        using var all = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var parts = RangesOf(file.Length, partSize).Select(r => Digest(file, r, all, stop)).ToList();
        if (StoreDigest.Bare(left.Digest ?? left.ETag) != StoreDigest.ETag(parts, isWhole))
        {
            return null;
        }
        progress.Advance(file.Length);
        return new Sent(left.ETag, Hex(all));
    }

    private Sent SendWhole(string key, IDiskFile file, CancellationToken stop)
    {
        using var all = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var range = new FileRange(0, file.Length);
        var md5 = Digest(file, range, all, stop);
        mayGoOn();
        var etag = writer.Put(key, UploadBody.Of(file, range, md5), stop);
        progress.Advance(file.Length);
        return new Sent(etag, Hex(all));
    }

    private Sent SendParts(string key, IDiskFile file, long partSize, StoreUpload? left, CancellationToken stop)
    {
        var there = left is null ? [] : writer.Parts(left).ToDictionary(p => p.Number);
        var upload = left?.Id ?? writer.BeginUpload(key, stop);
        try
        {
            var parts = new StorePart[RangesOf(file.Length, partSize).Count()];
            var sha = SendParts(key, file, partSize, upload, there, parts, stop);
            mayGoOn();
            return new Sent(writer.Complete(key, upload, parts, file.Length, stop), sha) { Upload = upload };
        }
        catch (OperationCanceledException)
        {
            // Even invisible parts are paid for.
            using var soon = StoreWriter.Soon();
            Removal.Try(() => writer.Abort(key, upload, soon.Token), null);
            throw;
        }
    }

    /// <summary>Parts are sent while the next ones are read; their digests are taken in order.</summary>
    private string SendParts(
        string key,
        IDiskFile file,
        long partSize,
        string upload,
        Dictionary<int, StorePart> there,
        StorePart[] parts,
        CancellationToken stop
    )
    {
        using var all = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var gate = new Lock();
        HashingCopy.ForEach(
            Enumerable.Range(0, parts.Length).ToList(),
            settings.Parallel,
            (_, cancellation) =>
            {
                int number;
                FileRange range;
                byte[] md5;
                // The next that nobody has begun: whoever comes first takes it.
                lock (gate)
                {
                    number = Array.IndexOf(parts, null);
                    range = RangesOf(file.Length, partSize).ElementAt(number);
                    md5 = Digest(file, range, all, cancellation);
                    parts[number] = new StorePart(number + 1, range.Length, "");
                }
                if (
                    !there.TryGetValue(number + 1, out var part)
                    || part.Length != range.Length
                    || StoreDigest.Bare(part.ETag) != Convert.ToHexStringLower(md5)
                )
                {
                    mayGoOn();
                    part = writer.PutPart(key, upload, number + 1, UploadBody.Of(file, range, md5), cancellation);
                }
                parts[number] = part;
                progress.Advance(range.Length);
            },
            stop
        );
        return Hex(all);
    }

    private static IEnumerable<FileRange> RangesOf(long length, long partSize)
    {
        for (long start = 0; start < length || start == 0; start += partSize)
        {
            yield return new FileRange(start, Math.Min(start + partSize, length));
        }
    }

    private static byte[] Digest(IDiskFile file, FileRange range, IncrementalHash all, CancellationToken stop)
    {
        using var md5 = StoreDigest.Md5();
        var block = new byte[Math.Min(BlockSize, range.Length)];
        for (var at = range.Start; at < range.End; at += block.Length)
        {
            stop.ThrowIfCancellationRequested();
            var part = block.AsSpan(0, (int)Math.Min(block.Length, range.End - at));
            HashingCopy.ReadExactly(file, part, at);
            md5.AppendData(part);
            all.AppendData(part);
        }
        return md5.GetHashAndReset();
    }

    private static string Hex(IncrementalHash hash) => Convert.ToHexStringLower(hash.GetHashAndReset());

    /// <summary>An object that is there now.</summary>
    /// <param name="ETag">As the store said.</param>
    /// <param name="Sha256">Of the content, in hex.</param>
    internal sealed record Sent(string ETag, string Sha256)
    {
        /// <summary>The upload that it was made by; null for none.</summary>
        public string? Upload { get; init; }
    }
}
