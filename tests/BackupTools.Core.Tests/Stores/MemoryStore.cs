using System.Collections.Concurrent;
using BackupTools.Files.Stores;

namespace BackupTools.Tests.Stores;

/// <summary>A store that is a dictionary. One such content outlives the connections to it.</summary>
internal sealed class MemoryStore(MemoryStore.Content content) : IObjectStore
{
    public string Scheme => "s3";

    public string Host => "memory";

    public TimeSpan ClockAhead => TimeSpan.Zero;

    public bool CopiesParts => true;

    public void RequireWritable() { }

    public Task<ObjectPage> ListAsync(string bucket, string prefix, string? after, int most, CancellationToken stop)
    {
        var found = content
            .Objects.ToArray()
            .Where(o => o.Key.StartsWith(prefix, StringComparison.Ordinal))
            .Where(o => after is null || string.CompareOrdinal(o.Key, after) > 0)
            .OrderBy(o => o.Key, StringComparer.Ordinal)
            .Select(o => new StoreObject(o.Key, o.Value.Bytes.Length, o.Value.ETag, o.Value.Time, null))
            .ToList();
        return Task.FromResult(new ObjectPage([.. found.Take(most)], found.Count > most));
    }

    public Task ReadAsync(
        string bucket,
        StoreObject what,
        long offset,
        Memory<byte> buffer,
        Action alive,
        CancellationToken stop
    )
    {
        // As of a real store: a lease is renewed while others look at it.
        var path = $"{new ObjectName(Scheme, bucket, what.Key)}";
        var there = content.Objects.GetValueOrDefault(what.Key) ?? throw StoreErrors.Gone(path, null);
        if (there.ETag != what.ETag)
        {
            throw StoreErrors.Replaced(path, new InvalidOperationException($"{there.ETag} is there"));
        }
        there.Bytes.AsMemory((int)offset, buffer.Length).CopyTo(buffer);
        return Task.CompletedTask;
    }

    public Task<string?> PutAsync(
        ObjectName name,
        UploadBody body,
        PutIf condition,
        Action alive,
        CancellationToken stop
    )
    {
        var bytes = Bytes(body, alive);
        lock (content)
        {
            var there = content.Objects.GetValueOrDefault(name.Key)?.ETag;
            return Task.FromResult(
                condition == PutIf.Always || condition.ETag == there
                    ? Put(name.Key, bytes, StoreDigest.ETag([body.Md5], isWhole: true))
                    : null
            );
        }
    }

    public Task DeleteAsync(ObjectName name, CancellationToken stop)
    {
        content.Objects.TryRemove(name.Key, out _);
        return Task.CompletedTask;
    }

    public Task<StoreRetention?> RetentionAsync(ObjectName name, CancellationToken stop) =>
        Task.FromResult<StoreRetention?>(null);

    public Task<string> BeginUploadAsync(ObjectName name, CancellationToken stop)
    {
        var id = $"{Guid.NewGuid()}";
        content.Uploads[id] = new Upload(name.Key);
        return Task.FromResult(id);
    }

    public Task<string> PutPartAsync(
        ObjectName name,
        string upload,
        int number,
        UploadBody body,
        Action alive,
        CancellationToken stop
    ) => Part(upload, number, Bytes(body, alive));

    public Task<string> CopyPartAsync(
        ObjectName name,
        string upload,
        int number,
        StoreObject from,
        CancellationToken stop
    ) => Part(upload, number, content.Objects[from.Key].Bytes);

    public Task<string> CompleteAsync(
        ObjectName name,
        string upload,
        IReadOnlyList<StorePart> parts,
        CancellationToken stop
    )
    {
        Assert.True(content.Uploads.TryRemove(upload, out var sent));
        var all = parts.Select(p => sent.Parts[p.Number]).ToList();
        var etag = StoreDigest.ETag([.. all.Select(p => StoreDigest.Md5(p))], isWhole: false);
        return Task.FromResult(Put(name.Key, [.. all.SelectMany(p => p)], etag));
    }

    public Task AbortAsync(ObjectName name, string upload, CancellationToken stop)
    {
        content.Uploads.TryRemove(upload, out _);
        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<StoreUpload>> ListUploadsAsync(string bucket, string prefix, CancellationToken stop) =>
        Task.FromResult<IReadOnlyList<StoreUpload>>([
            .. content
                .Uploads.Where(u => u.Value.Key.StartsWith(prefix, StringComparison.Ordinal))
                .Select(u => new StoreUpload(u.Value.Key, u.Key)),
        ]);

    public Task<IReadOnlyList<StorePart>> ListPartsAsync(ObjectName name, string upload, CancellationToken stop) =>
        Task.FromResult<IReadOnlyList<StorePart>>([
            .. content.Uploads[upload].Parts.Select(p => new StorePart(p.Key, p.Value.Length, ETagOf(p.Value))),
        ]);

    public void Dispose() { }

    private Task<string> Part(string upload, int number, byte[] bytes)
    {
        content.Uploads[upload].Parts[number] = bytes;
        return Task.FromResult(ETagOf(bytes));
    }

    private string Put(string key, byte[] bytes, string etag)
    {
        content.Objects[key] = new Stored(bytes, etag, DateTimeOffset.UtcNow);
        return etag;
    }

    private static string ETagOf(byte[] bytes) => StoreDigest.ETag([StoreDigest.Md5(bytes)], isWhole: true);

    private static byte[] Bytes(UploadBody body, Action alive)
    {
        using var stream = body.Open(alive);
        var bytes = new byte[body.Length];
        stream.ReadExactly(bytes);
        Assert.Equal(body.Md5, StoreDigest.Md5(bytes));
        return bytes;
    }

    /// <summary>What it holds.</summary>
    internal sealed class Content
    {
        public ConcurrentDictionary<string, Stored> Objects { get; } = new(StringComparer.Ordinal);

        public ConcurrentDictionary<string, Upload> Uploads { get; } = new(StringComparer.Ordinal);
    }

    internal sealed record Stored(byte[] Bytes, string ETag, DateTimeOffset Time);

    internal sealed record Upload(string Key)
    {
        public ConcurrentDictionary<int, byte[]> Parts { get; } = new();
    }
}
