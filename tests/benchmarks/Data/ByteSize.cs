using System.CommandLine;
using System.Globalization;

namespace BackupTools.Benchmarks.Data;

/// <summary>Sizes on the command line: 500, 64K, 100M, 4G.</summary>
internal static class ByteSize
{
    public static Option<string> Option(string name, string standard) =>
        new(name) { Description = "A size such as 100M or 4G.", DefaultValueFactory = _ => standard };

    public static long Parse(string text)
    {
        var shift = char.ToUpperInvariant(text[^1]) switch
        {
            'K' => 10,
            'M' => 20,
            'G' => 30,
            _ => 0,
        };
        return long.Parse(shift == 0 ? text : text[..^1], CultureInfo.InvariantCulture) << shift;
    }
}
