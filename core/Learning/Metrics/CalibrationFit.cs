namespace FederatedClinicalMl.Learning;

/// <summary>
/// Logistic recalibration (Cox 1958, "Two further applications of a model for binary regression"): the maximum-likelihood a and b of logit(observed) = a + b · logit(predicted), by Newton's method, with
/// their variances from the inverse of the information matrix at the maximum: rows are taken as independent.
/// </summary>
/// <param name="Intercept">a; 0 is ideal.</param>
/// <param name="Slope">b; 1 is ideal, below it the model is too sure of itself.</param>
/// <param name="InterceptVariance">Variance of a.</param>
/// <param name="SlopeVariance">Variance of b.</param>
public readonly record struct CalibrationFit(double Intercept, double Slope, double InterceptVariance, double SlopeVariance)
{
    private const int MaximumSteps = 50;

    /// <summary>a with its normal 95 % interval (Wald).</summary>
    public Estimate InterceptInterval => Estimate.Around(Intercept, Estimate.Z * Math.Sqrt(InterceptVariance));

    /// <summary>b with its normal 95 % interval (Wald).</summary>
    public Estimate SlopeInterval => Estimate.Around(Slope, Estimate.Z * Math.Sqrt(SlopeVariance));

    /// <summary>The fit to bins, each as if all its rows had its mean prediction; null where the likelihood has no finite maximum (one bin, one class, or classes that a bin edge separates).</summary>
    public static CalibrationFit? Of(IReadOnlyList<CalibrationBin> bins) =>
        Of([.. bins.Where(bin => bin.Predicted is > 0 and < 1).Select(bin => new Point(Math.Log(bin.Predicted / (1 - bin.Predicted)), bin.Count, bin.Observed))]);

    /// <summary>The fit to rows; null where the likelihood has no finite maximum (one score, one class, or classes that a score separates).</summary>
    /// <param name="logits">[rows]; all finite.</param>
    /// <param name="labels">[rows].</param>
    public static CalibrationFit? Of(ReadOnlySpan<double> logits, ReadOnlySpan<bool> labels)
    {
        if (logits.Length != labels.Length)
            throw new ArgumentException($"There are {logits.Length} logits and {labels.Length} labels.", nameof(labels));
        var points = new Point[logits.Length];
        for (var i = 0; i < points.Length; i++)
            points[i] = double.IsFinite(logits[i]) ? new Point(logits[i], 1, labels[i] ? 1 : 0) : throw new ArgumentException("A logit is not finite.", nameof(logits));
        return Of(points);
    }

    // Steps from the ideal run away where scores are far too sure; those from a slope of 0, where the likelihood bends most, fall short instead.
    private static CalibrationFit? Of(Point[] points) => From(points, 1) ?? From(points, 0);

    private static CalibrationFit? From(Point[] points, double slope)
    {
        var (a, b) = (0.0, slope);
        for (var step = 0; step < MaximumSteps; step++)
        {
            var (ga, gb, haa, hab, hbb) = (0.0, 0.0, 0.0, 0.0, 0.0);
            foreach (var (x, count, observed) in points)
            {
                var p = 1 / (1 + Math.Exp(-(a + (b * x))));
                var residual = count * (observed - p);
                var curvature = count * p * (1 - p);
                ga += residual;
                gb += residual * x;
                haa += curvature;
                hab += curvature * x;
                hbb += curvature * x * x;
            }

            var determinant = (haa * hbb) - (hab * hab);
            if (!(determinant > 1e-12 * haa * hbb)) // flat, or rising for ever
                return null;
            var (da, db) = (((hbb * ga) - (hab * gb)) / determinant, ((haa * gb) - (hab * ga)) / determinant);
            (a, b) = (a + da, b + db);
            if (Math.Abs(da) + Math.Abs(db) < 1e-10)
                return new CalibrationFit(a, b, hbb / determinant, haa / determinant);
        }

        return null;
    }

    private readonly record struct Point(double X, double Count, double Observed);
}
