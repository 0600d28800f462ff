namespace BackupTools.Files.Stores;

/// <summary>A staged file in pages, each of which is on this machine or waits in the store.</summary>
/// <param name="path">Its name, which also has what is at hand of the first page.</param>
/// <param name="pagesFolder">Where the other pages are.</param>
/// <param name="disk">Of both.</param>
/// <param name="room">What they share with other files.</param>
internal sealed class SpooledFile(string path, string pagesFolder, IDisk disk, SpoolRoom room)
{
    private readonly Lock _gate = new();
    private readonly List<SpoolPage> _pages = [];
    private long _length;
    private int _handles;

    public long Length
    {
        get
        {
            lock (_gate)
            {
                return _length;
            }
        }
    }

    public IDiskFile Open()
    {
        lock (_gate)
        {
            _handles++;
        }
        return new SpooledHandle(this);
    }

    public void SetLength(long length)
    {
        List<SpoolPage> gone;
        lock (_gate)
        {
            var kept = (int)((length + room.PageSize - 1) / room.PageSize);
            gone = [.. _pages.Skip(kept)];
            _pages.RemoveRange(Math.Min(kept, _pages.Count), gone.Count);
            _length = length;
        }
        gone.ForEach(p => p.Clear());
        if (length % room.PageSize is > 0 and var rest && Existing(length) is { } last)
        {
            last.SetLength(rest);
        }
    }

    private int Read(Span<byte> buffer, long offset)
    {
        var (at, length) = (offset % room.PageSize, Length);
        var count = (int)Math.Clamp(Math.Min(length - offset, room.PageSize - at), 0, buffer.Length);
        if (Existing(offset) is { } page)
        {
            page.Read(buffer[..count], at);
        }
        else
        {
            buffer[..count].Clear();
        }
        return count;
    }

    private void Write(ReadOnlySpan<byte> buffer, long offset)
    {
        while (!buffer.IsEmpty)
        {
            var at = offset % room.PageSize;
            var part = buffer[..(int)Math.Min(buffer.Length, room.PageSize - at)];
            Page(offset).Write(part, at);
            offset += part.Length;
            buffer = buffer[part.Length..];
            lock (_gate)
            {
                _length = Math.Max(_length, offset);
            }
        }
    }

    private SpoolPage? Existing(long offset)
    {
        lock (_gate)
        {
            var number = offset / room.PageSize;
            return number < _pages.Count ? _pages[(int)number] : null;
        }
    }

    private SpoolPage Page(long offset)
    {
        lock (_gate)
        {
            for (var number = _pages.Count; number <= offset / room.PageSize; number++)
            {
                var name = number == 0 ? path : Path.Combine(pagesFolder, $"{Guid.NewGuid():N}");
                _pages.Add(new SpoolPage(name, disk, room));
            }
            return _pages[(int)(offset / room.PageSize)];
        }
    }

    private void Close()
    {
        List<SpoolPage> pages;
        lock (_gate)
        {
            pages = --_handles == 0 ? [.. _pages] : [];
        }
        pages.ForEach(p => p.Close());
    }

    /// <summary>The file, opened.</summary>
    internal sealed class SpooledHandle(SpooledFile file) : IDiskFile
    {
        private bool _isClosed;

        public string Path => file.Name;

        public long Length => file.Length;

        /// <summary>The part of the file that is a page and waits in the store, unchanged; null where it is at hand.</summary>
        public ParkedPage? Parked(FileRange range) =>
            range.Start % file.PageSize == 0
            && file.Existing(range.Start)?.Parked is { } parked
            && parked.Length == range.Length
                ? parked
                : null;

        /// <summary>Whether any of it is not at hand.</summary>
        public bool HasParked
        {
            get
            {
                lock (file._gate)
                {
                    return file._pages.Exists(p => p.Parked is not null);
                }
            }
        }

        public DiskEntry Stat() => file.Stat();

        public int Read(Span<byte> buffer, long offset) => file.Read(buffer, offset);

        public void Write(ReadOnlySpan<byte> buffer, long offset) => file.Write(buffer, offset);

        public void SetLength(long length) => file.SetLength(length);

        /// <summary>An object is dated by when it was put there.</summary>
        public void SetModified(DateTimeOffset time) { }

        /// <summary>What is staged for a store need not survive.</summary>
        public void Flush() { }

        public void Dispose()
        {
            if (!_isClosed)
            {
                _isClosed = true;
                file.Close();
            }
        }
    }

    private string Name => path;

    private long PageSize => room.PageSize;

    private DiskEntry Stat() => disk.Stat(path)! with { Length = Length };
}
