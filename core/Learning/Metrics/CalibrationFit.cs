namespace FederatedClinicalMl.Learning;

/// <summary>
/// Logistic recalibration (Cox 1958, "Two further applications of a model for binary regression"): the maximum-likelihood a and b of
/// logit(observed) = a + b · logit(predicted), on binned data, by Newton's method.
/// </summary>
internal readonly record struct CalibrationFit(double Intercept, double Slope)
{
    private const int MaximumSteps = 50;

    /// <summary>The fit; null where the likelihood has no finite maximum (one bin, one class, or classes that a bin edge separates).</summary>
    internal static CalibrationFit? Of(IReadOnlyList<CalibrationBin> bins)
    {
        var points = bins.Where(bin => bin.Predicted is > 0 and < 1)
            .Select(bin => (X: Math.Log(bin.Predicted / (1 - bin.Predicted)), bin.Count, bin.Observed))
            .ToArray();
        var (a, b) = (0.0, 1.0);
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
                return new CalibrationFit(a, b);
        }

        return null;
    }
}
