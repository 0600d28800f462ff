using System.Globalization;
using System.Text;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Conformance.Toy;

/// <summary>A toy database in its three states: the sample that a new engine brings.</summary>
internal sealed class ToySandbox : EngineSandbox
{
    private int _version;

    public ToySandbox() => Become("S0");

    public override string Source => At("a.toy");

    public override string NameInFolder => "a.toy";

    public override string Restored => At("r", "rec.toy");

    public override void Become(string state) => Write(int.Parse(state.AsSpan(1), CultureInfo.InvariantCulture) + 1);

    public override void Change(Random random) => Write(_version + random.Next(3));

    public override string? Content(string database) => Hex(database);

    public override string SourceBytes() => Hex(Source);

    private void Write(int version)
    {
        _version = version;
        var rows = string.Concat(Enumerable.Range(0, 200 * version).Select(i => $"row {i} of version {version}\n"));
        File.WriteAllText(Source + ".new", $"toy {version}\n{rows}", Encoding.ASCII);
        File.Move(Source + ".new", Source, overwrite: true);
    }
}
