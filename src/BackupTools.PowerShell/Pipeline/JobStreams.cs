using System.Management.Automation;

namespace BackupTools.PowerShell.Pipeline;

/// <summary>The streams of a job, read by Receive-Job.</summary>
internal sealed class JobStreams(Job job) : IStreams
{
    public void Object(object value) => job.Output.Add(PSObject.AsPSObject(value));

    public void Error(ErrorRecord record) => job.Error.Add(record);

    public void Warning(string text) => job.Warning.Add(new WarningRecord(text));

    public void Verbose(string text) => job.Verbose.Add(new VerboseRecord(text));

    public void Debug(string text) => job.Debug.Add(new DebugRecord(text));

    public void Information(string text)
    {
        var record = new InformationRecord(text, job.Command);
        record.Tags.Add(CmdletStreams.Tag);
        job.Information.Add(record);
    }

    public void Progress(ProgressRecord record) => job.Progress.Add(record);
}
