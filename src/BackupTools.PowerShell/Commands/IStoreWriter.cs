using System.Management.Automation;

namespace BackupTools.PowerShell.Commands;

/// <summary>
/// The parameters of a cmdlet that writes to stores. Each such cmdlet declares them, since PowerShell finds parameters on classes
/// only and some of them have another base; what they mean is in <see cref="StoreCommandBase"/>.
/// </summary>
internal interface IStoreWriter
{
    SwitchParameter SingleWriter { get; }
    string? SpoolPath { get; }
    string? StorageClass { get; }
    string? StoreEncryption { get; }
    string? StoreKeyId { get; }
}
