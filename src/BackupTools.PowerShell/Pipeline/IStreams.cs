using System.Management.Automation;

namespace BackupTools.PowerShell.Pipeline;

/// <summary>Where a run writes to: the streams of a cmdlet, or those of a job. Used on one thread only.</summary>
internal interface IStreams
{
    void Object(object value);

    void Error(ErrorRecord record);

    void Warning(string text);

    void Verbose(string text);

    void Debug(string text);

    /// <summary>The one line of facts at the end of a run, tagged BackupTools.</summary>
    void Information(string text);

    void Progress(ProgressRecord record);
}
