using System.Collections.Immutable;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Learning;

/// <summary>
/// Areas under the ROC curves of several models on the same rows, and their covariances: DeLong, DeLong and Clarke-Pearson 1988 ("Comparing the areas under
/// two or more correlated receiver operating characteristic curves", Biometrics 44), ties counted half. A few scalars that say nothing of any row alone.
/// </summary>
/// <remarks>
/// Each curve takes one sort, O(n log n), as with the midranks of Sun and Xu 2014 (IEEE Signal Processing Letters 21(11)): a row's placement, twice the number of
/// rows of the other class on its right side, is a whole number, and so are all sums. The areas are rounded in their last division only, and a variance is 0 only where it is.
/// </remarks>
public sealed class CorrelatedAreas
{
    /// <summary>Most curves.</summary>
    public const int MaximumCurves = 8;

    /// <summary>Least rows of each class: a variance of one placement is not defined.</summary>
    public const int LeastRows = 2;

    // How far a sum of rounded numbers may exceed what exact ones could be.
    private const double Rounding = 1e-9;

    private readonly ImmutableArray<double> _covariances; // the lower triangle, row by row

    private CorrelatedAreas(long negatives, long positives, ImmutableArray<double> areas, ImmutableArray<double> covariances) =>
        (Negatives, Positives, Areas, _covariances) = (negatives, positives, areas, covariances);

    /// <summary>Rows with a negative label.</summary>
    public long Negatives { get; }

    /// <summary>Rows with a positive label.</summary>
    public long Positives { get; }

    /// <summary>[curves].</summary>
    public ImmutableArray<double> Areas { get; }

    /// <summary>The covariance of two areas; the variance where they are one.</summary>
    public double Covariance(int first, int second) => _covariances[(Math.Max(first, second) * (Math.Max(first, second) + 1) / 2) + Math.Min(first, second)];

    /// <summary>The areas of scores.</summary>
    /// <param name="scores">[curves, rows], from 1 to <see cref="MaximumCurves"/> curves; each any increasing function of its model's probability; none NaN.</param>
    /// <param name="labels">[rows], at most <see cref="ScoreHistogram.MaximumCount"/>.</param>
    /// <returns>Null unless each class has <see cref="LeastRows"/> rows.</returns>
    /// <exception cref="ArgumentException">The lengths differ, or a score is NaN.</exception>
    public static CorrelatedAreas? Of(IReadOnlyList<double[]> scores, ReadOnlySpan<bool> labels)
    {
        ArgumentNullException.ThrowIfNull(scores);
        ArgumentOutOfRangeException.ThrowIfLessThan(scores.Count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(scores.Count, MaximumCurves);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(labels.Length, ScoreHistogram.MaximumCount);
        var positives = labels.Count(true);
        var negatives = labels.Length - positives;
        var placements = new long[scores.Count][];
        for (var curve = 0; curve < placements.Length; curve++)
            placements[curve] = Placements(scores[curve], labels, positives);
        if (positives < LeastRows || negatives < LeastRows)
            return null;

        double scale = 2.0 * positives * negatives;
        var (areas, covariances) = (ImmutableArray.CreateBuilder<double>(), ImmutableArray.CreateBuilder<double>());
        for (var i = 0; i < placements.Length; i++)
        {
            areas.Add((double)Sum(placements[i], labels, true) / scale);
            for (var j = 0; j <= i; j++)
            {
                // Σ (x - x̄)(y - ȳ) over a class of n is (n Σ xy - Σx Σy)/n; the placements of a class are twice the shares of the other's rows.
                var ofPositives = (double)Spread(placements[i], placements[j], labels, true) / (positives - 1);
                var ofNegatives = (double)Spread(placements[i], placements[j], labels, false) / (negatives - 1);
                covariances.Add((ofPositives + ofNegatives) / (scale * scale));
            }
        }

        return new CorrelatedAreas(negatives, positives, areas.ToImmutable(), covariances.ToImmutable());
    }

    /// <summary>An area with DeLong's 95 % interval, cut to [0, 1]. Where the variance is 0 the interval is a point: see <see cref="Logit"/>.</summary>
    public Estimate Interval(int curve)
    {
        var half = Estimate.Z * Math.Sqrt(Covariance(curve, curve));
        return new Estimate(Areas[curve], Math.Max(0, Areas[curve] - half), Math.Min(1, Areas[curve] + half));
    }

    /// <summary>An area with its 95 % interval on the scale of logits (<see cref="Logit(int)"/>), which is never a point, and never beyond 0 or 1.</summary>
    public Estimate LogitInterval(int curve)
    {
        var logit = Logit(curve);
        var interval = Estimate.Around(logit.Value, Estimate.Z * Math.Sqrt(logit.Variance)).FromLogit();
        return interval with { Value = Areas[curve], Low = Math.Min(interval.Low, Areas[curve]), High = Math.Max(interval.High, Areas[curve]) };
    }

    /// <summary>
    /// The logit of an area, and its variance by the delta method: V/(A(1 - A))². Over sites it is combined on this scale (Snell, Ensor, Debray, Moons and Riley 2018,
    /// "Meta-analysis of prediction model performance across multiple validation studies", Statistical Methods in Medical Research 27(11)).
    /// </summary>
    /// <remarks>
    /// DeLong's variance is 0 where the scores part the classes, wholly (A is 1 or 0, and the logit infinite) or not at all (all scores are equal). That says that the rows are few and not that
    /// the model is certain, and would give the site all the weight. There the area is taken for a share of the smaller class's N rows, which has the largest variance
    /// that an area can have, A(1 - A)/N (Bamber
    /// 1975, Journal of Mathematical Psychology 12), with half a row more on each side (Haldane 1956, Annals of Human Genetics 20): the logit is ln((NA + ½)/(N(1 - A) +
    /// ½)), with variance 1/(NA + ½) + 1/(N(1 - A) + ½).
    /// </remarks>
    public SiteEstimate Logit(int curve) => Logit(Areas[curve], Covariance(curve, curve), Math.Min(Negatives, Positives));

    internal static SiteEstimate Logit(double area, double variance, double rows)
    {
        if (variance > 0 && area is > 0 and < 1)
        {
            var slope = 1 / (area * (1 - area));
            return new SiteEstimate(Math.Log(area / (1 - area)), variance * slope * slope);
        }

        var (right, wrong) = ((rows * area) + 0.5, (rows * (1 - area)) + 0.5);
        return new SiteEstimate(Math.Log(right / wrong), (1 / right) + (1 / wrong));
    }

    /// <summary>The area of one curve less that of another on the same rows, and its variance: Var(A) + Var(B) - 2 Cov(A, B).</summary>
    /// <remarks>
    /// The variance is 0 where both models place every row alike, or where each is as in the remark on <see cref="Logit"/>. Again that is no certainty: the difference D
    /// is then taken for that of two shares of the smaller class's N rows, with half a row
    /// more in each cell of their table (Agresti and Min 2005, "Simple improved confidence intervals for comparing matched proportions", Statistics in Medicine 24):
    /// N D/(N + 2), with variance (N|D| + 1 - (N D)²/(N + 2))/(N + 2)². Two models that rank alike so differ by 0 ± 1.96/(N + 2). So is one taken that is no more than what
    /// rounding leaves of three numbers that cancel out: it would give the site all the weight.
    /// </remarks>
    public SiteEstimate Difference(int first, int second)
    {
        var sum = Covariance(first, first) + Covariance(second, second);
        var variance = sum - (2 * Covariance(first, second));
        var difference = Areas[first] - Areas[second];
        if (variance > Rounding * sum)
            return new SiteEstimate(difference, variance);
        double rows = Math.Min(Negatives, Positives);
        var turned = rows * difference;
        return new SiteEstimate(turned / (rows + 2), (Math.Abs(turned) + 1 - (turned * turned / (rows + 2))) / ((rows + 2) * (rows + 2)));
    }

    /// <summary>JSON with the fields negatives, positives, areas and covariances (the lower triangle of their matrix, row by row).</summary>
    public JsonObject ToJson() => new()
    {
        ["negatives"] = Negatives,
        ["positives"] = Positives,
        ["areas"] = new JsonArray([.. Areas.Select(area => (JsonNode)area)]),
        ["covariances"] = new JsonArray([.. _covariances.Select(covariance => (JsonNode)covariance)]),
    };

    /// <summary>Reads what <see cref="ToJson"/> writes, strictly: areas and covariances that no scores can have are refused.</summary>
    /// <exception cref="FormatException">The JSON is something else.</exception>
    public static CorrelatedAreas Read(JsonNode? node, string path)
    {
        var fields = new JsonFields(node, path);
        var (negatives, positives) = (fields.Integer("negatives", LeastRows, ScoreHistogram.MaximumCount), fields.Integer("positives", LeastRows, ScoreHistogram.MaximumCount));
        var areas = fields.List("areas", MaximumCurves, JsonFields.Number);
        var covariances = fields.List("covariances", MaximumCurves * (MaximumCurves + 1) / 2, JsonFields.Number);
        fields.End();
        if (areas.Length == 0 || areas.Any(area => area is not (>= 0 and <= 1)))
            fields.Fail("areas", "be from 0 to 1, at least one");
        if (covariances.Length != areas.Length * (areas.Length + 1) / 2)
            fields.Fail("covariances", "have one number for each pair of areas, an area with itself included");
        var read = new CorrelatedAreas(negatives, positives, [.. areas], [.. covariances]);
        // A spread is a whole number: where it is not 0, it is 1 at least.
        var least = 1 / (4.0 * positives * negatives * positives * negatives * (Math.Max(positives, negatives) - 1));
        for (var i = 0; i < areas.Length; i++)
        {
            // Placements are shares with the area as mean, so that n of them have a variance of at most n A(1 - A)/(n - 1).
            var most = areas[i] * (1 - areas[i]) * ((1.0 / (positives - 1)) + (1.0 / (negatives - 1)));
            if (!(read.Covariance(i, i) == 0 || (read.Covariance(i, i) >= least * (1 - Rounding) && read.Covariance(i, i) <= most * (1 + Rounding))))
                fields.Fail("covariances", "have variances that such areas of so many rows can have");
            for (var j = 0; j < i; j++)
            {
                if (Math.Abs(read.Covariance(i, j)) > Math.Sqrt(read.Covariance(i, i) * read.Covariance(j, j)) * (1 + Rounding))
                    fields.Fail("covariances", "be no greater than the variances allow");
            }
        }

        return read;
    }

    // [rows]: for a positive twice the number of negatives below it, for a negative twice that of positives above it, those beside it once.
    private static long[] Placements(double[] scores, ReadOnlySpan<bool> labels, int positives)
    {
        if (scores.Length != labels.Length)
            throw new ArgumentException($"There are {scores.Length} scores and {labels.Length} labels.", nameof(scores));
        if (scores.Any(double.IsNaN))
            throw new ArgumentException("A score is NaN: the model has diverged.", nameof(scores));
        var (sorted, order) = (scores.ToArray(), new int[scores.Length]);
        for (var i = 0; i < order.Length; i++)
            order[i] = i;
        Array.Sort(sorted, order);
        var placements = new long[scores.Length];
        var (negativesBelow, positivesBelow) = (0, 0);
        for (int start = 0, end; start < order.Length; start = end)
        {
            var positivesHere = 0;
            for (end = start; end < order.Length && sorted[end].Equals(sorted[start]); end++)
                positivesHere += labels[order[end]] ? 1 : 0;
            var negativesHere = end - start - positivesHere;
            for (var i = start; i < end; i++)
                placements[order[i]] = labels[order[i]] ? (2L * negativesBelow) + negativesHere : (2L * (positives - positivesBelow)) - positivesHere;
            (negativesBelow, positivesBelow) = (negativesBelow + negativesHere, positivesBelow + positivesHere);
        }

        return placements;
    }

    private static Int128 Sum(long[] placements, ReadOnlySpan<bool> labels, bool label)
    {
        Int128 sum = 0;
        for (var row = 0; row < labels.Length; row++)
            sum += labels[row] == label ? placements[row] : 0;
        return sum;
    }

    // n Σ xy - Σx Σy over the rows of a class: of at most 2^30 rows whose placements are at most 2^31, it is below 2^123.
    private static Int128 Spread(long[] first, long[] second, ReadOnlySpan<bool> labels, bool label)
    {
        Int128 products = 0;
        var rows = 0L;
        for (var row = 0; row < labels.Length; row++)
        {
            if (labels[row] != label)
                continue;
            products += (Int128)first[row] * second[row];
            rows++;
        }

        return (rows * products) - (Sum(first, labels, label) * Sum(second, labels, label));
    }
}
