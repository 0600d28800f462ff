using BackupTools.Engines.Sqlite;
using BackupTools.Files;
using BackupTools.Tests.Files;

namespace BackupTools.Tests.Engines.Sqlite;

/// <summary>Pages in any order, written by several threads, make the file and the fingerprints of the last content of each.</summary>
public sealed class StateFileTests : IDisposable
{
    private const int PageSize = 512;
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, true)]
    [InlineData(3, false)]
    [InlineData(4, true)]
    public void Pages_laid_over_one_another_are_the_last_of_each(int seed, bool repeats)
    {
        var random = new Random(seed);
        var expected = new byte[9000 * PageSize];
        var macs = new PageMacs(PageMacs.NewKey(), 8000);
        using (var file = new ReadBackFile(LocalDisk.Instance.CreateNew(_temp["f"])))
        using (var state = new StateFile(file, macs, repeats))
        {
            WriteAll(state, expected, 9000, random);
            for (var round = 0; round < 6; round++)
            {
                var chosen = repeats
                    ? Enumerable.Range(0, 5000).Select(_ => (uint)random.Next(1, 9001)).ToArray()
                    : [.. Enumerable.Range(1, 9000).Where(_ => random.Next(3) == 0).Select(n => (uint)n)];
                foreach (var number in chosen)
                {
                    var page = expected.AsSpan((int)(number - 1) * PageSize, PageSize);
                    random.NextBytes(page);
                    state.Write(number, page);
                }
                state.Resize(9000, PageSize);
            }
            // Shorter, and longer again: what was cut off does not come back.
            state.Resize(5000, PageSize);
            expected.AsSpan(5000 * PageSize).Clear();
            expected = expected[..(8000 * PageSize)];
            WriteAll(state, expected, 8000, random);
        }
        Assert.Equal(expected, File.ReadAllBytes(_temp["f"]));
        var fresh = new PageMacs(macs.Key, 8000);
        using var mac = fresh.NewMac();
        for (var number = 1u; number <= 8000; number++)
        {
            fresh.Set(number, expected.AsSpan((int)(number - 1) * PageSize, PageSize), mac);
        }
        Assert.Equal(fresh.Digest(), macs.Digest());
    }

    private static void WriteAll(StateFile state, byte[] expected, uint pages, Random random)
    {
        for (var number = 1u; number <= pages; number++)
        {
            var page = expected.AsSpan((int)(number - 1) * PageSize, PageSize);
            random.NextBytes(page);
            state.Write(number, page);
        }
        state.Resize(pages, PageSize);
    }
}
