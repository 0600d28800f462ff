using BackupTools.Errors;
using BackupTools.Files.Stores;

namespace BackupTools.Tests.Stores;

/// <summary>A store that hears nothing any more after so many requests, as if whoever asks had died.</summary>
internal sealed class DyingStore(IObjectStore store, int requests) : IObjectStore
{
    public string Scheme => store.Scheme;

    private int _count;

    /// <summary>How many it heard.</summary>
    public int Requests => _count;

    public string Host => store.Host;

    public TimeSpan ClockAhead => store.ClockAhead;

    public void RequireWritable() => store.RequireWritable();

    public Task<ObjectPage> ListAsync(string bucket, string prefix, string? after, int most, CancellationToken stop) =>
        Heard().ListAsync(bucket, prefix, after, most, stop);

    public Task ReadAsync(
        string bucket,
        StoreObject what,
        long offset,
        Memory<byte> buffer,
        Action alive,
        CancellationToken stop
    ) => Heard().ReadAsync(bucket, what, offset, buffer, alive, stop);

    public Task<string?> PutAsync(
        ObjectName name,
        UploadBody body,
        PutIf condition,
        Action alive,
        CancellationToken stop
    ) => Heard().PutAsync(name, body, condition, alive, stop);

    public Task DeleteAsync(ObjectName name, CancellationToken stop) => Heard().DeleteAsync(name, stop);

    public Task<StoreRetention?> RetentionAsync(ObjectName name, CancellationToken stop) =>
        Heard().RetentionAsync(name, stop);

    public Task<string> BeginUploadAsync(ObjectName name, CancellationToken stop) =>
        Heard().BeginUploadAsync(name, stop);

    public Task<string> PutPartAsync(
        ObjectName name,
        string upload,
        int number,
        UploadBody body,
        Action alive,
        CancellationToken stop
    ) => Heard().PutPartAsync(name, upload, number, body, alive, stop);

    public bool CopiesParts => store.CopiesParts;

    public Task<string> CopyPartAsync(
        ObjectName name,
        string upload,
        int number,
        StoreObject from,
        CancellationToken stop
    ) => Heard().CopyPartAsync(name, upload, number, from, stop);

    public Task<string> CompleteAsync(
        ObjectName name,
        string upload,
        IReadOnlyList<StorePart> parts,
        CancellationToken stop
    ) => Heard().CompleteAsync(name, upload, parts, stop);

    public Task AbortAsync(ObjectName name, string upload, CancellationToken stop) =>
        Heard().AbortAsync(name, upload, stop);

    public Task<IReadOnlyList<StoreUpload>> ListUploadsAsync(string bucket, string prefix, CancellationToken stop) =>
        Heard().ListUploadsAsync(bucket, prefix, stop);

    public Task<IReadOnlyList<StorePart>> ListPartsAsync(ObjectName name, string upload, CancellationToken stop) =>
        Heard().ListPartsAsync(name, upload, stop);

    public void Dispose() => store.Dispose();

    private IObjectStore Heard() =>
        Interlocked.Increment(ref _count) <= requests
            ? store
            : throw new BackupException(ErrorCode.StoreAccessDenied, "whoever asked has died");
}
