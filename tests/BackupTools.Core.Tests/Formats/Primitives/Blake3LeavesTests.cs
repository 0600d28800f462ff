using BackupTools.Formats.Primitives;

namespace BackupTools.Tests.Formats.Primitives;

public sealed class Blake3LeavesTests
{
    public static TheoryData<int> Counts => [2, 3, 4, 5, 7, 8, 63, 64, 65, 100, 128, 129, 257];

    [Theory]
    [MemberData(nameof(Counts))]
    public void The_digest_made_of_leaves_is_that_of_the_bytes(int leaves)
    {
        var bytes = Bytes(leaves);
        foreach (var path in Enum.GetValues<Blake3Path>().Where(Blake3Tree.IsSupported))
        {
            var tree = new Blake3Leaves();
            var values = new byte[leaves * Hash.Size];
            Blake3Leaves.ChainingValues(path, bytes, 0, values);
            // In two portions, the second computed by itself.
            var cut = leaves / 3;
            tree.Append(values.AsSpan(0, cut * Hash.Size));
            Blake3Leaves.ChainingValues(path, bytes.AsSpan(cut * Blake3Leaves.LeafSize), (ulong)cut, values);
            tree.Append(values.AsSpan(0, (leaves - cut) * Hash.Size));

            Assert.Equal(Hasher.Hash(bytes), tree.Finalize());
        }
    }

    [Fact]
    public void The_same_bytes_at_another_place_have_another_value()
    {
        var page = Bytes(1);
        var first = new byte[Hash.Size];
        var second = new byte[Hash.Size];

        Blake3Leaves.ChainingValues(page, 0, first);
        Blake3Leaves.ChainingValues(page, 1UL << 40, second);

        Assert.NotEqual(first, second);
    }

    [Fact]
    public void Nothing_has_the_digest_of_nothing_and_one_leaf_is_not_made_of_values()
    {
        Assert.Equal(Hasher.Hash([]), new Blake3Leaves().Finalize());

        var tree = new Blake3Leaves();
        tree.Append(new byte[Hash.Size]);
        Assert.Throws<InvalidOperationException>(() => tree.Finalize());
    }

    [Fact]
    public void Parts_of_leaves_and_too_little_room_for_values_are_refused()
    {
        var pages = Bytes(3);

        Assert.Throws<ArgumentOutOfRangeException>(() =>
            Blake3Leaves.ChainingValues(pages.AsSpan(1), 0, new byte[3 * Hash.Size])
        );
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            Blake3Leaves.ChainingValues(pages, 0, new byte[(3 * Hash.Size) - 1])
        );
        Blake3Leaves.ChainingValues([], 0, []);
    }

    private static byte[] Bytes(int leaves)
    {
        var bytes = new byte[leaves * Blake3Leaves.LeafSize];
        new Random(leaves).NextBytes(bytes);
        return bytes;
    }
}
