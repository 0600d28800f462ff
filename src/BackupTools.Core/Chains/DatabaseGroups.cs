namespace BackupTools.Chains;

/// <summary>
/// Tells chains of several databases of one name apart, as far as their bundles do: no rule for one may remove what
/// only another has. Chains that nothing tells apart stay together.
/// </summary>
internal static class DatabaseGroups
{
    /// <summary>The chains by database; engine and series first.</summary>
    public static IEnumerable<IReadOnlyList<BackupChain>> Of(IEnumerable<BackupChain> chains) =>
        chains.GroupBy(c => (c.Engine, c.Series)).SelectMany(Split);

    private static IEnumerable<IReadOnlyList<BackupChain>> Split(IEnumerable<BackupChain> sameName)
    {
        var all = sameName.ToList();
        var groups = all.Where(c => Origin(c) is not null)
            .GroupBy(c => Origin(c)!)
            .Select(g => new Span([.. g]))
            .OrderBy(s => s.First)
            .ToList();
        var databases = new List<Span>();
        foreach (var group in groups)
        {
            // A value that is not lasting may follow one that is over. One that comes between is of another database.
            var before = group.IsLasting ? null : databases.Where(d => d.Last < group.First).MaxBy(d => d.Last);
            if (before is null)
            {
                databases.Add(group);
            }
            else
            {
                before.Chains.AddRange(group.Chains);
                before.Last = group.Last;
            }
        }
        var unknown = all.Where(c => Origin(c) is null).ToList();
        return databases.Count switch
        {
            0 or 1 => [all],
            _ when unknown.Count == 0 => databases.Select(d => d.Chains),
            _ => databases.Select(d => d.Chains).Append(unknown),
        };
    }

    private static BundleOrigin? Origin(BackupChain chain) => chain.Full?.Origin;

    /// <summary>Chains of one origin, and from when to when they were added to.</summary>
    private sealed class Span(List<BackupChain> chains)
    {
        public List<BackupChain> Chains { get; } = chains;

        public bool IsLasting => Origin(Chains[0])!.IsLasting;

        public DateTimeOffset First { get; } = chains.Min(c => c.Full!.OrderUtc);

        public DateTimeOffset Last { get; set; } = chains.SelectMany(c => c.Bundles).Max(b => b.OrderUtc);
    }
}
