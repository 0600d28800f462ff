using System.Text;
using BackupTools.Chains;
using BackupTools.Encryption;
using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Operations;

/// <summary>
/// A folder of bundles that are encrypted for others. Beside them lies, in clear, a record of each: what it is and which
/// files it has, and nothing of their content, so that whoever has the public keys only knows what need not be sent again.
/// </summary>
internal sealed class EncryptedCopies
{
    private const string Staged = "record";
    private const string StagedRecipients = "recipients";

    private readonly AgeDisk _disk;
    private readonly string _folder;
    private readonly Recipients _recipients;
    private readonly Lazy<HashSet<(string Engine, string Id)>> _present;
    private bool _areRecipientsNoted;

    private EncryptedCopies(string folder, Recipients recipients, OperationHost host)
    {
        _recipients = recipients;
        _disk = host.Encrypted;
        // Bundles for a store are put together here.
        _disk.Encrypt(StoreAddress.Is(folder) ? [folder, StoreDestination.SpoolOf(host)] : [folder], recipients.All);
        _folder = folder;
        Records = new BundleRecords(folder, _disk.Outer);
        // One that cannot be read may be that of a bundle which is there.
        _present = new(() =>
            [
                .. Records
                    .Read()
                    .Select(r => r.Record ?? throw r.Error!)
                    .Where(Records.IsWhole)
                    .Select(r => (r.Engine, r.Id)),
            ]
        );
    }

    /// <summary>What lies there when the run begins.</summary>
    public BundleRecords Records { get; }

    /// <summary>
    /// The destination of what is encrypted for these, if there are any: what is created in it from now on is encrypted.
    /// Null for a plain one.
    /// </summary>
    /// <param name="folder">The destination.</param>
    /// <param name="recipients">Public keys.</param>
    /// <param name="recipientsFiles">Files of such.</param>
    /// <param name="advice">What to do where a plain bundle would lie beside encrypted ones.</param>
    /// <param name="host">The front end.</param>
    /// <exception cref="BackupException">
    /// InvalidOption: a recipient is none, or plain and encrypted bundles would be mixed; PathNotFound.
    /// </exception>
    public static EncryptedCopies? For(
        string folder,
        IReadOnlyList<string> recipients,
        IReadOnlyList<string> recipientsFiles,
        string advice,
        OperationHost host
    )
    {
        if (recipients.Count + recipientsFiles.Count == 0)
        {
            // Asked first, so that a store lists what is below once.
            if (host.Disk.Stat(folder) is not null)
            {
                PlainOrEncrypted.RefusePlain(folder, host.Disk, advice);
            }
            return null;
        }
        // Files of keys are read, and faults in them are told, before anything else is.
        _ = host.Encrypted.Keys;
        var all = IdentityFiles.Recipients(recipients, recipientsFiles, host.Disk);
        if (all.All.Count == 0)
        {
            throw new BackupException(ErrorCode.InvalidOption, "the recipients files contain no recipient");
        }
        // Asked first, so that a store lists all that is below, with the marks of what is not published yet.
        if (host.Disk.Stat(folder) is not null && !BundleRecords.Are(folder, host.Disk))
        {
            PlainOrEncrypted.RequireNoBundles(folder, host);
        }
        return new EncryptedCopies(folder, all, host);
    }

    /// <summary>
    /// What is written to an encrypted folder from now on is encrypted for those that its bundles were encrypted for last.
    /// </summary>
    /// <exception cref="BackupException">MissingFile: nobody noted who they are; or the note cannot be read.</exception>
    public static EncryptedCopies Continue(string folder, OperationHost host)
    {
        host.Encrypted.Show(folder);
        var path = BundleRecords.Recipients(folder);
        if (host.Disk.Stat(path) is null)
        {
            throw new BackupException(
                ErrorCode.MissingFile,
                "the note of the recipients of the folder is not here",
                path
            );
        }
        return new EncryptedCopies(folder, IdentityFiles.Recipients([], [path], host.Disk), host);
    }

    /// <summary>The public keys that what is written is encrypted for.</summary>
    public IReadOnlyList<string> Keys => [.. _recipients.All.Select(r => $"{r}")];

    /// <summary>
    /// What is doubtful about an increment that is for others than the bundle it builds on: a restore needs both. Null where
    /// they are the same, or nothing tells.
    /// </summary>
    public ChainProblem? DoubtOf(BundleHeader? parent, BundleStates states, OperationHost host)
    {
        if (parent is null || (states.KeysOf(parent) ?? NotedKeys(host)) is not { } before)
        {
            return null;
        }
        var gone = before.Except(Keys, StringComparer.Ordinal).ToList();
        var added = Keys.Except(before, StringComparer.Ordinal).ToList();
        return gone.Count + added.Count == 0
            ? null
            : new ChainProblem(
                ProblemSeverity.Warning,
                ErrorCode.IdentityMismatch,
                $"{parent.Name} is not encrypted for the same public keys as this increment: "
                    + string.Join(
                        "; ",
                        new[] { Of(gone, "only for that one"), Of(added, "only for this one") }.OfType<string>()
                    )
                    + ". Whoever restores needs to read both",
                parent.FullName,
                Recommendation: "Keep the keys of both, or take a full backup for the new ones."
            );

        static string? Of(List<string> keys, string what) =>
            keys.Count == 0 ? null : $"{what} {string.Join(", ", keys)}";
    }

    /// <summary>Of the bundles that came last; null where nobody can read the note.</summary>
    private IReadOnlyList<string>? NotedKeys(OperationHost host)
    {
        var path = BundleRecords.Recipients(_folder);
        try
        {
            return host.Encrypted.Keys.HasIdentities && host.Disk.Stat(path) is not null
                ? [.. IdentityFiles.Recipients([], [path], host.Disk).All.Select(r => $"{r}")]
                : null;
        }
        catch (BackupException e)
        {
            host.Context.Verbose($"for whom the bundles are encrypted is not known: {e.Describe()}");
            return null;
        }
    }

    /// <summary>Whether a bundle is to be sent.</summary>
    public bool Lacks(BundleHeader bundle) => !_present.Value.Contains((bundle.Engine, bundle.Id));

    /// <summary>Refuses to read again what an earlier run has encrypted, where nothing to read it with was given.</summary>
    /// <exception cref="BackupException">IdentityRequired.</exception>
    public void RequireIdentity(OperationHost host)
    {
        if (!host.Encrypted.Keys.HasIdentities)
        {
            throw new BackupException(
                ErrorCode.IdentityRequired,
                "reading the whole copy again, including what earlier runs encrypted, needs an identity",
                _folder,
                recommendation: $"Give it with {Spelling.Of("IdentityPath")}, or leave {Spelling.Of(nameof(CopySettings.Verify))} out."
            );
        }
    }

    /// <summary>Stages the record of a bundle that is in staging; the steps that publish it.</summary>
    /// <param name="bundle">The bundle where it comes from.</param>
    /// <param name="result">What was staged.</param>
    /// <param name="staging">Of the folder.</param>
    /// <param name="sign">Signs the record; null for nobody.</param>
    public IEnumerable<PublishStep> Record(
        BundleHeader bundle,
        CaptureResult result,
        StagingArea staging,
        Func<BundleRecord, PublishStep>? sign = null
    )
    {
        var record = RecordsOf([(bundle, result.BundlePath)], result.Steps, staging)[0];
        PublishStep[] signature = sign is null ? [] : [sign(record)];
        return [Stage(record, staging), .. signature, .. NoteRecipients(staging)];
    }

    /// <summary>The records of bundles that are in staging.</summary>
    /// <param name="bundles">Each with the path that it will have.</param>
    /// <param name="steps">What publishes them.</param>
    /// <param name="staging">Of the folder.</param>
    public IReadOnlyList<BundleRecord> RecordsOf(
        IReadOnlyList<(BundleHeader Bundle, string Path)> bundles,
        IReadOnlyList<PublishStep> steps,
        StagingArea staging
    )
    {
        var names = bundles.Select(b => Path.GetFileName(b.Path)).ToList();
        // What the bundles of a folder share (a manifest, a marker) is another one with the next.
        var staged = steps
            .Where(s => s.StagedName.Length > 0)
            .ToLookup(s => names.FindIndex(n => Path.GetFileName(s.FinalPath).Contains(n, StringComparison.Ordinal)));
        string[] shared = [.. staged[-1].Select(s => Below(NameOf(staging.PathOf(s.StagedName), s.FinalPath)))];
        return
        [
            .. bundles.Select(
                (b, i) =>
                    BundleRecord.Of(
                        b.Bundle,
                        Below(b.Path),
                        [.. staged[i].SelectMany(s => FilesOf(s, staging))],
                        shared
                    )
            ),
        ];
    }

    /// <summary>The encrypted file that is staged for one that bundles share; null where it is a bundle's own, or none.</summary>
    /// <param name="name">Below the folder, without the extension.</param>
    /// <param name="steps">What publishes it.</param>
    /// <param name="staging">Of the folder.</param>
    public FileRecord? Shared(string name, IReadOnlyList<PublishStep> steps, StagingArea staging) =>
        steps
            .Where(s => s.Action == PublishAction.Replace && s.StagedName.Length > 0 && Below(s.FinalPath) == name)
            .SelectMany(s => FilesOf(s, staging))
            .FirstOrDefault();

    /// <summary>Stages the note of the recipients, once in a run; the step that publishes it.</summary>
    public IEnumerable<PublishStep> NoteRecipients(StagingArea staging)
    {
        if (_areRecipientsNoted)
        {
            return [];
        }
        _areRecipientsNoted = true;
        staging.Write(StagedRecipients, Encoding.UTF8.GetBytes($"{_recipients}"));
        return [PublishStep.Replace(StagedRecipients, BundleRecords.Recipients(_folder))];
    }

    /// <summary>
    /// Stages the records, as they will be, of bundles that get another name; the steps that publish them. Engines that list
    /// their bundles rename what stays when others go.
    /// </summary>
    public IEnumerable<PublishStep> Renamed(IReadOnlyList<PublishStep> steps, StagingArea staging)
    {
        var records = new BundleRecords(_folder, _disk.Outer)
            .Read()
            .Select(r => r.Record)
            .OfType<BundleRecord>()
            .ToLookup(r => r.Name, StringComparer.Ordinal);
        return steps
            .Where(s => s.NewNameOf is not null)
            .SelectMany(s =>
                records[Below(s.NewNameOf!)]
                    .Select(r => r with { Name = Below(s.FinalPath), Files = [.. FilesOf(s, staging)] })
            )
            .Select(r => Stage(r, staging));
    }

    /// <summary>Stages a record; the step that publishes it.</summary>
    public PublishStep Stage(BundleRecord record, StagingArea staging)
    {
        var staged = Staged;
        for (var n = 2; _disk.Outer.Stat(staging.PathOf(staged)) is not null; n++)
        {
            staged = $"{Staged}-{n}";
        }
        SmallFile.Write(_disk.Outer, staging.PathOf(staged), record.Write());
        return PublishStep.Replace(staged, BundleRecords.PathOf(_folder, record.Engine, record.Id));
    }

    private IEnumerable<FileRecord> FilesOf(PublishStep step, StagingArea staging) =>
        StagedFiles.RecordsOf(_disk, _folder, step, staging, CancellationToken.None);

    /// <summary>The final path as it will lie there.</summary>
    private string NameOf(string staged, string final) =>
        _disk.Real(staged) == staged ? final : final + AgeDisk.Extension;

    private string Below(string path) => StagedFiles.Below(_folder, path);
}
