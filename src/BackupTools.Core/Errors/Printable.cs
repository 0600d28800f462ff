using System.Globalization;

namespace BackupTools.Errors;

/// <summary>
/// Makes texts that quote names and values from untrusted files safe for terminals and logs: nothing in them steers a
/// terminal or fills a disk.
/// </summary>
internal static class Printable
{
    /// <summary>Longer texts lose their middle.</summary>
    public const int Longest = 2000;

    /// <summary>The text without control and direction characters, and not longer than <see cref="Longest"/>.</summary>
    public static string Of(string text)
    {
        if (text.Length > Longest)
        {
            const int half = (Longest / 2) - 10;
            text = $"{text[..half]} (...) {text[^half..]}";
        }
        return text.Any(IsHarmful) ? string.Create(text.Length, text, Replace) : text;
    }

    private static void Replace(Span<char> target, string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            target[i] =
                text[i] is '\n' or '\r' or '\t' ? ' '
                : IsHarmful(text[i]) ? '\uFFFD'
                : text[i];
        }
    }

    // Format characters turn the direction of what follows; line and paragraph separators break lines.
    private static bool IsHarmful(char c) =>
        c is < ' ' or >= '\u007F'
        && CharUnicodeInfo.GetUnicodeCategory(c)
            is UnicodeCategory.Control
                or UnicodeCategory.Format
                or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator;
}
