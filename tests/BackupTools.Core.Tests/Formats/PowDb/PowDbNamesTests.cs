using BackupTools.Errors;
using BackupTools.Formats.PowDb;

namespace BackupTools.Tests.Formats.PowDb;

public sealed class PowDbNamesTests
{
    [Theory]
    [InlineData("catalog.bin")]
    [InlineData("catalog.lsn")]
    [InlineData("views.bin")]
    [InlineData("auth.json")]
    [InlineData("wal.log")]
    [InlineData("t.heap")]
    [InlineData("Table_2.heap")]
    [InlineData("t_id.idx")]
    [InlineData("t_7.eidx")]
    [InlineData("a-b.c.heap")]
    [InlineData("..heap")]
    public void The_names_of_durable_files_are_let_through(string name)
    {
        PowDbNames.RequireSafe(name);
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData(".heap")]
    [InlineData(".idx")]
    [InlineData(".eidx")]
    [InlineData("t.txt")]
    [InlineData("t.HEAP")]
    [InlineData("t.heap.tmp")]
    [InlineData("catalog.bin.tmp")]
    [InlineData("Catalog.bin")]
    [InlineData("LOCK")]
    [InlineData("manifest.json")]
    [InlineData("increment.json")]
    [InlineData("../t.heap")]
    [InlineData("/etc/t.heap")]
    [InlineData("a\\t.heap")]
    [InlineData("c:t.heap")]
    [InlineData("a b.heap")]
    [InlineData("ä.heap")]
    public void Every_other_name_is_refused_in_the_engines_words(string name)
    {
        var error = Assert.Throws<BackupException>(() => PowDbNames.RequireSafe(name));

        Assert.Equal(ErrorCode.UnsafeName, error.Code);
        Assert.Equal($"invalid backup manifest file name: {name}", error.Message);
    }

    [Fact]
    public void A_name_has_as_many_characters_as_file_systems_allow()
    {
        PowDbNames.RequireSafe(new string('t', 250) + ".heap");

        Assert.Throws<BackupException>(() => PowDbNames.RequireSafe(new string('t', 251) + ".heap"));
    }

    [Theory]
    [InlineData("t.heap", true, false)]
    [InlineData("t_id.idx", false, true)]
    [InlineData("t_7.eidx", false, true)]
    [InlineData("catalog.bin", false, false)]
    [InlineData("t.heap.delta", false, false)]
    [InlineData("idx", false, false)]
    public void Heaps_and_indexes_are_told_by_their_endings(string name, bool heap, bool index)
    {
        Assert.Equal((heap, index), (PowDbNames.IsHeap(name), PowDbNames.IsIndex(name)));
    }

    [Theory]
    [InlineData("a", true)]
    [InlineData("_", true)]
    [InlineData("Z9_z", true)]
    [InlineData("", false)]
    [InlineData("9a", false)]
    [InlineData("a-b", false)]
    [InlineData("a.b", false)]
    [InlineData("é", false)]
    public void An_identifier_is_letters_digits_and_underscores(string name, bool expected)
    {
        Assert.Equal(expected, PowDbNames.IsIdentifier(name));
    }
}
