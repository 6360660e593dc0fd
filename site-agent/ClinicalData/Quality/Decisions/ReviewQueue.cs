using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>
/// Findings as a table that a steward fills in: CSV (RFC 4180), one finding a line. What is to be decided stands in the last column: keep, exclude, or
/// correct and the right number in the event's own unit; an empty one decides nothing.
/// </summary>
public static class ReviewQueue
{
    /// <summary>Most characters of a rule's id.</summary>
    internal const int MaximumRule = 100;

    private static readonly string[] s_columns = ["rule", "pseudonym", "when", "kind", "code", "value", "unit", "import", "file", "line", "concept", "decision"];

    /// <summary>Writes findings.</summary>
    /// <param name="findings">What was found.</param>
    /// <param name="source">Where.</param>
    public static string Write(IEnumerable<QualityFinding> findings, ClinicalSource source)
    {
        ArgumentNullException.ThrowIfNull(findings);
        ArgumentNullException.ThrowIfNull(source);
        var text = new StringBuilder(string.Join(',', s_columns)).Append('\n');
        foreach (var (rule, item, origin) in findings)
        {
            text.AppendJoin(',', (string[])
            [
                Cell(rule), Cell(source.Snapshot.Patients[item.Patient]), item.Time.IsKnown ? item.Time.ToString() : "", item.Kind.ToString(),
                Cell(item.Concept < 0 ? "" : source.Concepts[item.Concept][0].ToString()),
                double.IsNaN(item.Number) ? Cell(item.Value < 0 ? "" : source.Concepts[item.Value][0].ToString()) : item.Number.ToString("R", CultureInfo.InvariantCulture),
                Cell(item.Unit < 0 ? "" : source.Concepts.UnitOf(item.Unit, item.Concept).Code),
                Number(origin.Import), Cell(source.Snapshot.Imports[origin.Import - 1].Files[origin.File]), Number(origin.Line), Number(item.Concept), "",
            ]).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>Reads a table that was filled in, and holds it against the store.</summary>
    /// <param name="csv">The table.</param>
    /// <param name="source">The store.</param>
    /// <exception cref="DatasetException">Lines have faults; the first is named, and nothing is decided.</exception>
    public static ImmutableArray<EventDecision> Read(string csv, ClinicalSource source)
    {
        ArgumentNullException.ThrowIfNull(csv);
        ArgumentNullException.ThrowIfNull(source);
        var decisions = ImmutableArray.CreateBuilder<EventDecision>();
        var lines = new List<int>();
        var first = new Dictionary<EventKey, int>(); // an event stands there once for each rule that flagged it
        var rows = Csv.Rows(csv).ToList();
        if (rows is not [var (_, header), ..] || !header.SequenceEqual(s_columns))
            throw new DatasetException($"The table's first line must name these columns: {string.Join(',', s_columns)}.");
        foreach (var (line, cells) in rows.Skip(1))
        {
            if (cells.Length != s_columns.Length)
                throw Fault(line, $"there are {cells.Length} fields; {s_columns.Length} are needed, separated by commas");
            if (cells[^1].Trim() is not { Length: > 0 } words)
                continue;
            var decision = Decision(line, cells, words, source.Snapshot);
            if (!first.TryAdd(decision.Event, decisions.Count) && decisions[first[decision.Event]] with { Rule = decision.Rule } != decision)
                throw Fault(line, $"it is about the event of line {lines[first[decision.Event]]}, and decides otherwise; decide the same in both");
            decisions.Add(decision);
            lines.Add(line);
        }

        if (Missing(decisions, source) is >= 0 and var missing)
            throw Fault(lines[missing], "the store has no such event, its record has a newer version, or it has no number that could be corrected");
        return decisions.ToImmutable();
    }

    private static EventDecision Decision(int line, string[] cells, string words, EventSnapshot snapshot)
    {
        if (!int.TryParse(cells[7], NumberStyles.None, CultureInfo.InvariantCulture, out var import) || import < 1 || import > snapshot.Number)
            throw Fault(line, $"'import' must be a number from 1 to {snapshot.Number}");
        var file = snapshot.Imports[import - 1].Files.IndexOf(cells[8].TrimStart('\''));
        if (file < 0)
            throw Fault(line, "'file' is none of that import");
        if (!long.TryParse(cells[9], NumberStyles.None, CultureInfo.InvariantCulture, out var number) || !int.TryParse(cells[10], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var concept))
            throw Fault(line, "'line' and 'concept' must be the whole numbers that the queue gave");
        if (!Enum.TryParse<EventKind>(cells[3], out var kind) || !Enum.IsDefined(kind))
            throw Fault(line, "'kind' must be the word that the queue gave");
        if (cells[0].Length is 0 or > MaximumRule)
            throw Fault(line, "'rule' must be the id that the queue gave");
        var (action, value) = Action(line, words);
        return new EventDecision(new EventKey(new EventOrigin(import, file, number), kind, concept), cells[0].TrimStart('\''), action, value);
    }

    private static (DecisionAction Action, double Number) Action(int line, string words) => words.Split(' ', StringSplitOptions.RemoveEmptyEntries) switch
    {
        ["keep"] => (DecisionAction.Keep, double.NaN),
        ["exclude"] => (DecisionAction.Exclude, double.NaN),
        ["correct", var text] when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) => (DecisionAction.Correct, number),
        _ => throw Fault(line, "'decision' must be keep, exclude, or correct and a number with a decimal point, as in: correct 72.5"),
    };

    // Index of the first decision about an event that is not there; -1: all are. What was excluded before is seen here too, so that it can be kept again.
    private static int Missing(IReadOnlyList<EventDecision> decisions, ClinicalSource source)
    {
        var asked = decisions.Select(decision => decision.Event).ToHashSet();
        var found = new Dictionary<EventKey, bool>(); // and whether it has a number
        foreach (var timeline in source.Snapshot.With(EventDecisions.None).Read((_, _) => asked.Count > 0))
        {
            foreach (ref readonly var item in timeline.Events)
            {
                if (item.Until == ClinicalTime.Never && asked.Contains(EventKey.Of(item)))
                    found[EventKey.Of(item)] = !double.IsNaN(item.Event.Number);
            }
        }

        return decisions.Index().Where(item => !found.TryGetValue(item.Item.Event, out var hasNumber) || (item.Item.Action == DecisionAction.Correct && !hasNumber))
            .Select(item => item.Index).DefaultIfEmpty(-1).First();
    }

    private static DatasetException Fault(int line, string what) => new($"Line {line} of the table: {what}. Nothing was decided.");

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    // A text that begins like a formula would be one in a spreadsheet (CWE-1236).
    private static string Cell(string text)
    {
        var safe = text.Length > 0 && text[0] is '=' or '+' or '-' or '@' or '\t' or '\r' ? "'" + text : text;
        return safe.AsSpan().IndexOfAny(",\"\r\n") < 0 ? safe : $"\"{safe.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    /// <summary>Splits CSV in memory.</summary>
    private static class Csv
    {
        public static IEnumerable<(int Line, string[] Cells)> Rows(string csv)
        {
            var (cells, cell, line, first, quoted) = (new List<string>(), new StringBuilder(), 1, 1, false);
            for (var i = csv.StartsWith('\ufeff') ? 1 : 0; i < csv.Length; i++)
            {
                var c = csv[i];
                if (c == '\n')
                    line++;
                if (quoted && c == '"' && i + 1 < csv.Length && csv[i + 1] == '"')
                    cell.Append(csv[++i]);
                else if (c == '"')
                    quoted = !quoted;
                else if (quoted || c is not (',' or '\n' or '\r'))
                    cell.Append(c);
                else if (c != '\r')
                {
                    cells.Add(cell.ToString());
                    cell.Clear();
                    if (c == ',')
                        continue;
                    if (cells is not [""])
                        yield return (first, [.. cells]);
                    cells.Clear();
                    first = line;
                }
            }

            if (quoted)
                throw Fault(first, "a quotation mark has no other half");
            if (cell.Length > 0 || cells.Count > 0)
                yield return (first, [.. cells, cell.ToString()]);
        }
    }
}
