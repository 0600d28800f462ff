using System.Management.Automation;
using System.Net;
using System.Security;
using BackupTools.Operations;
using BackupTools.Options;
using BackupTools.PowerShell.Binding;

namespace BackupTools.PowerShell.Commands;

/// <summary>
/// What the cmdlets share that work with databases and bundles: an engine, how a store is reached, and what encrypted
/// bundles are read with.
/// </summary>
public abstract class BackupCommandBase : CommandBase
{
    /// <summary>Only this engine's databases and bundles. Default, and where it is empty: found out from the files.</summary>
    // No ValidateSet: that refuses the empty cell of a CSV file. What is not an engine the library refuses by name.
    [Parameter]
    [ArgumentCompleter(typeof(EngineCompleter))]
    public virtual string? Engine
    {
        get;
        set => field = string.IsNullOrWhiteSpace(value) ? null : value.Trim();
    }

    /// <summary>The URL of a store that is not AWS.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? StoreEndpoint { get; set; }

    /// <summary>The profile with the credentials, of the files of the AWS tools.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? StoreProfile { get; set; }

    /// <summary>The region of the bucket.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? StoreRegion { get; set; }

    /// <summary>A PEM file with the certificate of the authority that the store's is of.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? StoreCaFile { get; set; }

    /// <summary>The bucket is in the path, and not in the host's name. Default: where an endpoint is given.</summary>
    [Parameter]
    public SwitchParameter StorePathStyle { get; set; }

    /// <summary>
    /// The access key as user name, its secret as password (Azure: account and key). Default: the environment, a profile, the machine.
    /// </summary>
    [Parameter]
    [Credential]
    [ValidateNotNull]
    public PSCredential? StoreCredential { get; set; }

    /// <summary>Files of secret keys of age, to read encrypted bundles with. Taken literally.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[]? IdentityPath { get; set; }

    /// <summary>The passphrase of an encrypted identity file, or of bundles that were encrypted with one.</summary>
    [Parameter]
    [ValidateNotNull]
    public SecureString? IdentityPassphrase { get; set; }

    /// <summary>A file whose first line is that passphrase. Taken literally.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? PassphraseFile { get; set; }

    /// <summary>
    /// The command creates or removes something: a pattern that matches nothing is then an error, as what was to be done
    /// was not done. A question about nothing has an answer, which is empty.
    /// </summary>
    private protected virtual bool MustFind => false;

    /// <summary>Where what is given now goes; each row of a table may have its own. Empty without a destination.</summary>
    private protected string Destination { get; set; } = "";

    /// <summary>
    /// Acts on everything that -Path or -LiteralPath means. <c>isNamed</c> is false for what a wildcard found.
    /// </summary>
    private protected void PerPath(string[]? paths, string[]? literalPaths, Action<string, bool> act)
    {
        foreach (var path in paths ?? [])
        {
            PerItem(
                path,
                () =>
                {
                    var isNamed = !PathResolver.HasWildcards(path);
                    foreach (var full in Paths.Expand(path, MustFind))
                    {
                        PerItem(full, () => act(full, isNamed));
                    }
                }
            );
        }
        foreach (var path in literalPaths ?? [])
        {
            PerItem(path, () => act(Paths.Bundles(path), true));
        }
    }

    /// <summary>Public keys of the signers whose bundles count; null: everybody's.</summary>
    private protected virtual string[]? Trusted => null;

    private protected override Identities ReadIdentities() =>
        new()
        {
            Paths = [.. (IdentityPath ?? []).Select(Paths.Literal)],
            // The job that it is for may outlive the variable that it came in.
            Passphrase = IdentityPassphrase?.Copy(),
            PassphraseFile = PassphraseFile is null ? null : Paths.Literal(PassphraseFile),
            TrustedKeys = Trusted ?? [],
        };

    private protected override StoreOptions Stores =>
        StoresOf(
            // A switch that is not given is false.
            name =>
                name == nameof(StorePathStyle) && !MyInvocation.BoundParameters.ContainsKey(name)
                    ? null
                    : GetType().GetProperty(name)?.GetValue(this),
            Paths.Literal
        );

    /// <summary>How the store is reached and written, as far as that is given.</summary>
    /// <param name="given">The value of a parameter; null for one that is not given, or that the cmdlet does not have.</param>
    /// <param name="path">Makes paths absolute.</param>
    internal static StoreOptions StoresOf(Func<string, object?> given, Func<string, string> path)
    {
        var options = new StoreOptions
        {
            // As it is: an access key may have what divides users from domains.
            StoreCredential = given(nameof(StoreCredential)) is PSCredential credential
                ? new NetworkCredential(credential.UserName, credential.Password)
                : null,
        };
        foreach (var option in StoreOptions.All)
        {
            object? value = given(option.Name) switch
            {
                null => null,
                SwitchParameter on => on.ToBool(),
                bool on => on,
                var file when option.Name is nameof(StoreCaFile) or nameof(StoreOptions.SpoolPath) => path($"{file}"),
                var text => $"{text}",
            };
            typeof(StoreOptions).GetProperty(option.Name)!.SetValue(options, value);
        }
        return options;
    }
}
