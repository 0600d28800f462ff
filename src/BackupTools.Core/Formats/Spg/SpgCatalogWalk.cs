namespace BackupTools.Formats.Spg;

/// <summary>
/// Walks a catalogue of FILE_VERSION 8 or 9 to its exact end (tier T2 of SPG format, §3.3), fed with pieces of any
/// size, in constant memory.
/// </summary>
/// <param name="length">Bytes of the catalogue.</param>
/// <param name="baseOffset">Where it begins in its file, for the offsets of errors.</param>
internal sealed class SpgCatalogWalk(long length, long baseOffset) : SpgFedWalk(length, baseOffset)
{
    private const int MaxBitmap = 32;
    private const int MostColdSegmentsNamed = 16;

    private readonly SortedSet<uint> _coldSegments = [];
    private readonly List<byte> _types = [];
    private readonly byte[] _nulls = new byte[MaxBitmap];
    private byte _version;

    /// <summary>True when a column type was met whose cells are laid out in a way not known: the rest is not judged.</summary>
    public bool IsOpaque { get; private set; }

    /// <summary>Ids of segment files that rows live in; the first few.</summary>
    public IReadOnlyCollection<uint> ColdSegments => _coldSegments;

    /// <summary>Tells that all bytes were given.</summary>
    public void Finish()
    {
        if (!IsOpaque && Left > 0)
        {
            throw Malformed($"trailing bytes: {Left} unread");
        }
    }

    protected override IEnumerable<int> Steps()
    {
        yield return 13;
        Advance(8);
        _version = U8();
        for (var tables = U32(); tables > 0 && !IsOpaque; tables--)
        {
            foreach (var need in Table())
            {
                yield return need;
            }
        }
        // So that a skip at the very end is carried out.
        yield return 0;
    }

    private IEnumerable<int> Table()
    {
        foreach (var need in Columns())
        {
            yield return need;
        }
        yield return 4;
        var rows = U32();
        // Without columns a row takes no byte: nothing to walk, however many there are said to be.
        var bitmap = (_types.Count + 7) / 8;
        RefuseBitmap(rows > 0 ? bitmap : 0);
        if (rows > 0 && _types.Exists(t => t is SpgColumnType.VectorSq8 or SpgColumnType.VectorHalf))
        {
            IsOpaque = true;
            yield break;
        }
        for (; rows > 0 && bitmap > 0; rows--)
        {
            rows -= Run(SpgCatalogRuns.Rows(AtHand, _types, rows, out var used), used);
            if (rows == 0)
            {
                break;
            }
            yield return bitmap;
            AtHand[..bitmap].CopyTo(_nulls);
            Advance(bitmap);
            for (var i = 0; i < _types.Count; i++)
            {
                if ((_nulls[i >> 3] >> (i & 7) & 1) != 0)
                {
                    continue;
                }
                // Inlined, not a coroutine of its own: this is the one place that runs once per cell.
                var size = SpgColumnType.CellSize(_types[i]);
                if (size is SpgColumnType.Text)
                {
                    yield return 2;
                    size = U16();
                    yield return size;
                    CheckText(size);
                }
                else if (size is SpgColumnType.Floats)
                {
                    yield return 4;
                    Skip(4UL * U32());
                    // The vector may be the row's end, and the next run of rows is not to begin inside it.
                    yield return 0;
                }
                else
                {
                    yield return size;
                    Advance(size);
                }
            }
        }
        foreach (var need in Indexes())
        {
            yield return need;
        }
    }

    private void RefuseBitmap(int bitmap)
    {
        if (bitmap > MaxBitmap)
        {
            throw Malformed($"row NULL bitmap {bitmap} B exceeds {MaxBitmap} B cap");
        }
    }

    /// <summary>The name of a table, and its columns.</summary>
    private IEnumerable<int> Columns()
    {
        yield return 2;
        var nameLength = U16();
        yield return nameLength;
        _ = Text(nameLength);
        yield return 2;
        _types.Clear();
        for (var columns = U16(); columns > 0; columns--)
        {
            foreach (var need in Column())
            {
                yield return need;
            }
        }
    }

    private IEnumerable<int> Indexes()
    {
        yield return 2;
        for (var indexes = U16(); indexes > 0; indexes--)
        {
            foreach (var need in Index())
            {
                yield return need;
            }
        }
    }

    private IEnumerable<int> Column()
    {
        yield return 2;
        var nameLength = U16();
        yield return nameLength;
        CheckText(nameLength);
        yield return 1;
        var type = U8();
        var parameters = SpgColumnType.ParameterSize(type);
        if (parameters < 0)
        {
            throw Malformed($"unknown data type tag: {type}", 1);
        }
        _types.Add(type);
        yield return parameters;
        Advance(parameters);
        yield return 1; // nullable
        Advance(1);
        yield return 1;
        var defaultTag = U8();
        if (defaultTag > 1)
        {
            throw Malformed($"unknown default tag: {defaultTag}", 1);
        }
        if (defaultTag == 1)
        {
            yield return 1;
            var tag = U8();
            var size = SpgColumnType.TaggedSize(tag);
            if (size is SpgColumnType.Unknown)
            {
                throw Malformed($"unknown value tag: {tag}", 1);
            }
            if (size is SpgColumnType.Text)
            {
                yield return 2;
                size = U16();
                yield return size;
                CheckText(size);
            }
            else if (size is SpgColumnType.Floats)
            {
                yield return 4;
                Skip(4UL * U32());
            }
            else
            {
                yield return size;
                Advance(size);
            }
        }
        yield return 1; // auto_increment
        Advance(1);
    }

    private IEnumerable<int> Index()
    {
        yield return 2;
        var nameLength = U16();
        yield return nameLength;
        var name = Text(nameLength);
        yield return 2;
        var column = U16();
        if (column >= _types.Count)
        {
            throw Malformed($"index \"{name}\" points at non-existent column position {column}", 2);
        }
        yield return 1;
        var kind = U8();
        if (kind > 1)
        {
            throw Malformed($"unknown index kind tag: {kind}", 1);
        }
        if (kind == 0 && _version >= 9)
        {
            foreach (var need in BTreeEntries())
            {
                yield return need;
            }
        }
        else if (kind == 1)
        {
            foreach (var need in NearestNeighbours())
            {
                yield return need;
            }
        }
    }

    private IEnumerable<int> BTreeEntries()
    {
        yield return 4;
        for (var entries = U32(); entries > 0; entries--)
        {
            entries -= Run(SpgCatalogRuns.BTreeEntries(AtHand, entries, out var used), used);
            if (entries == 0)
            {
                break;
            }
            yield return 1;
            var tag = U8();
            int size;
            switch (tag)
            {
                case 0:
                    size = 8;
                    break;
                case 1:
                    yield return 2;
                    size = U16();
                    break;
                case 2:
                    size = 1;
                    break;
                default:
                    throw Malformed($"unknown index key tag: {tag}", 1);
            }
            yield return size;
            if (tag == 1)
            {
                CheckText(size);
            }
            else
            {
                Advance(size);
            }
            yield return 4;
            for (var locators = U32(); locators > 0; locators--)
            {
                yield return 9;
                ReadLocator();
            }
        }
    }

    private IEnumerable<int> NearestNeighbours()
    {
        yield return 2 + 2 + 4 + 1; // M, m_max_0, entry, entry_level
        Advance(9);
        yield return 4;
        Skip(U32()); // a level per node
        yield return 1;
        for (var layers = U8(); layers > 0; layers--)
        {
            yield return 4;
            for (var nodes = U32(); nodes > 0; nodes--)
            {
                yield return 2;
                Skip(4UL * U16()); // neighbours
            }
        }
    }

    private uint Run(uint count, int used)
    {
        Advance(used);
        return count;
    }

    private void ReadLocator()
    {
        const byte Hot = 0;
        const byte Cold = 1;
        var tag = U8();
        if (tag > Cold)
        {
            throw Malformed($"unknown row locator tag: {tag}", 1);
        }
        if (tag == Hot)
        {
            Advance(8);
            return;
        }
        var segment = U32();
        Advance(4);
        if (_coldSegments.Count < MostColdSegmentsNamed)
        {
            _coldSegments.Add(segment);
        }
    }
}
