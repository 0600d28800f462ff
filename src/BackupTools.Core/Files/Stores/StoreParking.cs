using BackupTools.Errors;

namespace BackupTools.Files.Stores;

/// <summary>
/// Pages of a spool in a store, as objects of ours beside the marks, which nobody is shown. The store copies them to where
/// they belong; then they go. What an interrupted run left there is removed by the next.
/// </summary>
/// <param name="writer">The folder of the store.</param>
/// <param name="parallel">Requests at once.</param>
/// <param name="tell">Hears why nothing waits there, and what could not be removed.</param>
/// <param name="stop">Ends the run.</param>
internal sealed class StoreParking(StoreWriter writer, int parallel, Action<string>? tell, CancellationToken stop)
{
    /// <summary>What the names of pages begin with, among those that are ours.</summary>
    public const string Prefix = "spool/";

    private readonly Lock _gate = new();
    private bool? _isOpen;

    /// <summary>False once it turned out that what is put there would stay.</summary>
    public bool IsOpen => _isOpen != false;

    /// <summary>Puts the first so many bytes of a file there; null where nothing is put there any more.</summary>
    public ParkedPage? Put(IDiskFile file, long length)
    {
        lock (_gate)
        {
            // Whether what is put stays there is found out with the first.
            if (_isOpen is null)
            {
                var first = Send(file, length);
                var stays = writer.Retention(first.What.Key) is not null || !writer.TryDelete($"{first.What.Key}-none");
                _isOpen = !stays;
                if (stays)
                {
                    tell?.Invoke("nothing can be removed from the store: the spool holds the whole bundle");
                }
                return first;
            }
        }
        return IsOpen ? Send(file, length) : null;
    }

    /// <summary>Brings a page back.</summary>
    public void Fetch(ParkedPage page, IDiskFile target)
    {
        var bytes = writer.Read(page.What);
        if (!StoreDigest.Md5(bytes).AsSpan().SequenceEqual(page.Digest.Md5))
        {
            throw Changed(writer, page);
        }
        target.Write(bytes, 0);
    }

    /// <summary>Removes pages, as far as that goes: the next run looks for the rest.</summary>
    public void Remove(IReadOnlyList<ParkedPage> pages)
    {
        using var soon = stop.IsCancellationRequested ? StoreWriter.Soon() : new CancellationTokenSource();
        try
        {
            Removal.Try(
                () =>
                    HashingCopy.ForEach(
                        pages,
                        parallel,
                        (page, token) => writer.Delete(page.What.Key, token),
                        soon.Token
                    ),
                text => tell?.Invoke($"what waited in the store {text}")
            );
        }
        catch (OperationCanceledException)
        {
            // The next run removes the rest.
        }
    }

    /// <summary>Says that a page is not what was put there.</summary>
    public static BackupException Changed(StoreWriter writer, ParkedPage page) =>
        new(
            ErrorCode.ReadFailed,
            "what waited in the store is not what was put there",
            $"{writer.NameOf(page.What.Key)}",
            recommendation: "Run again; if it comes again, something on the way or in the store changes bytes."
        );

    private ParkedPage Send(IDiskFile file, long length)
    {
        var range = new FileRange(0, length);
        var digest = PartDigest.Of(file, range, stop);
        var key = StoreMarks.In(writer.Folder, $"{Prefix}{Guid.NewGuid():N}");
        writer.Put(key, UploadBody.Of(file, range, digest.Md5), PutIf.Absent, stop);
        return new ParkedPage(writer.Known(key)!, digest);
    }
}
