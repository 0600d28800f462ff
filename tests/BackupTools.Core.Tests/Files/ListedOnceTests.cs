using BackupTools.Files;

namespace BackupTools.Tests.Files;

/// <summary>One look at a folder: what was listed is not asked about again, and what was not is.</summary>
public sealed class ListedOnceTests
{
    private readonly MemoryDisk _memory = new();
    private readonly CountingDisk _inner;
    private readonly ListedOnce _look;

    public ListedOnceTests()
    {
        _memory.Put("/b/one", "1"u8);
        _memory.Put("/b/small/x", "x"u8);
        for (var i = 0; i < 100; i++)
        {
            _memory.Put($"/b/large/{i}", "x"u8);
            _memory.Put($"/elsewhere/{i}", "x"u8);
        }
        _inner = new CountingDisk(_memory);
        _look = new ListedOnce(_inner, "/b");
    }

    [Fact]
    public void The_folder_and_a_large_one_in_it_are_listed_once()
    {
        foreach (var folder in new[] { "/b", "/b/large", "/b/small", "/elsewhere" })
        {
            Assert.Equal(_look.List(folder), _look.List(folder));
        }
        Assert.Equal(["/b", "/b/large", "/b/small", "/b/small", "/elsewhere", "/elsewhere"], _inner.Listed);
    }

    [Fact]
    public void What_was_listed_is_shown_as_it_was()
    {
        var listed = _look.List("/b").Concat(_look.List("/b/large")).ToList();
        _memory.Put("/b/one", "longer"u8);
        Assert.All(listed, entry => Assert.Same(entry, _look.Stat(entry.Path)));
        Assert.Empty(_inner.Asked);
        Assert.Equal("longer"u8.Length, new ListedOnce(_memory, "/b").Stat("/b/one")!.Length);
    }

    [Fact]
    public void What_was_not_listed_is_asked_for()
    {
        Assert.NotNull(_look.Stat("/b/one"));
        _look.List("/b");
        _memory.Put("/b/new", "x"u8);
        Assert.NotNull(_look.Stat("/b/new"));
        Assert.Null(_look.Stat("/b/none"));
        Assert.NotNull(_look.Stat("/b/small/x"));
        Assert.Equal(["/b/one", "/b/new", "/b/none", "/b/small/x"], _inner.Asked);
    }

    private sealed class CountingDisk(IDisk inner) : ForwardingDisk(inner)
    {
        public List<string> Listed { get; } = [];

        public List<string> Asked { get; } = [];

        public override IReadOnlyList<DiskEntry> List(string folder)
        {
            Listed.Add(folder);
            return base.List(folder);
        }

        public override DiskEntry? Stat(string path)
        {
            Asked.Add(path);
            return base.Stat(path);
        }
    }
}
