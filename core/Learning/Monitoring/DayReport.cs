using System.Collections.Immutable;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>
/// What one version did at a site on one day (UTC), as whole numbers in public cells: reports of days are merged by adding. The scoring program makes it of every row, and it holds small counts; the worker
/// suppresses, and signs, before anything of it leaves. docs/reference/scoring.md
/// </summary>
/// <remarks>
/// Scores (or predicted numbers), latency, features and outcomes are of rows that this version answered with a score: every row is answered by one version at most, so that the reports of two versions are of different rows, and
/// nothing is to be had by subtracting them. Rows that it was a shadow for are counted, and no more.
/// </remarks>
public sealed class DayReport
{
    /// <summary>Most bytes of a report's file.</summary>
    public const int MaximumLength = 4 << 20;

    /// <summary>The word of a row that has no score because it lacks a value without which there is none.</summary>
    public const string MissingReason = "missing";

    // 1 had outcomes without the sums of probabilities, and counted shadows with answers; 2 knew no subgroups and no sketch, and is still read: a window in which a day of it lies is told without them.
    private const int Format = 3, OldestFormat = 2;

    private readonly Study _study;
    private readonly NumericOutcome? _number;
    private readonly ImmutableArray<Feature> _features;
    private readonly ImmutableArray<HistogramGrid?> _grids;
    private readonly HistogramGrid? _predictions;
    private readonly long[][] _values;
    private readonly long[] _missing;
    private readonly long[] _implausible;
    private readonly long[] _scores = new long[ScoreHistogram.GridBins];
    private readonly long[] _latency = new long[LatencyBins.Count];
    private readonly ImmutableArray<long[][]?> _bands; // [partitions][bands][cells]; null: by a category, whose levels are cells

    /// <summary>A report of nothing.</summary>
    /// <param name="line">The line.</param>
    /// <param name="version">The version.</param>
    /// <param name="model">The model's digest.</param>
    /// <param name="day">The day.</param>
    /// <param name="study">The model's study.</param>
    /// <param name="basis">Of the sketch of all numbers together; null: none is made.</param>
    public DayReport(string line, ModelVersion version, Sha256Digest model, DateOnly day, Study study, FourierBasis? basis = null)
    {
        ArgumentNullException.ThrowIfNull(study);
        var features = study.Data.Features;
        (Line, Version, Model, Day, _study, _number, _features) = (line, version, model, day, study, study.Data.Label.Number, features);
        Sketch = basis is null ? null : FourierSketch.Of(basis, []);
        _grids = [.. features.Select(feature => feature.Type == FeatureType.Number ? ProfileReport.GridOf(feature) : null)];
        _values = [.. features.Select(feature => new long[CellsOf(feature)])];
        (_missing, _implausible) = (new long[features.Length], new long[features.Length]);
        _bands = [.. Partitions.Select(partition => partition.Bands.IsEmpty ? null
            : Enumerable.Range(0, partition.Bands.Length + 1).Select(_ => new long[CellsOf(features[SubgroupIndex.ColumnOf(study, partition)])]).ToArray())];
        Subgroups = Partitions.IsEmpty ? null : new SubgroupCounts(Sizes);
        if (_number is null)
            return;
        _predictions = ProfileReport.GridOf(_number);
        OutcomeErrors = RegressionSums.Of(_number.Minimum, _number.Maximum, [], []);
        SubgroupErrors = Subgroups is null ? null : new SubgroupErrors(_number, Sizes);
    }

    /// <summary>The line.</summary>
    public string Line { get; }

    /// <summary>The version.</summary>
    public ModelVersion Version { get; }

    /// <summary>The model's digest.</summary>
    public Sha256Digest Model { get; }

    /// <summary>The day.</summary>
    public DateOnly Day { get; }

    /// <summary>Rows that it answered with a score.</summary>
    public long Answered { get; private set; }

    /// <summary>Rows that it came to a score for, or not, as a shadow.</summary>
    public long Shadow { get; private set; }

    /// <summary>Rows on which it failed to run.</summary>
    public long Errors { get; private set; }

    /// <summary>Rows that it answered without a score for want of a value.</summary>
    public long UnscoredMissing { get; private set; }

    /// <summary>Rows that it answered without a score for another reason.</summary>
    public long UnscoredOther { get; private set; }

    /// <summary>[<see cref="ScoreHistogram.GridBins"/>]: rows by logit; where a number is predicted, by prediction, in as many equal cells of the outcome's range.</summary>
    public ReadOnlySpan<long> Scores => _scores;

    /// <summary>[<see cref="LatencyBins.Count"/>]: rows by how long they took.</summary>
    public ReadOnlySpan<long> Latency => _latency;

    /// <summary>What came of rows of that day, whenever it was told; none where a number is predicted.</summary>
    public ScoreHistogram Outcomes { get; private set; } = ScoreHistogram.Of([], []);

    /// <summary>The same where a number is predicted; else null.</summary>
    public RegressionSums? OutcomeErrors { get; private set; }

    /// <summary>
    /// The sketch of all numbers of the answered rows together; null where the study has none, or where earlier software counted a part of the rows. Of few rows it can be solved for them: it never leaves the site.
    /// </summary>
    public FourierSketch? Sketch { get; private set; }

    /// <summary>The outcomes by the study's subgroups, of a number as ones of one class with one score; null: it declares none, or of some row it is not known.</summary>
    public SubgroupCounts? Subgroups { get; private set; }

    /// <summary>Of a number, the errors by the same subgroups; null where they are.</summary>
    public SubgroupErrors? SubgroupErrors { get; private set; }

    private ImmutableArray<SubgroupPartition> Partitions => _study.Evaluation.Subgroups;

    private int[] Sizes => [.. Partitions.Select(partition => partition.Groups.Length)];

    /// <summary>Cells of a feature: those of <see cref="ProfileReport.GridOf"/>, or its levels.</summary>
    public static int CellsOf(Feature feature)
    {
        ArgumentNullException.ThrowIfNull(feature);
        return feature.Type == FeatureType.Number ? ProfileReport.GridOf(feature).Cells : feature.Levels.Length;
    }

    /// <summary>A feature's rows by cell.</summary>
    public ReadOnlySpan<long> Values(int feature) => _values[feature];

    /// <summary>A feature's rows without a value, and with an implausible one.</summary>
    public (long Missing, long Implausible) Absent(int feature) => (_missing[feature], _implausible[feature]);

    /// <summary>[bands][cells]: of a number by which the study makes subgroups, the rows of each of its bands by cell; null: it makes none, or of some day it is not known.</summary>
    public IReadOnlyList<long[]>? Bands(int feature) => Subgroups is not null && PartitionOf(feature) is { } partition ? _bands[partition] : null;

    /// <summary>Counts a row that was answered.</summary>
    /// <param name="output">Its logit, or the number that was predicted; NaN: no score.</param>
    /// <param name="reason">Why there is none, in one word.</param>
    /// <param name="elapsed">How long it took.</param>
    /// <param name="values">[features]: what the model was given.</param>
    /// <param name="scaled">[numbers of the sketch's basis]: the row as the sketch takes it.</param>
    public void CountAnswer(float output, string? reason, TimeSpan elapsed, ReadOnlySpan<float> values, ReadOnlySpan<double> scaled = default)
    {
        if (float.IsNaN(output))
        {
            if (reason == MissingReason)
                UnscoredMissing++;
            else
                UnscoredOther++;
            return;
        }

        Sketch = Sketch is null ? null : Merged(Sketch, FourierSketch.Of(Sketch.Basis, scaled));
        CountScore(output, elapsed, values);
    }

    /// <summary>Counts rows that were answered with a score.</summary>
    /// <param name="outputs">[rows]: their logits, or the numbers that were predicted.</param>
    /// <param name="elapsed">How long each took.</param>
    /// <param name="values">[rows, features], row by row: what the model was given.</param>
    /// <param name="scaled">[rows, numbers of the sketch's basis]: some of the rows, drawn by chance, as the sketch takes them; it counts its own.</param>
    public void CountAnswers(ReadOnlySpan<float> outputs, TimeSpan elapsed, ReadOnlySpan<float> values, ReadOnlySpan<double> scaled = default)
    {
        Sketch = Sketch is null ? null : Merged(Sketch, FourierSketch.Of(Sketch.Basis, scaled));
        for (var row = 0; row < outputs.Length; row++)
            CountScore(outputs[row], elapsed, values.Slice(row * _features.Length, _features.Length));
    }

    private void CountScore(float output, TimeSpan elapsed, ReadOnlySpan<float> values)
    {
        Answered++;
        _scores[CellOf(output)]++;
        _latency[LatencyBins.Of(elapsed)]++;
        var groups = SubgroupIndex.Of(_study, values);
        for (var i = 0; i < values.Length; i++)
        {
            var value = InputEncoder.Plausible(_features[i], values[i]);
            var cell = float.IsNaN(value) ? -1 : _grids[i] is { } grid ? grid.CellOf(value) : LevelOf(_features[i], value);
            if (cell >= 0)
            {
                _values[i][cell]++;
                if (PartitionOf(i) is { } partition && _bands[partition] is { } bands)
                    bands[groups[partition]][cell]++;
            }
            else if (float.IsNaN(values[i]))
                _missing[i]++;
            else
                _implausible[i]++;
        }
    }

    /// <summary>Counts a row that it was a shadow for.</summary>
    public void CountShadow() => Shadow++;

    /// <summary>Counts a failure to run.</summary>
    public void CountError() => Errors++;

    /// <summary>Counts whether what came of a row that was answered on that day was positive.</summary>
    /// <inheritdoc cref="CountOutcome(float, double, ImmutableArray{int}?)"/>
    public void CountOutcome(float output, bool positive, ImmutableArray<int>? groups) => CountOutcome(output, positive ? 1.0 : 0, groups);

    /// <summary>Counts what came of a row that was answered on that day.</summary>
    /// <param name="output">The score's logit, or the number that was predicted.</param>
    /// <param name="came">What came of it: 1 positive, 0 negative; where a number is predicted, the number.</param>
    /// <param name="groups">The row's subgroup of each of the study's partitions (<see cref="SubgroupIndex"/>); null: it is not known any more.</param>
    public void CountOutcome(float output, double came, ImmutableArray<int>? groups)
    {
        var error = _number is null ? null : RegressionSums.Of(_number.Minimum, _number.Maximum, [came], [output]);
        if (error is null)
            Outcomes = Outcomes.Merge(ScoreHistogram.Of([output], [came == 1]));
        else
            OutcomeErrors = OutcomeErrors!.Merge(error);
        if (groups is not { } known)
        {
            (Subgroups, SubgroupErrors) = (null, null);
            return;
        }

        Subgroups?.Count(error is null ? output : 0, error is null && came == 1, known);
        if (error is not null)
            SubgroupErrors?.Count(error, known);
    }

    /// <summary>Adds what another report of the same model counts.</summary>
    /// <exception cref="ArgumentException">It is of another model.</exception>
    /// <exception cref="OverflowException">Both count more rows than can be told: this report is of no use any more.</exception>
    public void Add(DayReport other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.Model != Model || other._features.Length != _features.Length)
            throw new ArgumentException("Reports of different models do not add up.", nameof(other));
        (Answered, Shadow, Errors) = (Answered + other.Answered, Shadow + other.Shadow, Errors + other.Errors);
        (UnscoredMissing, UnscoredOther) = (UnscoredMissing + other.UnscoredMissing, UnscoredOther + other.UnscoredOther);
        Sum(_scores, other._scores);
        Sum(_latency, other._latency);
        Sum(_missing, other._missing);
        Sum(_implausible, other._implausible);
        for (var i = 0; i < _values.Length; i++)
            Sum(_values[i], other._values[i]);
        Outcomes = Outcomes.Merge(other.Outcomes);
        OutcomeErrors = OutcomeErrors?.Merge(other.OutcomeErrors!);
        if (other.Subgroups is not { } groups)
            (Subgroups, SubgroupErrors) = (null, null);
        else
            Subgroups?.Add(groups);
        if (other.SubgroupErrors is { } errors)
            SubgroupErrors?.Add(errors);
        foreach (var (mine, theirs) in _bands.Zip(other._bands).Where(pair => pair.First is not null).SelectMany(pair => pair.First!.Zip(pair.Second!)))
            Sum(mine, theirs);
        Sketch = Merged(Sketch, other.Sketch);
        if (Math.Max(Answered, Math.Max(UnscoredMissing, UnscoredOther)) > ValueHistogram.MaximumCount || Math.Max(Outcomes.Negatives + Outcomes.Positives, OutcomeErrors?.Count ?? 0) > ScoreHistogram.MaximumCount)
            throw new OverflowException("Together the days count more rows than can be told.");
    }

    /// <summary>Canonical JSON.</summary>
    public byte[] Write()
    {
        var json = ToJson();
        if (_number is not null)
            json["subgroupErrors"] = SubgroupErrors?.ToJson();
        return CanonicalJson.Write(json);
    }

    private JsonObject ToJson() => new()
    {
        ["format"] = Format,
        ["line"] = Line,
        ["version"] = Version.ToString(),
        ["model"] = Model.ToString(),
        ["day"] = CalendarDay.Text(Day),
        ["answered"] = Answered,
        ["shadow"] = Shadow,
        ["errors"] = Errors,
        ["unscored"] = new JsonObject { ["missing"] = UnscoredMissing, ["other"] = UnscoredOther },
        ["scores"] = Counts(_scores),
        ["outcomes"] = OutcomeErrors?.ToJson() ?? Outcomes.ToJson(),
        ["latency"] = Counts(_latency),
        ["sketch"] = Sketch?.ToJson(),
        ["features"] = new JsonArray([.. _features.Select((feature, i) => new JsonObject
        {
            ["name"] = feature.Name, ["counts"] = Counts(_values[i]), ["missing"] = _missing[i], ["implausible"] = _implausible[i],
        })]),
        ["subgroups"] = Subgroups?.ToJson(),
        ["bands"] = Subgroups is null ? null : new JsonArray([.. _bands.Select(bands => bands is null ? null : new JsonArray([.. bands.Select(Counts)]))]),
    };

    /// <summary>Reads what <see cref="Write"/> gave, strictly: that it is of that model, and that its counts add up. Format 2 is read too, without subgroups and without a sketch.</summary>
    /// <param name="json">The bytes.</param>
    /// <param name="model">The model.</param>
    /// <param name="study">The model's study.</param>
    /// <param name="basis">Of its sketch; null: it has none.</param>
    /// <exception cref="FormatException">It is something else, of another model, or of an older format.</exception>
    public static DayReport Read(ReadOnlySpan<byte> json, Sha256Digest model, Study study, FourierBasis? basis = null)
    {
        ArgumentNullException.ThrowIfNull(study);
        var features = study.Data.Features;
        if (json.Length > MaximumLength)
            throw new FormatException($"report has {json.Length} bytes; at most {MaximumLength} are read.");
        var fields = new JsonFields(CanonicalJson.Read(json), "report");
        var format = fields.Integer("format", study.Data.Label.Number is null ? OldestFormat : Format, Format);
        var line = fields.Text("line", 63);
        if (!Name.IsName(line))
            fields.Fail("line", $"be a model's name: {Name.Rule}");
        if (!ModelVersion.TryParse(fields.Text("version", 32), out var version))
            fields.Fail("version", "be a version: three numbers, such as 1.2.0");
        if (ServedDigest.Read(fields, "model") != model)
            fields.Fail("model", "be the model that the version has now");
        var report = new DayReport(line, version, model, CalendarDay.Read(fields, "day"), study) { Answered = Number(fields, "answered"), Shadow = Number(fields, "shadow"), Errors = Number(fields, "errors") };
        var unscored = fields.Object("unscored");
        (report.UnscoredMissing, report.UnscoredOther) = (Number(unscored, "missing"), Number(unscored, "other"));
        unscored.End();
        Take(fields, "scores", report._scores);
        if (report._number is { } number)
            report.OutcomeErrors = SubgroupErrors.Read(number, fields.Node("outcomes"), fields.PathOf("outcomes"));
        else
            report.Outcomes = ScoreHistogram.Read(fields.Node("outcomes"), fields.PathOf("outcomes"));
        Take(fields, "latency", report._latency);
        if (format > OldestFormat && !fields.IsNull("sketch"))
            report.Sketch = FourierSketch.Read(fields.Node("sketch"), basis ?? throw new FormatException($"{fields.PathOf("sketch")} must be null: the study has no numbers."), fields.PathOf("sketch"));
        var index = 0;
        var read = fields.List("features", features.Length, (node, path) =>
        {
            var feature = new JsonFields(node, path);
            if (feature.Text("name", 128) != features[index].Name)
                feature.Fail("name", "be the study's feature");
            Take(feature, "counts", report._values[index]);
            (report._missing[index], report._implausible[index]) = (Number(feature, "missing"), Number(feature, "implausible"));
            feature.End();
            return index++;
        });
        report.ReadSubgroups(fields, format);
        fields.End();
        if (read.Length != features.Length)
            fields.Fail("features", "have each feature once");
        if (!report.AddsUp())
            fields.Fail("answered", "be what the scores, the latencies, the sketch and the cells of each feature add up to; outcomes are in the grid's own bins");
        return report;
    }

    private bool AddsUp() =>
        _scores.Sum() == Answered && _latency.Sum() == Answered && Enumerable.Range(0, _features.Length).All(i => _values[i].Sum() + _missing[i] + _implausible[i] == Answered)
        && (Sketch?.Count ?? Answered) <= Answered && Outcomes.Bins.Length == ScoreHistogram.GridBins && Outcomes.IsPartition
        && (Subgroups is null || ((SubgroupErrors?.AddUpTo(OutcomeErrors!, Subgroups) ?? Subgroups.AddUpTo(Outcomes)) && Enumerable.Range(0, _features.Length).All(i => Bands(i) is not { } bands || _values[i].Index().All(cell => bands.Sum(band => band[cell.Index]) == cell.Item))));

    private void ReadSubgroups(JsonFields fields, long format)
    {
        if (format == OldestFormat || fields.IsNull("subgroups"))
        {
            (Subgroups, SubgroupErrors) = (null, null);
            foreach (var name in format == OldestFormat ? [] : _number is null ? new[] { "bands" } : ["bands", "subgroupErrors"])
            {
                if (!fields.IsNull(name))
                    fields.Fail(name, "be null where the subgroups are");
            }

            return;
        }

        if (Partitions.IsEmpty)
            fields.Fail("subgroups", "be null, as the study declares none");
        Subgroups = SubgroupCounts.Read(fields.Object("subgroups"), Sizes);
        if (_number is { } number)
            SubgroupErrors = SubgroupErrors.Read(fields, "subgroupErrors", number, Sizes);
        var partition = 0;
        var read = fields.List("bands", Partitions.Length, (node, path) => ReadBands(node, path, _bands[partition++]));
        if (read.Length != Partitions.Length)
            fields.Fail("bands", "have one item for each partition");
    }

    private static bool ReadBands(JsonNode? node, string path, long[][]? into)
    {
        if (into is null ? node is not null : node is not JsonArray list || list.Count != into.Length)
            throw new FormatException($"{path} must have the rows of each band of a number, and of a category nothing.");
        foreach (var (band, counts) in (into ?? []).Index())
            Take(new JsonFields(new JsonObject { ["counts"] = node![band]?.DeepClone() }, $"{path}[{band}]"), "counts", counts);
        return true;
    }

    private int CellOf(float output) => _predictions is null ? ScoreHistogram.BinOf(output, ScoreHistogram.GridBins) : _predictions.CellOf(Math.Clamp(output, _number!.Minimum, _number.Maximum)) - 1;

    private int? PartitionOf(int feature)
    {
        for (var partition = 0; partition < Partitions.Length; partition++)
        {
            if (Partitions[partition].Feature == _features[feature].Name)
                return partition;
        }

        return null;
    }

    // None where one is missing, or where there are more rows than a sketch holds: a sum over a part of the rows would say something else.
    private static FourierSketch? Merged(FourierSketch? mine, FourierSketch? other) =>
        mine is null || other is null || mine.Count + other.Count > FourierSketch.MaximumCount ? null : mine.Merge(other);

    private static long Number(JsonFields fields, string name) => fields.Integer(name, 0, ValueHistogram.MaximumCount);

    private static void Take(JsonFields fields, string name, long[] counts)
    {
        var read = fields.List(name, counts.Length, (node, path) => JsonFields.Integer(node, path, 0, ValueHistogram.MaximumCount));
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

    private static void Sum(long[] counts, long[] others)
    {
        for (var i = 0; i < counts.Length; i++)
            counts[i] += others[i];
    }

    private static JsonArray Counts(long[] counts) => [.. counts.Select(count => (JsonNode)count)];
}
