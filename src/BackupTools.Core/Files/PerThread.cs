namespace BackupTools.Files;

/// <summary>One value for each thread that asks, all disposed together at the end.</summary>
internal sealed class PerThread<T>(Func<T> make) : IDisposable
    where T : IDisposable
{
    private readonly ThreadLocal<T> _values = new(make, trackAllValues: true);

    /// <summary>That of this thread.</summary>
    public T Value => _values.Value!;

    public void Dispose()
    {
        foreach (var value in _values.Values)
        {
            value.Dispose();
        }
        _values.Dispose();
    }
}
