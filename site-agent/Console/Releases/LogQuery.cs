using System.Globalization;

namespace FederatedClinicalMl.SiteAgent.StewardConsole;

/// <summary>What is looked for in the worker's log, and what was found.</summary>
/// <param name="Kind">A kind of entry; empty: every kind.</param>
/// <param name="Text">Part of a study's digest, of a run, or of anything else in an entry; empty: any.</param>
/// <param name="From">First day, UTC; null: from the beginning.</param>
/// <param name="To">Last day, UTC; null: to the end.</param>
/// <param name="Before">Only entries before this number; 0: up to the last.</param>
internal sealed record LogQuery(string Kind, string Text, DateOnly? From, DateOnly? To, long Before)
{
    /// <summary>Entries on a page.</summary>
    public const int Most = 50;

    /// <summary>What a request asks for. Without a kind: what left.</summary>
    public static LogQuery Of(IQueryCollection query) => new(
        query.ContainsKey("kind") ? query["kind"].ToString().Trim() : LogLine.Released, query["text"].ToString().Trim(), Day(query["from"]), Day(query["to"]),
        long.TryParse(query["before"], CultureInfo.InvariantCulture, out var before) ? before : 0);

    /// <summary>Goes through the log once: the newest entries that fit, and of every release what came of it.</summary>
    public async Task<LogPage> FindAsync(IAsyncEnumerable<string> log)
    {
        var (found, outcomes, kinds, more, all) = (new Queue<LogLine>(Most + 1), new Dictionary<string, string>(), new SortedSet<string>(StringComparer.Ordinal), false, 0L);
        await foreach (var json in log)
        {
            var line = LogLine.Read(json);
            all++;
            kinds.Add(line.Kind);
            if (line.Kind == LogLine.Settled)
                outcomes[line.Release] = line.Outcome;
            if (!Fits(line))
                continue;
            found.Enqueue(line);
            if (found.Count <= Most)
                continue;
            found.Dequeue();
            more = true;
        }

        return new LogPage([.. found.Reverse()], outcomes, kinds, more, all);
    }

    /// <summary>The same question about what is older.</summary>
    public string Older(long before) => string.Create(CultureInfo.InvariantCulture,
        $"{Routes.Left}?kind={Uri.EscapeDataString(Kind)}&text={Uri.EscapeDataString(Text)}&from={From:yyyy-MM-dd}&to={To:yyyy-MM-dd}&before={before}");

    private bool Fits(LogLine line) =>
        (Kind.Length == 0 || line.Kind == Kind) && (Before == 0 || line.Sequence < Before) && (Text.Length == 0 || line.Json.Contains(Text, StringComparison.OrdinalIgnoreCase))
        && DateOnly.FromDateTime(line.At.UtcDateTime) is var day && (From is null || day >= From) && (To is null || day <= To);

    private static DateOnly? Day(string? text) => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day : null;
}

/// <summary>What was found.</summary>
/// <param name="Lines">The newest first.</param>
/// <param name="Outcomes">By digest of a release what came of it; one that is not there still waits.</param>
/// <param name="Kinds">Kinds that the log has.</param>
/// <param name="HasOlder">Whether more fit that are older.</param>
/// <param name="Entries">Of the whole log.</param>
internal sealed record LogPage(IReadOnlyList<LogLine> Lines, IReadOnlyDictionary<string, string> Outcomes, IReadOnlyCollection<string> Kinds, bool HasOlder, long Entries);
