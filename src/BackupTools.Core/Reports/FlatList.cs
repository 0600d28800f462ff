using System.Collections.ObjectModel;

namespace BackupTools.Reports;

/// <summary>
/// A list that is its items' texts where only a text can be shown: Export-Csv, and ConvertTo-Json below its depth, call
/// ToString, which would otherwise name a type.
/// </summary>
internal sealed class FlatList<T>(IReadOnlyList<T> items) : ReadOnlyCollection<T>([.. items])
{
    public override string ToString() => string.Join("; ", this);
}
