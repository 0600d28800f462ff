using System.Management.Automation;
using BackupTools.Errors;

namespace BackupTools.PowerShell.Pipeline;

/// <summary>
/// Runs the script block of -Checkpoint. A script block belongs to the session and its thread, so a cmdlet runs it on
/// the pipeline thread, and a job, which has no pipeline, runs its text in a session of its own.
/// </summary>
internal static class CheckpointScript
{
    /// <summary>As part of the pipeline: what it writes goes to Verbose, so that it never mixes with our objects.</summary>
    /// <exception cref="BackupException">Unexpected: the script failed.</exception>
    public static void Invoke(ScriptBlock script, IStreams streams)
    {
        try
        {
            foreach (var output in script.Invoke())
            {
                streams.Verbose($"checkpoint: {output}");
            }
        }
        catch (RuntimeException error) when (error is not PipelineStoppedException)
        {
            throw Failed(error);
        }
    }

    /// <summary>In a new session, which has none of the caller's variables.</summary>
    /// <exception cref="BackupException">Unexpected: the script failed.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static void InvokeApart(string script, CancellationToken stop)
    {
        using var shell = System.Management.Automation.PowerShell.Create();
        using var stopper = stop.Register(() => shell.BeginStop(callback: null, state: null));
        try
        {
            shell.AddScript(script).Invoke();
        }
        catch (RuntimeException error)
        {
            stop.ThrowIfCancellationRequested();
            throw Failed(error);
        }
        stop.ThrowIfCancellationRequested();
        if (shell.HadErrors && shell.Streams.Error.Count > 0)
        {
            throw Failed(shell.Streams.Error[0].Exception);
        }
    }

    private static BackupException Failed(Exception error) =>
        new(
            ErrorCode.Unexpected,
            $"the checkpoint script failed: {error.Message}",
            recommendation: "Correct the script of -Checkpoint, or leave it out.",
            inner: error
        );
}
