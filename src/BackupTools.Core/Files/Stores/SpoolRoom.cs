namespace BackupTools.Files.Stores;

/// <summary>
/// The room that staged pages have on this machine. When half of it is taken, those that were not touched for longest go to
/// the store, several at once; who needs more than is left waits for that. In a store that keeps what it gets, or from which
/// nothing may be removed, all stays here, as much as it is: nothing must have to be removed for a backup.
/// </summary>
/// <param name="parking">Where pages wait.</param>
/// <param name="limit">Bytes.</param>
/// <param name="pageSize">Bytes.</param>
/// <param name="parallel">Pages on the way at once.</param>
/// <param name="stop">Ends the run.</param>
internal sealed class SpoolRoom(StoreParking parking, long limit, long pageSize, int parallel, CancellationToken stop)
    : IDisposable
{
    private static readonly TimeSpan Pulse = TimeSpan.FromMilliseconds(200);

    private readonly object _gate = new();
    private readonly HashSet<SpoolPage> _here = [];
    private readonly List<ParkedPage> _gone = [];
    private readonly List<Thread> _workers = [];
    private long _used;
    private long _count;
    private bool _isOver;
    private Exception? _failure;

    public long PageSize => pageSize;

    /// <summary>Takes so much of the room; waits until there is.</summary>
    /// <exception cref="Errors.BackupException">A page could not be sent.</exception>
    public void Take(long bytes)
    {
        lock (_gate)
        {
            while (parking.IsOpen && _used > 0 && _used + bytes > limit)
            {
                if (_failure is { } failure)
                {
                    System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
                }
                stop.ThrowIfCancellationRequested();
                Work();
                Monitor.Wait(_gate, Pulse);
            }
            _used += bytes;
            if (_used > limit / 2)
            {
                Work();
            }
        }
    }

    /// <summary>Gives it back.</summary>
    public void Give(long bytes)
    {
        lock (_gate)
        {
            _used -= bytes;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Counts: a page is worked with.</summary>
    public long Touch(SpoolPage page)
    {
        lock (_gate)
        {
            _here.Add(page);
            return ++_count;
        }
    }

    public ParkedPage? Put(IDiskFile file, long length) => parking.Put(file, length);

    public void Fetch(ParkedPage page, IDiskFile target) => parking.Fetch(page, target);

    /// <summary>It is not needed any more; it goes in the end.</summary>
    public void Remove(ParkedPage page)
    {
        lock (_gate)
        {
            _gone.Add(page);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isOver = true;
            Monitor.PulseAll(_gate);
        }
        _workers.ForEach(w => w.Join());
        parking.Remove(_gone);
    }

    /// <summary>Under the gate: sees to it that somebody makes room.</summary>
    private void Work()
    {
        if (_workers.Count < parallel && parking.IsOpen && !_isOver)
        {
            var worker = new Thread(Park) { IsBackground = true, Name = "spool" };
            _workers.Add(worker);
            worker.Start();
        }
        Monitor.PulseAll(_gate);
    }

    private void Park()
    {
        try
        {
            while (Next() is { } page)
            {
                var isParked = page.TryPark();
                lock (_gate)
                {
                    if (!isParked)
                    {
                        _here.Add(page);
                    }
                    Monitor.PulseAll(_gate);
                }
            }
        }
        catch (Exception e)
        {
            lock (_gate)
            {
                _failure ??= e;
                Monitor.PulseAll(_gate);
            }
        }
    }

    /// <summary>The page that was not touched for longest, once more than half of the room is taken; null when all is over.</summary>
    private SpoolPage? Next()
    {
        lock (_gate)
        {
            while (!_isOver && _failure is null && parking.IsOpen)
            {
                if (_used > limit / 2 && _here.MinBy(p => p.Touched) is { } page)
                {
                    _here.Remove(page);
                    return page;
                }
                Monitor.Wait(_gate, Pulse);
            }
            return null;
        }
    }
}
