namespace BackupTools.Formats.Primitives;

/// <summary>BLAKE3, unkeyed, 32-byte output; shaped like the Hasher of the Blake3 package.</summary>
internal sealed class Hasher
{
    public static Hasher New() => new();

    public static Hash Hash(ReadOnlySpan<byte> input) => throw new NotSupportedException();

    public void Update(ReadOnlySpan<byte> data) => throw new NotSupportedException();

    /// <summary>Like Update, using several threads where the input is large enough to gain.</summary>
    public void UpdateWithJoin(ReadOnlySpan<byte> data) => throw new NotSupportedException();

    public Hash Finalize() => throw new NotSupportedException();

    public void Reset() => throw new NotSupportedException();
}

/// <summary>A 32-byte digest; ToString gives 64 lower-case hex characters.</summary>
internal readonly struct Hash { }
