using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace BackupTools.Reports;

/// <summary>
/// Markup written with interpolated strings: the string is markup, every value is encoded, so encoding cannot be
/// forgotten.
/// </summary>
internal sealed class HtmlText
{
    private readonly StringBuilder _text = new();

    /// <summary>Appends markup with encoded values.</summary>
    public void Add([InterpolatedStringHandlerArgument("")] ref Handler markup) => _ = markup;

    /// <summary>Appends a constant as it is: the style sheet.</summary>
    public void AddConstant([ConstantExpected] string constant) => _text.Append(constant);

    public override string ToString() => _text.ToString();

    /// <summary>
    /// A text for an element or attribute. What would be invisible, or is not a character of XML, is shown by its
    /// number: a name must not look like another one.
    /// </summary>
    private static void Encode(StringBuilder target, string text)
    {
        foreach (var rune in text.EnumerateRunes())
        {
            switch (rune.Value)
            {
                case '&':
                    target.Append("&amp;");
                    break;
                case '<':
                    target.Append("&lt;");
                    break;
                case '>':
                    target.Append("&gt;");
                    break;
                case '"':
                    target.Append("&quot;");
                    break;
                case '\'':
                    target.Append("&#39;");
                    break;
                default:
                    if (IsVisible(rune))
                    {
                        target.Append(rune.ToString());
                    }
                    else
                    {
                        target.Append(CultureInfo.InvariantCulture, $"[U+{rune.Value:X4}]");
                    }
                    break;
            }
        }
    }

    private static bool IsVisible(Rune rune) =>
        Rune.GetUnicodeCategory(rune)
            is not (
                UnicodeCategory.Control
                or UnicodeCategory.Format
                or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator
                or UnicodeCategory.PrivateUse
                or UnicodeCategory.OtherNotAssigned
            )
        && (rune.Value & 0xFFFE) != 0xFFFE;

    /// <summary>Receives the parts of an interpolated string.</summary>
    [InterpolatedStringHandler]
    public readonly ref struct Handler
    {
        private readonly StringBuilder _text;

        public Handler(int literalLength, int formattedCount, HtmlText target)
        {
            _text = target._text;
            _text.EnsureCapacity(_text.Length + literalLength + 8 * formattedCount);
        }

        public void AppendLiteral(string markup) => _text.Append(markup);

        public void AppendFormatted(string? value) => Encode(_text, value ?? "");

        public void AppendFormatted<T>(T value, string? format = null)
            where T : IFormattable => Encode(_text, value.ToString(format, CultureInfo.InvariantCulture));
    }
}
