using System.Buffers;
using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.PowDb;

namespace BackupTools.Engines.PowDb;

/// <summary>
/// The state as the pages of a chain tell it, where side files do not: each needed page is read and proved once, by the
/// digests of the manifests; its fingerprint goes to a scratch file in staging.
/// </summary>
internal sealed class PowDbChainBaseline(IDiskFile scratch, IDisk disk) : PowDbBaseline
{
    private const string ScratchName = "baseline";

    private readonly Dictionary<string, (long Offset, PageSet Known)> _heaps = new(StringComparer.Ordinal);

    /// <summary>Reads the chain.</summary>
    /// <exception cref="BackupException">The chain is damaged, so that nothing can be built on it.</exception>
    public static new PowDbChainBaseline Open(
        IReadOnlyList<BundleHeader> path,
        StagingArea staging,
        EngineContext context
    )
    {
        var bundles = PowDbContinuity.Open(path, context);
        var state = PowDbState.Of(bundles);
        var catalog = PowDbStateCatalog.Read(state.Parts, context);
        var parts = state.Belonging(catalog, bundles[^1].ReadState(context)).Where(p => !p.IsWal).ToArray();
        foreach (var part in parts)
        {
            PowDbAssembly.RequireFiles(part, context);
        }
        context.Disk.DeleteFile(staging.PathOf(ScratchName));
        var made = new PowDbChainBaseline(staging.CreateFile(ScratchName), context.Disk)
        {
            Parent = bundles[^1],
            Files = parts.ToDictionary(
                p => p.Name,
                p => new PowDbBaseFile(p.Name, p.Length, p.Layers.Count == 0 ? p.Whole!.Blake3 : null),
                StringComparer.Ordinal
            ),
            On = null,
            Depth = 0,
            Key = PowDbPageMac.NewKey(),
        };
        return made.Into(baseline =>
        {
            baseline.Fill(parts, context);
            return baseline;
        });
    }

    public override void ReadWindow(
        string heap,
        uint window,
        int pages,
        Span<byte> fingerprints,
        PageSet known,
        PageSet repeat
    )
    {
        if (!_heaps.TryGetValue(heap, out var found))
        {
            return;
        }
        var first = (long)window * PowDbFingerprints.WindowPages;
        var bytes = fingerprints[..(pages * PowDbFingerprints.Size)];
        HashingCopy.ReadExactly(scratch, bytes, found.Offset + (first * PowDbFingerprints.Size));
        for (var page = 0; page < pages; page++)
        {
            if (found.Known.Contains(first + page))
            {
                known.Add(page);
            }
        }
    }

    public override void Dispose()
    {
        scratch.Dispose();
        disk.DeleteFile(scratch.Path);
    }

    private void Fill(IReadOnlyList<PowDbStatePart> parts, EngineContext context)
    {
        long offset = 0;
        foreach (var part in parts)
        {
            if (part.IsPaged)
            {
                _heaps.Add(part.Name, (offset, new PageSet(part.Pages)));
                offset += part.Pages * PowDbFingerprints.Size;
            }
        }
        scratch.SetLength(offset);
        foreach (var part in parts.Where(p => p.IsPaged))
        {
            var (start, known) = _heaps[part.Name];
            PowDbAssembly.Run(part, context.ThrottleLimit, (at, pages) => Take(start, known, at, pages), context);
        }
    }

    private void Take(long start, PageSet known, long at, ReadOnlySpan<byte> pages)
    {
        var first = at / PowDbPage.Size;
        var count = pages.Length / PowDbPage.Size;
        var rented = ArrayPool<byte>.Shared.Rent(count * PowDbFingerprints.Size);
        try
        {
            var fingerprints = rented.AsSpan(0, count * PowDbFingerprints.Size);
            using var mac = new PowDbPageMac(Key);
            mac.Compute(pages, fingerprints);
            scratch.Write(fingerprints, start + (first * PowDbFingerprints.Size));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
        lock (known)
        {
            for (var i = 0; i < count; i++)
            {
                known.Add(first + i);
            }
        }
    }
}
