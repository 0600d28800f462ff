namespace BackupTools.Formats.Grafeo;

/// <summary>
/// Separates, in the frames of a 0.5.x log, what changes the database from what orders transactions, in blocks of any
/// size and constant memory.
/// </summary>
/// <param name="offset">Where the first byte lies in its file.</param>
internal sealed class GrafeoFrameSplitter(long offset)
{
    private readonly GrafeoRecordReader _reader = new(offset);
    private byte[] _held = [];
    private long _at = offset;

    /// <summary>Bytes of frames that change the database.</summary>
    /// <param name="offset">Where they lie in the file.</param>
    /// <param name="bytes">Whole frames or parts of them.</param>
    public delegate void ContentTap(long offset, ReadOnlySpan<byte> bytes);

    /// <summary>True when no frame is half read.</summary>
    public bool AtBoundary => _reader.AtBoundary;

    /// <summary>Takes the next bytes and passes on what is known of them, in order.</summary>
    /// <exception cref="Errors.BackupException">A frame is damaged.</exception>
    public void Take(ReadOnlySpan<byte> block, ContentTap onContent, Action<GrafeoRecord> onOther)
    {
        var rest = block;
        var view = _held.Length == 0 ? block : (ReadOnlySpan<byte>)[.. _held, .. block];
        var start = _at;
        while (_reader.Read(ref rest, out var record))
        {
            if (record.IsContent)
            {
                continue;
            }
            Pass(view, start, record.Offset, onContent);
            onOther(record);
            _at = record.End;
        }
        // What has begun may be one of the other kind, which are short, until it is longer than these.
        var end = start + view.Length;
        Pass(view, start, end - _reader.End < GrafeoRecordReader.MaxOrderingFrame ? _reader.End : end, onContent);
        _held = view[(int)(_at - start)..].ToArray();
    }

    private void Pass(ReadOnlySpan<byte> view, long start, long until, ContentTap onContent)
    {
        if (until > _at)
        {
            onContent(_at, view[(int)(_at - start)..(int)(until - start)]);
            _at = until;
        }
    }
}
