using System.Globalization;
using System.Text;

namespace BackupTools.Tests.ReportPages;

/// <summary>
/// A strict reader of Prometheus' text format 0.0.4, written from its published description ("Exposition formats") and
/// from what the textfile collector refuses besides: a time on a sample, a sample twice, a group in two places.
/// </summary>
internal sealed class PrometheusText
{
    private readonly string _line;
    private int _at;

    private PrometheusText(string line) => _line = line;

    public sealed record Sample(string Name, IReadOnlyDictionary<string, string> Labels, double Value);

    public static IReadOnlyList<Sample> Parse(byte[] file)
    {
        var text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(file);
        Require(text.EndsWith('\n'), "the last line must end with a line feed", text);
        var samples = new List<Sample>();
        var seen = new HashSet<string>();
        var (help, types, groups) = (new HashSet<string>(), new HashSet<string>(), new List<string>());
        foreach (var line in text[..^1].Split('\n'))
        {
            if (line.Split(' ', 4) is ["#", "HELP" or "TYPE", var metric, var rest] parts)
            {
                Require(IsName(metric, colon: true), "no name of a metric", line);
                Require((parts[1] == "HELP" ? help : types).Add(metric), "given twice", line);
                Require(!groups.Contains(metric), "it comes before the samples", line);
                Require(
                    parts[1] == "HELP" || rest is "counter" or "gauge" or "histogram" or "summary" or "untyped",
                    "no type",
                    line
                );
                continue;
            }
            if (line.StartsWith('#') || line.Length == 0)
            {
                continue;
            }
            var sample = new PrometheusText(line).Read();
            Require(help.Contains(sample.Name) && types.Contains(sample.Name), "no HELP or TYPE", line);
            if (groups.LastOrDefault() != sample.Name)
            {
                Require(!groups.Contains(sample.Name), "the samples of a metric stand together", line);
                groups.Add(sample.Name);
            }
            var key = string.Join(
                '\0',
                sample.Labels.Where(l => l.Value.Length > 0).OrderBy(l => l.Key, StringComparer.Ordinal)
            );
            Require(seen.Add($"{sample.Name}\0{key}"), "the same sample twice", line);
            samples.Add(sample);
        }
        return samples;
    }

    private Sample Read()
    {
        var name = Until('{', ' ');
        Require(IsName(name, colon: true), "no name of a metric", _line);
        var labels = new Dictionary<string, string>();
        if (Next() == '{')
        {
            do
            {
                var label = Until('=');
                Require(IsName(label, colon: false) && !label.StartsWith("__"), "no name of a label", _line);
                Next();
                Require(Next() == '"', "the value of a label is quoted", _line);
                Require(labels.TryAdd(label, Quoted()), "a label twice", _line);
            } while (Next() == ',');
            Require(_line[_at - 1] == '}', "the labels end with a brace", _line);
            Require(Next() == ' ', "a space before the value", _line);
        }
        Require(
            double.TryParse(_line[_at..], NumberStyles.Float, CultureInfo.InvariantCulture, out var value),
            "no number, or a time behind it",
            _line
        );
        return new Sample(name, labels, value);
    }

    private string Quoted()
    {
        var text = new StringBuilder();
        while (true)
        {
            switch (Next())
            {
                case '"':
                    return text.ToString();
                case '\\':
                    text.Append(
                        Next() switch
                        {
                            '\\' => '\\',
                            '"' => '"',
                            'n' => '\n',
                            _ => throw new FormatException($"no escape: {_line}"),
                        }
                    );
                    break;
                case var other:
                    text.Append(other);
                    break;
            }
        }
    }

    private string Until(params char[] ends)
    {
        var start = _at;
        _at = _line.IndexOfAny(ends, start);
        Require(_at >= 0, "the line ends too early", _line);
        return _line[start.._at];
    }

    private char Next() => _at < _line.Length ? _line[_at++] : throw new FormatException($"ends too early: {_line}");

    private static bool IsName(string text, bool colon) =>
        text.Length > 0
        && !char.IsAsciiDigit(text[0])
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c == '_' || (colon && c == ':'));

    private static void Require(bool holds, string what, string line)
    {
        if (!holds)
        {
            throw new FormatException($"{what}: {line}");
        }
    }
}
