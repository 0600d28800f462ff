using System.IO.Hashing;

namespace BackupTools.Benchmarks.Data;

/// <summary>A unique index over the ids 0, 1, 2, … in heap order (PowDB format, §4).</summary>
internal static class PowDbIndex
{
    private const int Fanout = 128;

    public static void Write(string path, int rows, int rowsPerPage)
    {
        // Leaves first, then each level over the one below, the root last: children always have smaller numbers.
        var levels = new List<(int First, int Count)> { (0, (rows + Fanout - 1) / Fanout) };
        while (levels[^1].Count > 1)
        {
            var (first, count) = levels[^1];
            levels.Add((first + count, (count + Fanout - 1) / Fanout));
        }
        var nodes = levels.Sum(l => l.Count);
        var crc = new Crc32();
        using var file = DataFile.Create(path, crc);
        file.Write("BIDX"u8);
        file.Write((ushort)1);
        file.Write((uint)(nodes - 1));
        file.Write((uint)nodes);
        WriteLeaves(file, rows, rowsPerPage, levels[0].Count);
        var span = (long)Fanout; // ids under one node of the level below
        for (var level = 1; level < levels.Count; level++)
        {
            WriteLevel(file, levels[level - 1], levels[level].Count, span);
            span *= Fanout;
        }
        file.Spill();
        file.Write(crc.GetCurrentHashAsUInt32());
    }

    private static void WriteLeaves(DataFile file, int rows, int rowsPerPage, int leaves)
    {
        for (var leaf = 0; leaf < leaves; leaf++)
        {
            var first = leaf * Fanout;
            var count = Math.Min(Fanout, rows - first);
            file.Write((byte)1);
            file.Write((uint)count);
            for (var id = first; id < first + count; id++)
            {
                WriteKey(file, id);
            }
            for (var id = first; id < first + count; id++)
            {
                file.Write((uint)(id / rowsPerPage));
                file.Write((ushort)(id % rowsPerPage));
            }
            var last = leaf == leaves - 1;
            file.Write((byte)(last ? 0 : 1));
            if (!last)
            {
                file.Write((uint)(leaf + 1));
            }
        }
    }

    private static void WriteLevel(DataFile file, (int First, int Count) below, int count, long span)
    {
        for (var node = 0; node < count; node++)
        {
            var firstChild = node * Fanout;
            var children = Math.Min(Fanout, below.Count - firstChild);
            file.Write((byte)0);
            file.Write((uint)(children - 1));
            for (var child = firstChild + 1; child < firstChild + children; child++)
            {
                WriteKey(file, child * span); // the first id under the child to the right
            }
            file.Write((uint)children);
            for (var child = firstChild; child < firstChild + children; child++)
            {
                file.Write((uint)(below.First + child));
            }
        }
    }

    private static void WriteKey(DataFile file, long id)
    {
        file.Write((byte)1); // Int
        file.Write((ulong)id);
    }
}
