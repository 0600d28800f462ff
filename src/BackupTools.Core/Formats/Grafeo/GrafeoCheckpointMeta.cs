namespace BackupTools.Formats.Grafeo;

/// <summary>
/// <c>checkpoint.meta</c> of a 0.5.x log (Grafeo format, §5.3): log files before <paramref name="LogSequence"/> are
/// in the image already and are skipped by recovery.
/// </summary>
internal sealed record GrafeoCheckpointMeta(ulong Epoch, ulong LogSequence, ulong TimestampMs, ulong TransactionId)
{
    /// <summary>Reads the whole file.</summary>
    /// <exception cref="Errors.BackupException">Truncated or Malformed, with the offset.</exception>
    public static GrafeoCheckpointMeta Read(ReadOnlySpan<byte> bytes)
    {
        var reader = new BincodeReader(bytes);
        var meta = new GrafeoCheckpointMeta(reader.U64(), reader.U64(), reader.U64(), reader.U64());
        reader.End("checkpoint");
        return meta;
    }
}
