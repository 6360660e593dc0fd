using System.Collections.Immutable;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Learning;

/// <summary>
/// How far all numbers of a window's rows together are from the rows on which the study's last run trained at the site: two rounded figures, and never the sketches of which they are made. Those are exact sums, and such a sum over
/// few rows, or two over nearly the same rows, can be solved for a row.
/// </summary>
/// <param name="Discrepancy">
/// The squared maximum mean discrepancy, unbiased (Gretton et al. 2012, JMLR 13), rounded to thousandths: about 0 without drift, and so often below it.
/// </param>
/// <param name="P">The least of <see cref="Levels"/> that the probability of so large a discrepancy without drift is not above, by <see cref="FourierSketch.DriftBound"/>.</param>
public sealed record JointDrift(double Discrepancy, double P)
{
    /// <summary>Least rows on either side, whatever the policy's minimum.</summary>
    public const int LeastRows = 4;

    /// <summary>
    /// Large from here on: in a simulation with 64 frequencies (20 bases, 4,000 normal rows on each side) half a standard deviation in one of d independent numbers gave 0.043 (d = 1), 0.014 (5), 0.009 (7), 0.005 (13); a quarter of
    /// one in each of d at once about 0.017 from 5 to 40; a correlation of 0.7 that becomes -0.7, no number changed by itself, 0.044 of 2 and 0.009 of 5.
    /// </summary>
    public const double LargeFrom = 0.01;

    // Means of vectors of length 1 are at most 2 apart; the unbiased figure is below the biased one, which is never negative, by at most 1/3 for each side of 4 rows.
    private const double Least = -0.667, Most = 4;

    private const int Digits = 3;

    /// <summary>What a probability is rounded up to: so few words that hardly anything of one row is in them.</summary>
    public static readonly ImmutableArray<double> Levels = [0.0001, 0.001, 0.01, 0.05, 0.1, 1];

    /// <summary>The discrepancy; 0 where so large a one could come by chance.</summary>
    public double CertainDiscrepancy => P <= FeatureDrift.Chance ? Discrepancy : 0;

    /// <summary>What is told of two sketches; null where there is one of them only, or too few rows in one.</summary>
    /// <param name="reference">Of the rows that the site last trained on.</param>
    /// <param name="current">Of a window's rows.</param>
    /// <param name="minimum">The least count that the site's policy lets out.</param>
    public static JointDrift? Of(FourierSketch? reference, FourierSketch? current, int minimum)
    {
        var least = Math.Max(minimum, LeastRows);
        if (reference is null || current is null || reference.Count < least || current.Count < least)
            return null;
        var bound = current.DriftBound(reference)!.Value;
        // -0 + 0 is 0.
        return new JointDrift(Math.Round(current.UnbiasedDiscrepancy(reference)!.Value, Digits) + 0.0, Levels.First(level => bound <= level));
    }

    internal JsonObject ToJson() => new() { ["discrepancy"] = Discrepancy, ["p"] = P };

    internal static JointDrift Read(JsonFields fields)
    {
        var joint = new JointDrift(fields.Number("discrepancy"), fields.Number("p"));
        fields.End();
        if (joint.Discrepancy is not (>= Least and <= Most) || !Math.Round(joint.Discrepancy, Digits).Equals(joint.Discrepancy))
            fields.Fail("discrepancy", "be a squared discrepancy in thousandths");
        if (!Levels.Contains(joint.P))
            fields.Fail("p", "be 0.0001, 0.001, 0.01, 0.05, 0.1 or 1");
        return joint;
    }
}
