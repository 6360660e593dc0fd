using System.Globalization;
using System.Text;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>The page for a terminal: nothing but text, at most 96 columns wide.</summary>
public static class PageText
{
    private const int Width = 96;

    /// <summary>The whole page; lines end in a line feed.</summary>
    public static string Of(StewardPage page)
    {
        ArgumentNullException.ThrowIfNull(page);
        var text = new StringBuilder();
        AppendHeading(text, Clean(page.Title), '=');
        foreach (var section in page.Sections)
        {
            AppendHeading(text.Append('\n'), Clean(section.Heading), '-');
            foreach (var item in section.Items)
                AppendLine(text, item.Attention ? "! " : "- ", $"{item.Lead}: {item.Text}");
        }

        return text.ToString();
    }

    /// <summary>
    /// One line of text that shows what is in it: white space becomes a space, and whatever a terminal would obey or a reader would not see (control characters, Unicode's format
    /// characters, among them those that turn the direction of reading: CVE-2021-42574) becomes a replacement character.
    /// </summary>
    public static string Clean(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var clean = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (Rune.IsWhiteSpace(rune))
            {
                if (clean.Length > 0 && clean[^1] != ' ')
                    clean.Append(' ');
            }
            else
            {
                clean.Append(Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned ? "\uFFFD" : rune.ToString());
            }
        }

        return clean.ToString().TrimEnd();
    }

    /// <summary>JSON with what a terminal would obey, or a reader would not see, escaped: the same JSON.</summary>
    internal static string Escape(string json) =>
        string.Concat(json.Select(c => char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator ? $"\\u{(int)c:x4}" : c.ToString()));

    /// <summary>Somebody else's words: in quotes, and none of theirs ends them.</summary>
    internal static string Quote(string text) => $"\"{Clean(text).Replace('"', '\'')}\"";

    private static void AppendHeading(StringBuilder text, string heading, char under) =>
        text.Append(heading).Append('\n').Append(under, Math.Min(heading.Length, Width)).Append('\n');

    // Words that are longer than a line (a digest is not) stay whole on one of their own.
    private static void AppendLine(StringBuilder text, string mark, string sentence)
    {
        var (indent, column) = (new string(' ', mark.Length), mark.Length);
        text.Append(mark);
        foreach (var word in sentence.Split(' '))
        {
            if (column > mark.Length && column + 1 + word.Length > Width)
            {
                text.Append('\n').Append(indent);
                column = indent.Length;
            }
            else if (column > mark.Length)
            {
                text.Append(' ');
                column++;
            }

            text.Append(word);
            column += word.Length;
        }

        text.Append('\n');
    }
}
