using System.Collections.Concurrent;
using BackupTools.Files;
using BackupTools.Formats.Primitives;
using BackupTools.Formats.Sqlite;

namespace BackupTools.Engines.Sqlite;

/// <summary>
/// A database file that pages are written into, while the next are made: neighbours together, and others by the block.
/// Disposed before the file is.
/// </summary>
internal sealed class StateFile : IDisposable
{
    private readonly IDiskFile _file;
    private readonly PageMacs? _macs;
    private readonly PerThread<PageMac>? _tools;
    private readonly BlockRing _ring;
    private readonly ConcurrentDictionary<long, List<Run>> _submitted = new();
    private Memory<byte> _block;
    private List<Run> _runs = [];
    private int _have;
    private int _pageSize;
    private long _blocks;
    private uint _pages;

    /// <summary>Begins with an empty file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="macs">Takes the fingerprints of what is written; null for none.</param>
    /// <param name="repeats">
    /// A page may come twice between two <see cref="Resize"/>: then one thread writes, so that it has its last content.
    /// </param>
    public StateFile(IDiskFile file, PageMacs? macs, bool repeats)
    {
        (_file, _macs) = (file, macs);
        _tools = macs is null ? null : new(macs.NewMac);
        _ring = new BlockRing(repeats ? [Write] : [Write, Write]);
        _block = _ring.Next();
    }

    /// <summary>Pages that follow one another, in a block.</summary>
    private readonly record struct Run(uint First, int Start, int Length);

    /// <summary>Writes a page; the lock page stays zeros.</summary>
    public void Write(uint number, ReadOnlySpan<byte> page)
    {
        if (number == SqlitePages.LockPage(page.Length))
        {
            return;
        }
        _pageSize = page.Length;
        if (_have + page.Length > _block.Length)
        {
            Submit();
        }
        if (_runs is [.., var last] && number == last.First + (last.Length / page.Length))
        {
            _runs[^1] = last with { Length = last.Length + page.Length };
        }
        else
        {
            _runs.Add(new Run(number, _have, page.Length));
        }
        page.CopyTo(_block.Span[_have..]);
        _have += page.Length;
        _pages = Math.Max(_pages, number);
    }

    /// <summary>The file has so many pages from now on; what is cut off reads as zeros if it comes back.</summary>
    public void Resize(uint pages, int pageSize)
    {
        Submit();
        _ring.Finish();
        if (pages != _pages || _file.Length != (long)pages * pageSize)
        {
            _file.SetLength((long)pages * pageSize);
            _pages = pages;
        }
    }

    public void Dispose()
    {
        _ring.Dispose();
        _tools?.Dispose();
    }

    private void Submit()
    {
        if (_have > 0)
        {
            _submitted[_blocks] = _runs;
            _ring.Submit(_have, _blocks++);
            _runs = [];
            _have = 0;
            _block = _ring.Next();
        }
    }

    private void Write(ReadOnlySpan<byte> block, long number)
    {
        _ = _submitted.TryRemove(number, out var runs);
        foreach (var run in runs!)
        {
            var pages = block.Slice(run.Start, run.Length);
            _file.Write(pages, (run.First - 1L) * _pageSize);
            // Earlier states may have been longer than the one that is asked for.
            for (var page = run.First; page <= _macs?.Pages && !pages.IsEmpty; page++)
            {
                _macs.Set(page, pages[.._pageSize], _tools!.Value);
                pages = pages[_pageSize..];
            }
        }
    }
}
