namespace BackupTools.Files;

/// <summary>
/// Counters only; whoever draws them samples them. Thread-safe. Bytes count to the file that was begun last in the same
/// flow of control, also from the tasks and threads started within it.
/// </summary>
internal sealed class TransferProgress(TimeProvider? clock = null)
{
    /// <summary>The rate forgets what is older than about this.</summary>
    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(5);

    /// <summary>Samples closer together than this say nothing about the rate.</summary>
    private static readonly TimeSpan ShortestInterval = TimeSpan.FromMilliseconds(100);

    private readonly TimeProvider _clock = clock ?? TimeProvider.System;
    private readonly AsyncLocal<CurrentFile?> _current = new();
    private readonly Lock _gate = new();
    private readonly LinkedList<CurrentFile> _files = [];

    private long _totalBytes;
    private long _doneBytes;
    private int _toCome;
    private volatile string _activity = "";

    private long _rateTime = (clock ?? TimeProvider.System).GetTimestamp();
    private long _rateBytes;
    private double _rate;
    private bool _rateKnown;

    /// <summary>What the run does now, for people: "reading", "verifying", "flushing".</summary>
    public string Activity
    {
        get => _activity;
        set => _activity = value;
    }

    /// <summary>Adds to what is expected.</summary>
    public void Expect(long bytes) => Interlocked.Add(ref _totalBytes, bytes);

    /// <summary>
    /// Another stage of unknown size follows: until the result is disposed nobody knows the total, and no bar may show
    /// how much of it is done.
    /// </summary>
    public IDisposable MoreToCome() => new Stage(this);

    /// <summary>Bytes done; negative for those that a new attempt will do again.</summary>
    public void Advance(long bytes)
    {
        Interlocked.Add(ref _doneBytes, bytes);
        _current.Value?.Advance(bytes);
    }

    /// <summary>Forgets what was expected and done since a sample, because another attempt begins.</summary>
    public void BackTo(TransferSample sample)
    {
        lock (_gate)
        {
            Interlocked.Exchange(ref _totalBytes, sample.TotalBytes);
            Interlocked.Exchange(ref _doneBytes, sample.DoneBytes);
        }
    }

    /// <summary>A file is being worked on until the result is disposed.</summary>
    public IDisposable BeginFile(string path, long expectedBytes)
    {
        var file = new CurrentFile(this, path, expectedBytes, _current.Value);
        lock (_gate)
            _files.AddLast(file.Node);
        _current.Value = file;
        return file;
    }

    /// <summary>What the transfer looks like now.</summary>
    public TransferSample Sample()
    {
        lock (_gate)
        {
            // In this order: what is still to come is counted before it is said to be.
            var isCounted = Volatile.Read(ref _toCome) == 0;
            var done = Interlocked.Read(ref _doneBytes);
            var expected = Interlocked.Read(ref _totalBytes);
            var total = Math.Max(expected, done);
            // More than was expected: then nobody knows how much it will be. A bar that is full meanwhile would lie.
            var isKnown = expected > 0 && done <= expected && isCounted;
            UpdateRate(done);
            var left = total - done;
            var seconds =
                !isKnown ? -1
                : left == 0 ? 0
                : _rate > 0 ? Math.Min(Math.Ceiling(left / _rate), int.MaxValue)
                : -1;
            return new TransferSample
            {
                Activity = _activity,
                TotalBytes = total,
                DoneBytes = done,
                Percent = isKnown ? (int)(100.0 * Math.Max(done, 0) / expected) : -1,
                CurrentFiles = [.. _files.Select(f => f.Show())],
                Rate = _rate,
                SecondsRemaining = (int)seconds,
            };
        }
    }

    /// <summary>Exponential smoothing by elapsed time, so that how often someone samples makes no difference.</summary>
    private void UpdateRate(long done)
    {
        var now = _clock.GetTimestamp();
        var elapsed = _clock.GetElapsedTime(_rateTime, now);
        if (elapsed < ShortestInterval)
            return;
        var recent = Math.Max(0, (done - _rateBytes) / elapsed.TotalSeconds);
        var weight = _rateKnown ? 1 - Math.Exp(-elapsed / Memory) : 1;
        _rate += weight * (recent - _rate);
        _rateKnown |= done > 0;
        _rateTime = now;
        _rateBytes = done;
    }

    private void End(CurrentFile file)
    {
        lock (_gate)
        {
            if (file.Node.List is null)
                return;
            _files.Remove(file.Node);
        }
        if (_current.Value == file)
            _current.Value = file.Outer;
    }

    private sealed class Stage : IDisposable
    {
        private TransferProgress? _progress;

        public Stage(TransferProgress progress)
        {
            _progress = progress;
            Interlocked.Increment(ref progress._toCome);
        }

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _progress, null) is { } progress)
            {
                Interlocked.Decrement(ref progress._toCome);
            }
        }
    }

    private sealed class CurrentFile : IDisposable
    {
        private readonly TransferProgress _progress;
        private readonly string _path;
        private readonly long _expected;
        private long _done;

        public CurrentFile(TransferProgress progress, string path, long expected, CurrentFile? outer)
        {
            _progress = progress;
            _path = path;
            _expected = expected;
            Outer = outer;
            Node = new LinkedListNode<CurrentFile>(this);
        }

        public CurrentFile? Outer { get; }

        public LinkedListNode<CurrentFile> Node { get; }

        public void Advance(long bytes) => Interlocked.Add(ref _done, bytes);

        public FileProgress Show()
        {
            var done = Interlocked.Read(ref _done);
            return new FileProgress(_path, done, Math.Max(_expected, done));
        }

        public void Dispose() => _progress.End(this);
    }
}
