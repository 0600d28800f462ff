namespace BackupTools.Benchmarks.Compare;

/// <summary>What one run of a program cost, child processes included except for the memory.</summary>
/// <param name="Seconds">From before the start to after the end.</param>
/// <param name="CpuSeconds">User and system time; null where the system does not tell.</param>
/// <param name="PeakMemory">The largest resident set in bytes (VmHWM); null where the system does not tell.</param>
/// <param name="BytesWritten">Bytes handed to block devices; null where the system does not tell.</param>
internal sealed record Measurement(double Seconds, double? CpuSeconds, long? PeakMemory, long? BytesWritten);
