using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>What came of a prediction.</summary>
/// <param name="Prediction">Its id.</param>
/// <param name="Line">The line.</param>
/// <param name="Version">The version.</param>
/// <param name="Model">The model's digest.</param>
/// <param name="Score">What was predicted.</param>
/// <param name="Came">What came: 1 a positive outcome, 0 a negative one; where a number is predicted, the number.</param>
/// <param name="Told">When it was told; of one that was written before that was, the beginning of the day.</param>
internal sealed record Outcome(string Prediction, string Line, ModelVersion Version, Sha256Digest Model, ModelScore Score, double Came, DateTimeOffset Told)
{
    /// <summary>Of one that was told just now: whether the prediction was a shadow's, and answered nobody. It is not in the log.</summary>
    public bool IsOfShadow { get; init; }

    /// <summary>Of one that was told just now: the prediction's <see cref="Prediction.Groups"/>. They are not in the outcomes' log.</summary>
    public ImmutableArray<int>? Groups { get; init; }
}

/// <summary>What a clinician did with a card.</summary>
/// <param name="Prediction">Id of the card's prediction.</param>
/// <param name="Line">The line.</param>
/// <param name="Accepted">Whether it was accepted; else it was overridden.</param>
internal sealed record CardFeedback(string Prediction, string Line, bool Accepted);

/// <summary>
/// The predictions and outcomes of this site, a file for each day (UTC) and kind and one more for each batch (<see cref="BatchLog"/>), encrypted. PHI: a pseudonym and what was predicted of it. Used by one
/// thread at a time, but for reading.
/// </summary>
/// <param name="disk">The program's own folder.</param>
/// <param name="key">Its keys.</param>
/// <param name="keepDays">For how many days a day's files are kept.</param>
internal sealed class PredictionLog(IDisk disk, ScoringKey key, int keepDays) : IDisposable
{
    public const string Predictions = "predictions", Outcomes = "outcomes", Feedbacks = "feedback";
    private const string DayFormat = "yyyy-MM-dd";
    private const string Suffix = ".log";
    private static readonly int s_dayLength = DayFormat.Length;

    private readonly Dictionary<string, (DateOnly Day, DayFile File)> _open = [];
    private readonly ArrayBufferWriter<byte> _group = new();
    private readonly PredictionWriter _writer = new(key);

    /// <summary>Makes the folders.</summary>
    public void Prepare()
    {
        disk.CreateDirectory(Predictions);
        disk.CreateDirectory(Outcomes);
        disk.CreateDirectory(Feedbacks);
    }

    /// <summary>Appends predictions of one day, and returns once they are durable.</summary>
    public void Append(DateOnly day, IEnumerable<Prediction> predictions) => Append(Predictions, day, predictions, _writer.Write);

    /// <summary>Appends outcomes, and returns once they are durable.</summary>
    public void Append(DateOnly day, IEnumerable<Outcome> outcomes) => Append(Outcomes, day, outcomes, Write);

    /// <summary>Appends what clinicians did with cards, and returns once it is durable.</summary>
    public void Append(DateOnly day, IEnumerable<CardFeedback> feedback) => Append(Feedbacks, day, feedback, Write);

    /// <summary>The days of which there are predictions or outcomes, the oldest first.</summary>
    public IReadOnlyList<DateOnly> Days(string kind) => [.. disk.List(kind).Select(DayOf).OfType<DateOnly>().Distinct()];

    /// <summary>The predictions of a day: the answers in the order in which they were made, and then those of each batch.</summary>
    /// <exception cref="InvalidDataException">The file was changed.</exception>
    public IEnumerable<Prediction> Read(DateOnly day)
    {
        JsonElement common = default;
        foreach (var item in Lines(Predictions, day))
        {
            if (item.TryGetProperty(PredictionWriter.Common, out var said))
                common = said.Clone();
            yield return ReadPrediction(item, item.TryGetProperty("made", out _) ? item : common);
        }
    }

    /// <summary>The outcomes that came on a day.</summary>
    /// <exception cref="InvalidDataException">The file was changed.</exception>
    public IEnumerable<Outcome> ReadOutcomes(DateOnly day) => Lines(Outcomes, day).Select(item => ReadOutcome(item, day));

    /// <summary>What clinicians did with cards, as it was told on a day.</summary>
    /// <exception cref="InvalidDataException">The file was changed.</exception>
    public IEnumerable<CardFeedback> ReadFeedback(DateOnly day) =>
        Lines(Feedbacks, day).Select(item => new CardFeedback(item.GetProperty("prediction").GetString()!, item.GetProperty("line").GetString()!, item.GetProperty("accepted").GetBoolean()));

    /// <summary>Deletes the files of days that were kept long enough.</summary>
    /// <returns>The days.</returns>
    public IReadOnlyList<DateOnly> End(DateOnly today)
    {
        var ended = new SortedSet<DateOnly>();
        foreach (var kind in new[] { Predictions, Outcomes, Feedbacks })
        {
            foreach (var name in disk.List(kind).Where(name => DayOf(name) < today.AddDays(-keepDays) || IsLeft(name, today)))
            {
                if (DayOf(name) is { } day)
                {
                    if (_open.TryGetValue(kind, out var open) && open.Day == day && _open.Remove(kind))
                        open.File.Dispose();
                    ended.Add(day);
                }

                disk.Delete($"{kind}/{name}");
            }

            if (ended.Count > 0)
                disk.SyncDirectory(kind);
        }

        return [.. ended];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (_, file) in _open.Values)
            file.Dispose();
        _writer.Dispose();
    }

    /// <summary>The day in an id; null: it is no id.</summary>
    internal static DateOnly? DayOfId(string id) =>
        id.Length == 25 && id[8] == '-' && DateOnly.TryParseExact(id[..8], "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day : null;

    /// <summary>A new id.</summary>
    internal static string NewId(DateTimeOffset made) => string.Create(CultureInfo.InvariantCulture, $"{made.UtcDateTime:yyyyMMdd}-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}");

    /// <summary>The beginning of the names of a day's files.</summary>
    internal static string NameOf(DateOnly day) => day.ToString(DayFormat, CultureInfo.InvariantCulture);

    private static string PathOf(string kind, DateOnly day) => $"{kind}/{NameOf(day)}{Suffix}";

    private static DateOnly? DayOf(string name) => name.EndsWith(Suffix, StringComparison.Ordinal) ? DayAt(name) : null;

    // What a batch that was killed has left; one that runs at midnight is let go on.
    private static bool IsLeft(string name, DateOnly today) => name.EndsWith(DurableFile.TemporarySuffix, StringComparison.Ordinal) && DayAt(name) < today.AddDays(-1);

    private static DateOnly? DayAt(string name) =>
        name.Length > s_dayLength && name[s_dayLength] == '.' && DateOnly.TryParseExact(name[..s_dayLength], DayFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day : null;

    private void Append<T>(string kind, DateOnly day, IEnumerable<T> items, Action<Utf8JsonWriter, T> write)
    {
        if (!_open.TryGetValue(kind, out var open) || open.Day != day)
        {
            if (_open.Remove(kind))
                open.File.Dispose();
            open = _open[kind] = (day, DayFile.Open(disk, PathOf(kind, day), key.Predictions));
        }

        _group.ResetWrittenCount();
        PredictionWriter.Write(_group, items, write);
        if (_group.WrittenCount > 0)
            open.File.Append(_group.WrittenSpan);
    }

    private IEnumerable<JsonElement> Lines(string kind, DateOnly day)
    {
        foreach (var group in disk.List(kind).Where(name => DayOf(name) == day).OrderBy(name => name.Length).SelectMany(name => DayFile.Read(disk, $"{kind}/{name}", key.Predictions)))
        {
            foreach (var line in Encoding.UTF8.GetString(group).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                using var document = JsonDocument.Parse(line);
                yield return document.RootElement;
            }
        }
    }

    private static void Write(Utf8JsonWriter writer, CardFeedback item)
    {
        writer.WriteStartObject();
        writer.WriteString("prediction", item.Prediction);
        writer.WriteString("line", item.Line);
        writer.WriteBoolean("accepted", item.Accepted);
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, Outcome item)
    {
        writer.WriteStartObject();
        writer.WriteString("prediction", item.Prediction);
        writer.WriteString("line", item.Line);
        writer.WriteString("version", item.Version.ToString());
        writer.WriteString("model", item.Model.ToString());
        PredictionWriter.Write(writer, item.Score);
        writer.WriteNumber("outcome", item.Came);
        writer.WriteString("told", CanonicalTime.Write(item.Told));
        writer.WriteEndObject();
    }

    private static Prediction ReadPrediction(JsonElement item, JsonElement common)
    {
        return new Prediction(
            Text(item, "id"), Time(common, "made"), Text(common, "line"), ModelVersion.Parse(Text(common, "version")), Sha256Digest.Parse(Text(common, "model")), Text(common, "mode"), Text(item, "patient"), Time(common, "at"),
            ReadScore(item), item.TryGetProperty("reason", out var reason) ? reason.GetString() : null,
            new TimeSpan(item.GetProperty("microseconds").GetInt64() * TimeSpan.TicksPerMicrosecond), item.GetProperty("missing").GetInt32(), item.GetProperty("implausible").GetInt32())
        {
            Fingerprint = item.TryGetProperty("inputs", out var inputs) ? inputs.GetString() : null,
            Groups = item.TryGetProperty("groups", out var groups) ? [.. groups.EnumerateArray().Select(group => group.GetInt32())] : null,
        };

        static string Text(JsonElement item, string name) => item.GetProperty(name).GetString()!;
    }

    private static DateTimeOffset Time(JsonElement item, string name) =>
        CanonicalTime.TryRead(item.GetProperty(name).GetString()!, out var time) ? time : throw new InvalidDataException($"The field '{name}' of a prediction or an outcome is no time.");

    private static Outcome ReadOutcome(JsonElement item, DateOnly day) => new(
        item.GetProperty("prediction").GetString()!, item.GetProperty("line").GetString()!, ModelVersion.Parse(item.GetProperty("version").GetString()!),
        Sha256Digest.Parse(item.GetProperty("model").GetString()!), ReadScore(item), item.GetProperty("outcome").GetDouble(),
        item.TryGetProperty("told", out _) ? Time(item, "told") : new DateTimeOffset(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero));

    private static ModelScore ReadScore(JsonElement item)
    {
        var unit = item.TryGetProperty("unit", out var text) ? text.GetString() : null;
        return !item.TryGetProperty(unit is null ? "logit" : "number", out var output) ? ModelScore.None(unit)
            : unit is null ? ModelScore.OfLogit(output.GetSingle()) : ModelScore.OfNumber(output.GetSingle(), unit);
    }
}
