using System.Management.Automation;

namespace BackupTools.PowerShell.Pipeline;

/// <summary>The streams of a running cmdlet.</summary>
internal sealed class CmdletStreams(Cmdlet cmdlet) : IStreams
{
    /// <summary>The tag of the summary lines on the information stream.</summary>
    public const string Tag = "BackupTools";

    public void Object(object value) => cmdlet.WriteObject(value);

    public void Error(ErrorRecord record) => cmdlet.WriteError(record);

    public void Warning(string text) => cmdlet.WriteWarning(text);

    public void Verbose(string text) => cmdlet.WriteVerbose(text);

    public void Debug(string text) => cmdlet.WriteDebug(text);

    public void Information(string text) => cmdlet.WriteInformation(text, [Tag]);

    public void Progress(ProgressRecord record) => cmdlet.WriteProgress(record);
}
