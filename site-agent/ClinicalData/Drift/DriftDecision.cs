namespace FederatedClinicalMl.ClinicalData;

/// <summary>
/// Decides what is drift. An alarm needs an effect that matters (at least its threshold), that chance does not make (above its null quantile at these sample
/// sizes), and that many tests do not make (q below this check's share of alpha, over all tests of the check).
/// </summary>
public static class DriftDecision
{
    /// <summary>Decides a check.</summary>
    /// <param name="measurements">All tests of the check.</param>
    /// <param name="options">Thresholds.</param>
    /// <param name="check">Number of the check of this model at this site, from 1.</param>
    /// <exception cref="ArgumentException">An option lies outside of its range.</exception>
    public static DriftCheck Decide(IReadOnlyList<DriftMeasurement> measurements, DriftOptions options, int check)
    {
        ArgumentNullException.ThrowIfNull(measurements);
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        var alpha = options.Alpha * AlphaSpending.Share(check);
        var family = measurements.Where(measurement => HasRows(measurement) && measurement.P is not null).ToList();
        var adjusted = BenjaminiHochberg.Adjust([.. family.Select(measurement => measurement.P!.Value)]);
        var q = new Dictionary<DriftMeasurement, double>(ReferenceEqualityComparer.Instance);
        for (var i = 0; i < adjusted.Length; i++)
            q.Add(family[i], adjusted[i]);
        return new DriftCheck(check, alpha, [.. measurements.Select(Result)]);

        bool HasRows(DriftMeasurement measurement) => Math.Min(measurement.ReferenceRows, measurement.CurrentRows) >= options.MinimumRows;

        DriftResult Result(DriftMeasurement measurement)
        {
            var threshold = options.ThresholdOf(measurement.Test);
            double? value = q.TryGetValue(measurement, out var found) ? found : null;
            var verdict = !HasRows(measurement) || measurement.Effect is not { } effect ? DriftVerdict.NotAssessable
                : effect < threshold ? DriftVerdict.Stable
                : value is null ? DriftVerdict.NotAssessable
                : effect > measurement.NullQuantile && value < alpha ? DriftVerdict.Alarm
                : DriftVerdict.Stable;
            return new DriftResult(measurement, threshold, value, verdict);
        }
    }
}
