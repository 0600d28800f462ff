using BackupTools.Files;
using BackupTools.Files.Stores;

namespace BackupTools.Operations;

/// <summary>Where bundles are put together on their way.</summary>
internal sealed partial class StoreDestination
{
    private readonly string _spool;

    /// <summary>What interrupted runs kept in the store while they assembled bundles.</summary>
    private readonly IReadOnlyList<string> _parked;

    private SpoolDisk? _kept;

    public StagingArea Stage(bool goesOn = false, bool isCounted = false)
    {
        _toCome ??= isCounted ? null : _host.Progress.MoreToCome();
        var staging = StagingArea.Create(_host.Disk, _spool, _host.Clock, _host.Warning);
        if (!goesOn && _store.Store.CopiesParts)
        {
            _kept ??= KeptSpool();
            _kept.Keep(staging.Folder);
            _host.Spool = _kept;
        }
        return staging;
    }

    private SpoolDisk KeptSpool()
    {
        var settings = _host.Stores;
        var parking = new StoreParking(_writer, settings.Parallel, _host.Verbose, _host.Cancellation);
        return new SpoolDisk(
            LocalDisk.Instance,
            new SpoolRoom(parking, settings.SpoolLimit, settings.PartSize, settings.Parallel, _host.Cancellation)
        );
    }

    /// <summary>Of the user's own, so that nobody else decides what is found there.</summary>
    private static string DefaultSpool() =>
        Path.Combine(
            Environment.GetFolderPath(
                Environment.SpecialFolder.LocalApplicationData,
                Environment.SpecialFolderOption.DoNotVerify
            ),
            "BackupTools",
            "spool"
        );

    private void RemoveParked() =>
        Removal.Try(
            () =>
                HashingCopy.ForEach(
                    _parked,
                    _host.Stores.Parallel,
                    (key, token) => _writer.Delete(key, token),
                    _host.Cancellation
                ),
            text => _host.Warning?.Invoke($"what an interrupted run had in the store while it worked {text}")
        );
}
