using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>
/// What one version did at this site on one day (UTC), as whole numbers in public bins: reports of days, or of sites, are merged by adding. It is made here of every row and holds small counts; the worker
/// suppresses, charges and signs before anything of it leaves. docs/reference/scoring.md
/// </summary>
internal sealed class DayReport
{
    /// <summary>Most bytes of a report's file.</summary>
    public const int MaximumLength = 4 << 20;

    private const int AnsweredRow = 0, ShadowRow = 1;

    private readonly ImmutableArray<Feature> _features;
    private readonly ImmutableArray<HistogramGrid?> _grids;
    private readonly long[][] _values;
    private readonly long[] _missing;
    private readonly long[] _implausible;
    private readonly long[] _rows = new long[2];
    private readonly SortedDictionary<string, long> _unscored = new(StringComparer.Ordinal);
    private readonly long[] _scores = new long[ScoreHistogram.GridBins];
    private readonly long[] _negatives = new long[ScoreHistogram.GridBins];
    private readonly long[] _positives = new long[ScoreHistogram.GridBins];
    private readonly long[] _latency = new long[LatencyBins.Count];
    private long _errors;

    /// <summary>A report of nothing.</summary>
    public DayReport(string line, ModelVersion version, Sha256Digest model, DateOnly day, ImmutableArray<Feature> features)
    {
        (Line, Version, Model, Day, _features) = (line, version, model, day, features);
        _grids = [.. features.Select(feature => feature.Type == FeatureType.Number ? ProfileReport.GridOf(feature) : null)];
        _values = [.. features.Select((feature, i) => new long[_grids[i]?.Cells ?? feature.Levels.Length])];
        (_missing, _implausible) = (new long[features.Length], new long[features.Length]);
    }

    /// <summary>The line.</summary>
    public string Line { get; }

    /// <summary>The version.</summary>
    public ModelVersion Version { get; }

    /// <summary>The model's digest.</summary>
    public Sha256Digest Model { get; }

    /// <summary>The day.</summary>
    public DateOnly Day { get; }

    /// <summary>Counts a prediction, and what it was made of.</summary>
    public void Count(Prediction prediction, ReadOnlySpan<float> values)
    {
        _rows[prediction.Mode == ServingLine.ShadowMode ? ShadowRow : AnsweredRow]++;
        _latency[LatencyBins.Of(prediction.Elapsed)]++;
        if (float.IsNaN(prediction.Logit))
            _unscored[prediction.Reason!] = _unscored.GetValueOrDefault(prediction.Reason!) + 1;
        else
            _scores[ScoreHistogram.BinOf(prediction.Logit, ScoreHistogram.GridBins)]++;
        for (var i = 0; i < values.Length; i++)
        {
            var value = InputEncoder.Plausible(_features[i], values[i]);
            if (!float.IsNaN(value))
                _values[i][_grids[i] is { } grid ? grid.CellOf(value) : LevelOf(_features[i], value)]++;
            else if (float.IsNaN(values[i]))
                _missing[i]++;
            else
                _implausible[i]++;
        }
    }

    /// <summary>Counts a failure to run.</summary>
    public void CountError() => _errors++;

    /// <summary>Counts what came of a prediction of that day.</summary>
    public void Count(Outcome outcome) => (outcome.Positive ? _positives : _negatives)[ScoreHistogram.BinOf(outcome.Logit, ScoreHistogram.GridBins)]++;

    /// <summary>Canonical JSON.</summary>
    public byte[] Write() => CanonicalJson.Write(new JsonObject
    {
        ["format"] = 1,
        ["line"] = Line,
        ["version"] = Version.ToString(),
        ["model"] = Model.ToString(),
        ["day"] = Text(Day),
        ["answered"] = _rows[AnsweredRow],
        ["shadow"] = _rows[ShadowRow],
        ["errors"] = _errors,
        ["unscored"] = new JsonObject(_unscored.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))),
        ["scores"] = Counts(_scores),
        ["outcomes"] = new JsonObject { ["negatives"] = Counts(_negatives), ["positives"] = Counts(_positives) },
        ["latency"] = Counts(_latency),
        ["features"] = new JsonArray([.. _features.Select((feature, i) => new JsonObject
        {
            ["name"] = feature.Name, ["counts"] = Counts(_values[i]), ["missing"] = _missing[i], ["implausible"] = _implausible[i],
        })]),
    });

    /// <summary>Reads what <see cref="Write"/> gave, to go on with it.</summary>
    /// <exception cref="FormatException">It is something else, or of another model.</exception>
    public static DayReport Read(ReadOnlySpan<byte> json, Sha256Digest model, ImmutableArray<Feature> features)
    {
        var fields = new JsonFields(CanonicalJson.Read(json), "report");
        fields.Integer("format", 1, 1);
        var report = new DayReport(
            fields.Text("line", 63), ModelVersion.Parse(fields.Text("version", 32)), Sha256Digest.Parse(fields.Text("model", 64)),
            DateOnly.ParseExact(fields.Text("day", 10), "yyyy-MM-dd", CultureInfo.InvariantCulture), features);
        if (report.Model != model)
            fields.Fail("model", "be the model that the version has now");
        (report._rows[AnsweredRow], report._rows[ShadowRow], report._errors) = (Number(fields, "answered"), Number(fields, "shadow"), Number(fields, "errors"));
        foreach (var (reason, count) in (JsonObject)fields.Node("unscored")!)
            report._unscored[reason] = JsonFields.Integer(count, "report.unscored", 0, 1L << 53);
        Take(fields, "scores", report._scores);
        var outcomes = fields.Object("outcomes");
        Take(outcomes, "negatives", report._negatives);
        Take(outcomes, "positives", report._positives);
        outcomes.End();
        Take(fields, "latency", report._latency);
        var index = 0;
        var read = fields.List("features", features.Length, (node, path) =>
        {
            var feature = new JsonFields(node, path);
            if (feature.Text("name", 63) != features[index].Name)
                feature.Fail("name", "be the study's feature");
            Take(feature, "counts", report._values[index]);
            (report._missing[index], report._implausible[index]) = (Number(feature, "missing"), Number(feature, "implausible"));
            feature.End();
            return index++;
        });
        fields.End();
        return read.Length == features.Length ? report : throw new FormatException("report.features must have each feature once.");
    }

    /// <summary>A day as it is written.</summary>
    internal static string Text(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static long Number(JsonFields fields, string name) => fields.Integer(name, 0, 1L << 53);

    private static void Take(JsonFields fields, string name, long[] counts)
    {
        var read = fields.List(name, counts.Length, (node, path) => JsonFields.Integer(node, path, 0, 1L << 53));
        if (read.Length != counts.Length)
            fields.Fail(name, $"have {counts.Length} counts");
        read.CopyTo(counts, 0);
    }

    private static int LevelOf(Feature feature, float value)
    {
        for (var i = 0; i < feature.Levels.Length; i++)
        {
            if ((float)feature.Levels[i] == value)
                return i;
        }

        throw new ArgumentException("A plausible category is one of its levels.", nameof(value));
    }

    private static JsonArray Counts(long[] counts) => [.. counts.Select(count => (JsonNode)count)];
}
