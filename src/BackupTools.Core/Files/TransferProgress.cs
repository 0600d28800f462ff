namespace BackupTools.Files;

/// <summary>Counters only; whoever draws them samples them. Thread-safe.</summary>
internal sealed class TransferProgress
{
    /// <summary>Adds to what is expected.</summary>
    public void Expect(long bytes, int files = 0) => throw new NotSupportedException();

    /// <summary>Bytes done.</summary>
    public void Advance(long bytes) => throw new NotSupportedException();

    /// <summary>A file is being worked on until the result is disposed.</summary>
    public IDisposable BeginFile(string path, long expectedBytes) => throw new NotSupportedException();

    /// <summary>What the run does now, for people: "reading", "verifying", "flushing".</summary>
    public string Activity { get; set; } = "";
}
