using System.Globalization;

namespace BackupTools.Chains;

/// <summary>A place in a database's history: a number with its unit.</summary>
internal readonly record struct ChainPosition(ulong Value, PositionUnit Unit) : IComparable<ChainPosition>
{
    /// <summary>Orders two positions of the same unit.</summary>
    /// <exception cref="InvalidOperationException">The units differ.</exception>
    public int CompareTo(ChainPosition other) =>
        Unit == other.Unit
            ? Value.CompareTo(other.Value)
            : throw new InvalidOperationException($"cannot compare {Unit} with {other.Unit}");

    public static bool operator <(ChainPosition left, ChainPosition right) => left.CompareTo(right) < 0;

    public static bool operator >(ChainPosition left, ChainPosition right) => left.CompareTo(right) > 0;

    public static bool operator <=(ChainPosition left, ChainPosition right) => left.CompareTo(right) <= 0;

    public static bool operator >=(ChainPosition left, ChainPosition right) => left.CompareTo(right) >= 0;

    /// <summary>The bare number, invariant.</summary>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
