using System.Collections.Immutable;
using System.Globalization;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>A study's rows held against those on which a model of it was trained.</summary>
public static class StudyDrift
{
    /// <summary>Least rows against which windows are held, where nobody names a day: five times what a test needs at least.</summary>
    public const int ReferenceRows = 500;

    // Each pair of them is a test more: the first few numbers, as the study orders them.
    private const int Correlated = 6;

    /// <summary>What is counted of a study's rows: its features, in its units, over their plausible ranges.</summary>
    public static ProfileDesign DesignOf(Study study)
    {
        ArgumentNullException.ThrowIfNull(study);
        var features = study.Data.Features;
        return ProfileDesign.Of(
            [.. features.Select(feature => feature.Type == FeatureType.Number
                ? ProfileFeature.Number(feature.Name, feature.Minimum, feature.Maximum, feature.Mean, feature.StandardDeviation)
                : ProfileFeature.Category(feature.Name, [.. feature.Levels.Select(level => level.ToString("R", CultureInfo.InvariantCulture))]))],
            [.. features.Where(feature => feature.Type == FeatureType.Number).Take(Correlated).Select(feature => feature.Name)],
            $"drift {study.Digest}");
    }

    /// <summary>The design of <see cref="DesignOf"/> where rows are sketched by it as they come; null where there is no number, or more features than a profile is of.</summary>
    public static ProfileDesign? SketchDesignOf(Study study)
    {
        ArgumentNullException.ThrowIfNull(study);
        return study.Data.Features.Length <= ProfileDesign.MaximumFeatures && DesignOf(study) is { Basis: not null } design ? design : null;
    }

    /// <summary>Rows as a sketch takes them.</summary>
    /// <param name="design">The study's.</param>
    /// <param name="features">The study's features.</param>
    /// <param name="values">[rows, features], row by row: what a model was given, float32.</param>
    /// <returns>[rows, numbers], row by row.</returns>
    public static double[] SketchRows(ProfileDesign design, ImmutableArray<Feature> features, ReadOnlySpan<float> values)
    {
        var rows = new double[values.Length];
        for (var (i, j) = (0, 0); i < rows.Length; i++, j = j + 1 == features.Length ? 0 : j + 1)
        {
            var feature = features[j];
            // A number on a bound of its range may lie beside it as a float32.
            rows[i] = feature.Type == FeatureType.Number ? Math.Clamp(InputEncoder.Plausible(feature, values[i]), feature.Minimum, feature.Maximum) : double.NaN;
        }

        return TrainingProfile.SketchRows(design, rows, rows.Length / features.Length);
    }

    /// <summary>The profile of rows.</summary>
    public static TrainingProfile Profile(Study study, CohortRows rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        return TrainingProfile.Of(DesignOf(study), Values(study, rows), Labels(study, rows));
    }

    /// <summary>Holds rows against a profile of the same study.</summary>
    /// <param name="study">The study.</param>
    /// <param name="reference">The profile.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="check">The how many-th check, from 1: repeated checks spend what may be spent together.</param>
    public static DriftCheck Check(Study study, TrainingProfile reference, CohortRows rows, int check)
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(rows);
        return DriftComparison.Of(
            reference, Values(study, rows), Labels(study, rows), new DriftOptions(), check,
            DeterministicRandom.Of("drift", study.Digest.ToString(), check.ToString(CultureInfo.InvariantCulture)));
    }

    /// <summary>Holds windows of time against the rows before them: one check.</summary>
    /// <param name="study">The study.</param>
    /// <param name="rows">Its rows.</param>
    /// <param name="clock">The hospital's clock.</param>
    /// <param name="period">How long a window is.</param>
    /// <param name="from">Rows predicted before this day are the reference; null: the first windows that have <see cref="ReferenceRows"/> together.</param>
    /// <param name="check">The how many-th check, from 1.</param>
    /// <exception cref="DatasetException">There are no rows before the windows, or none in them.</exception>
    public static DriftTimeline Windows(Study study, ImmutableArray<ClinicalRow> rows, ClinicalClock clock, DriftPeriod period, DateOnly? from, int check)
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(clock);
        var first = from is { } day ? clock.StartOfDay(day) : ClinicalTime.None;
        var reference = first.IsKnown ? rows.Where(row => row.Prediction < first).ToList() : [];
        var windows = new List<(string Name, List<ClinicalRow> Rows)>();
        foreach (var window in rows.Where(row => !first.IsKnown || row.Prediction >= first)
            .GroupBy(row => period.NameOf(clock.ToLocal(row.Prediction)), StringComparer.Ordinal).OrderBy(window => window.Key, StringComparer.Ordinal))
        {
            if (!first.IsKnown && reference.Count < ReferenceRows)
                reference.AddRange(window);
            else
                windows.Add((window.Key, [.. window]));
        }

        if (reference.Count == 0 || windows.Count == 0)
        {
            throw new DatasetException(from is null
                ? $"Of {rows.Length} rows none are left after the first {ReferenceRows}, against which windows are held. Name a day with --from."
                : $"{reference.Count} rows lie before that day and {rows.Length - reference.Count} from then on; both are needed.");
        }

        var (profile, options) = (Profile(study, RowsOf(reference)), new DriftOptions());
        var measured = windows.ConvertAll(window => DriftComparison.Measure(
            profile, Values(study, RowsOf(window.Rows)), Labels(study, RowsOf(window.Rows)), options, DeterministicRandom.Of("drift", study.Digest.ToString(), window.Name)));
        var decided = DriftDecision.Decide([.. measured.SelectMany(measurements => measurements)], options, check);
        // Every window has the same tests.
        var tests = measured[0].Count;
        return new DriftTimeline(check, decided.Alpha, reference.Count, [.. windows.Select((window, i) => new DriftWindow(window.Name, window.Rows.Count, decided.Results.Slice(i * tests, tests)))]);
    }

    /// <summary>Rows over events, as profiles take them.</summary>
    public static CohortRows RowsOf(IReadOnlyCollection<ClinicalRow> rows)
    {
        var part = new CohortPart();
        foreach (var row in rows)
            part.Add(row.Values, row.Label, row.Patient);
        return part.ToRows();
    }

    // A category's value is the index of its level.
    private static double[] Values(Study study, CohortRows rows)
    {
        var features = study.Data.Features;
        var values = (double[])rows.Values.Clone();
        for (var j = 0; j < features.Length; j++)
        {
            if (features[j].Type == FeatureType.Number)
                continue;
            for (var i = j; i < values.Length; i += features.Length)
            {
                var level = InputEncoder.Plausible(features[j], values[i]);
                values[i] = float.IsNaN(level) ? double.NaN : features[j].Levels.IndexOf(features[j].Levels.First(known => (float)known == level));
            }
        }

        return values;
    }

    // Of a number the share above the middle of its scale, which is public.
    private static double[] Labels(Study study, CohortRows rows) => [.. rows.Labels.Select(label => study.Data.Label.Number is { } number ? (label > number.Mean ? 1.0 : 0) : label)];
}
