namespace BackupTools.Files.Stores;

/// <summary>A page of a staged file: a file on this machine, or an object of ours in the store, or both.</summary>
internal sealed class SpoolPage(string path, IDisk disk, SpoolRoom room)
{
    private readonly Lock _gate = new();
    private IDiskFile? _file;

    /// <summary>Bytes that are at hand; what lies behind them, up to the end of the page, is zero.</summary>
    private long _here;

    private ParkedPage? _parked;

    /// <summary>When it was touched last, in the room's count.</summary>
    public long Touched { get; private set; }

    /// <summary>What is in the store and nowhere else; null for nothing.</summary>
    public ParkedPage? Parked
    {
        get
        {
            lock (_gate)
            {
                return _here == 0 ? _parked : null;
            }
        }
    }

    public void Write(ReadOnlySpan<byte> bytes, long at)
    {
        using var entered = Enter(at + bytes.Length);
        Discard();
        File.Write(bytes, at);
        _here = Math.Max(_here, at + bytes.Length);
    }

    public void Read(Span<byte> buffer, long at)
    {
        using var entered = Enter(0);
        var here = (int)Math.Clamp(_here - at, 0, buffer.Length);
        if (here > 0)
        {
            HashingCopy.ReadExactly(File, buffer[..here], at);
        }
        buffer[here..].Clear();
    }

    /// <summary>Cuts it off; the room is free again.</summary>
    public void SetLength(long length)
    {
        using var entered = Enter(0);
        if (length < _here)
        {
            Discard();
            Shrink(length);
        }
    }

    /// <summary>Forgets what it has.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            Discard();
            if (_here > 0 && disk.Stat(path) is not null)
            {
                File.SetLength(0);
            }
            room.Give(_here);
            _here = 0;
        }
        Close();
    }

    /// <summary>Makes room of it: what is nowhere else goes to the store. False where somebody works with it.</summary>
    public bool TryPark()
    {
        if (!_gate.TryEnter())
        {
            return false;
        }
        try
        {
            if (_here > 0 && (_parked ??= room.Put(File, _here)) is not null)
            {
                Shrink(0);
                Close();
            }
            return true;
        }
        finally
        {
            _gate.Exit();
        }
    }

    /// <summary>Closes the file; it is opened again when it is needed.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _file?.Dispose();
            _file = null;
        }
    }

    private IDiskFile File => _file ??= disk.Stat(path) is null ? disk.CreateNew(path) : disk.OpenWrite(path);

    /// <summary>
    /// Waits until there is room for so many bytes of it, and brings it here. Nobody waits with a page in his hands: others
    /// would wait for that.
    /// </summary>
    private Entered Enter(long length)
    {
        for (long taken = 0; ; )
        {
            _gate.Enter();
            var needed = Needed(length);
            if (needed > taken)
            {
                _gate.Exit();
                room.Give(taken);
                room.Take(needed);
                taken = needed;
                continue;
            }
            try
            {
                room.Give(taken - needed);
                if (_here == 0 && _parked is not null)
                {
                    room.Fetch(_parked, File);
                    _here = _parked.Length;
                }
                Touched = room.Touch(this);
                return new Entered(_gate);
            }
            catch
            {
                room.Give(needed);
                _gate.Exit();
                throw;
            }
        }
    }

    private long Needed(long length) =>
        Math.Max(length, _here == 0 ? _parked?.Length ?? 0 : 0) is var all && all > _here ? all - _here : 0;

    private void Shrink(long length)
    {
        File.SetLength(length);
        room.Give(_here - length);
        _here = length;
    }

    /// <summary>What is in the store is not what it is any more.</summary>
    private void Discard()
    {
        if (_parked is { } parked)
        {
            _parked = null;
            room.Remove(parked);
        }
    }

    private readonly struct Entered(Lock gate) : IDisposable
    {
        public void Dispose() => gate.Exit();
    }
}

/// <summary>A page that waits in the store.</summary>
/// <param name="What">The object.</param>
/// <param name="Digest">Of its bytes.</param>
internal sealed record ParkedPage(StoreObject What, PartDigest Digest)
{
    public long Length => What.Length;
}
