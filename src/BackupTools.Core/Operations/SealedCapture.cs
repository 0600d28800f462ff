using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Operations;

/// <summary>
/// A new bundle for an encrypted destination. Its engine writes it as ever, into the spool of this machine, and it is
/// encrypted from there into the staging of the destination: formats write headers last and read back what they wrote, and
/// what is encrypted can be neither. What lies in the spool is gone with the run, or is swept by the next.
/// </summary>
internal sealed class SealedCapture : IDisposable
{
    private readonly EncryptedCopies _to;
    private readonly StagingArea _sealed;
    private readonly OperationHost _host;
    private readonly CaptureDisk _disk;
    private readonly IDisposable _toCome;

    /// <summary>Begins a bundle.</summary>
    /// <param name="to">The destination.</param>
    /// <param name="staging">Of the destination.</param>
    /// <param name="context">What the engine would be given for a plain destination.</param>
    /// <param name="host">The front end.</param>
    public SealedCapture(EncryptedCopies to, StagingArea staging, EngineContext context, OperationHost host)
    {
        (_to, _sealed, _host) = (to, staging, host);
        Plain = StoreDestination.StageInClear(host);
        host.Encrypted.LeavePlain(Plain.Folder);
        _disk = new CaptureDisk(context.Disk, host.Encrypted, Plain.Folder, staging.Folder);
        Context = context with { Disk = _disk };
        // How much there is to encrypt, only the engine's files will tell.
        _toCome = host.Progress.MoreToCome();
    }

    /// <summary>Where the engine stages.</summary>
    public StagingArea Plain { get; }

    /// <summary>What the engine is given.</summary>
    public EngineContext Context { get; }

    /// <summary>Encrypts what was captured; the steps that publish it with its records and signatures.</summary>
    /// <param name="result">What the engine has staged.</param>
    /// <param name="engine">The engine.</param>
    /// <param name="signer">Null for nobody.</param>
    /// <param name="plan">Of a backup; null for a merge.</param>
    public IReadOnlyList<PublishStep> Seal(
        CaptureResult result,
        IBackupEngine engine,
        Signer? signer,
        BackupPlan? plan = null
    )
    {
        var request = plan?.Capture.Request;
        // What a bundle links to tells its origin, and cannot be read without a key.
        var bundles = StagedBundles
            .Of(result, Plain, request, engine, _disk, Context)
            .Select(h => h with { Origin = h.Origin ?? (h.Kind == BundleKind.Full ? request?.Parent?.Origin : null) })
            .ToList();
        SealAll(result.Steps);
        var records = _to.RecordsOf([.. bundles.Select(b => (b, b.FullName))], result.Steps, _sealed);
        // Of several each builds on the one before.
        var parent = request?.Parent;
        var steps = new List<PublishStep>();
        foreach (var i in Enumerable.Range(0, bundles.Count).OrderByDescending(i => bundles[i].Kind == BundleKind.Full))
        {
            var record = Kept(records[i], bundles[i], parent, engine, plan?.States, result.Steps);
            steps.Add(_to.Stage(record, _sealed));
            if (signer is not null)
            {
                var parentId = record.Kind == BundleKind.Full ? null : parent?.Id;
                steps.Add(signer.Sign(record, parentId, _sealed));
            }
            parent = bundles[i];
        }
        return [.. steps, .. _to.NoteRecipients(_sealed), .. result.Steps];
    }

    /// <summary>The record of a bundle, of which this machine now knows what the next increment needs, if it is to.</summary>
    private BundleRecord Kept(
        BundleRecord record,
        BundleHeader bundle,
        BundleHeader? parent,
        IBackupEngine engine,
        BundleStates? states,
        IReadOnlyList<PublishStep> steps
    )
    {
        if (states?.Kept is not { } folder)
        {
            return record;
        }
        var traces = TracesOf(bundle, parent, engine, states);
        if (traces is null)
        {
            Context.Warn(
                $"the next increment on {bundle.Name} will need an identity: what it must know could not be kept"
            );
            return record;
        }
        return folder.Keep(record, traces, name => _to.Shared(name, steps, _sealed), _disk);
    }

    /// <summary>Null where they are not known, as those of what the bundle builds on are not.</summary>
    private BundleTraces? TracesOf(BundleHeader bundle, BundleHeader? parent, IBackupEngine engine, BundleStates states)
    {
        try
        {
            return engine.TracesOf(bundle, parent, Context with { FactsOf = states.FactsOf });
        }
        catch (BackupException e) when (BundleStates.IsUnknown(e))
        {
            Context.Verbose(e.Describe());
            return null;
        }
    }

    public void Dispose()
    {
        _toCome.Dispose();
        Plain.Dispose();
    }

    private void SealAll(IReadOnlyList<PublishStep> steps)
    {
        var staged = steps.Select(s => s.StagedName).Where(n => n.Length > 0).ToList();
        _host.Progress.Activity = "encrypting";
        _host.Progress.Expect(staged.Sum(name => LengthOf(_host.Disk.Stat(Plain.PathOf(name))!)));
        _toCome.Dispose();
        foreach (var name in staged)
        {
            Seal(_host.Disk.Stat(Plain.PathOf(name))!, name);
        }
    }

    private long LengthOf(DiskEntry entry) =>
        entry.Kind == DiskEntryKind.Directory ? _host.Disk.List(entry.Path).Sum(LengthOf) : entry.Length;

    private void Seal(DiskEntry entry, string staged)
    {
        _host.Cancellation.ThrowIfCancellationRequested();
        if (entry.Kind == DiskEntryKind.Directory)
        {
            _sealed.CreateDirectory(staged);
            foreach (var inner in _host.Disk.List(entry.Path))
            {
                Seal(inner, Path.Combine(staged, inner.Name));
            }
            return;
        }
        using var plain = _host.Disk.OpenRead(entry.Path);
        using var file = _sealed.CreateFile(staged, entry.Length);
        using var beginning = _host.Progress.BeginFile(entry.Path, entry.Length);
        HashingCopy.CopySparse(plain, file, static _ => { }, _host.Progress, _host.Cancellation);
        file.SetModified(entry.ModifiedUtc);
    }
}
