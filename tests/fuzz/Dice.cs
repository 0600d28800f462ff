namespace BackupTools.Fuzz;

/// <summary>
/// Random numbers of which each input has its own: an input is made again from the seed and its number alone. SplitMix64,
/// because a <see cref="Random"/> with a seed costs more than most parsers.
/// </summary>
internal struct Dice(ulong seed, long input)
{
    private const ulong Step = 0x9E3779B97F4A7C15;

    private ulong _state = unchecked((seed * Step) ^ ((ulong)input * 0xD1B54A32D192ED03));

    /// <summary>All 64 bits random.</summary>
    public ulong Next()
    {
        unchecked
        {
            var z = _state += Step;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }

    /// <summary>0 to <paramref name="below"/> - 1; 0 when there is nothing below.</summary>
    public int Next(int below) => below <= 1 ? 0 : (int)(Next() % (uint)below);

    /// <summary>True once in so many times.</summary>
    public bool OneIn(int times) => Next(times) == 0;
}
