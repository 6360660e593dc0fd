using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Learning;

/// <summary>The mean absolute errors of two models of a number on the same rows of one site, and how sure their difference is: the variance of the mean of paired differences.</summary>
/// <param name="Rows">Rows, from 2.</param>
/// <param name="Candidate">The candidate's mean absolute error, in the outcome's unit.</param>
/// <param name="Other">The other model's.</param>
/// <param name="Variance">Of the mean of |outcome - candidate| - |outcome - other|, in the square of the unit, from 0.</param>
public sealed record PairedErrors(long Rows, double Candidate, double Other, double Variance)
{
    /// <summary>Least rows, which the variance needs.</summary>
    public const int LeastRows = 2;

    /// <summary>The candidate's error less the other's. Where the variance is no more than rounding leaves, as where both predict alike, it is no certainty: the difference is then taken to have the standard error (greater error)/(rows + 2).</summary>
    public SiteEstimate Difference
    {
        get
        {
            var least = Math.Max(Math.Pow(Math.Max(Candidate, Other) / (Rows + 2), 2) * 1e-9, 1e-200);
            return new SiteEstimate(Candidate - Other, Variance > least ? Variance : Math.Max(1e-200, Math.Pow(Math.Max(Candidate, Other) / (Rows + 2), 2)));
        }
    }

    /// <summary>The errors on rows; null of fewer than <see cref="LeastRows"/>.</summary>
    /// <param name="outcomes">[rows].</param>
    /// <param name="candidate">[rows], its predictions.</param>
    /// <param name="other">[rows], the other model's.</param>
    public static PairedErrors? Of(double[] outcomes, double[] candidate, double[] other)
    {
        ArgumentNullException.ThrowIfNull(outcomes);
        ArgumentNullException.ThrowIfNull(candidate);
        ArgumentNullException.ThrowIfNull(other);
        ArgumentOutOfRangeException.ThrowIfNotEqual(candidate.Length, outcomes.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(other.Length, outcomes.Length);
        if (outcomes.Length < LeastRows)
            return null;
        var (ours, theirs) = (Errors(candidate), Errors(other));
        double[] differences = [.. ours.Zip(theirs, (one, next) => one - next)];
        var mean = differences.Average();
        return new PairedErrors(outcomes.Length, ours.Average(), theirs.Average(), differences.Sum(difference => (difference - mean) * (difference - mean)) / (outcomes.Length - 1.0) / outcomes.Length);

        double[] Errors(double[] predictions) => [.. predictions.Zip(outcomes, (prediction, outcome) => Math.Abs(outcome - prediction))];
    }

    /// <summary>JSON with the fields rows, candidate, other and variance.</summary>
    public JsonObject ToJson() => new() { ["rows"] = Rows, ["candidate"] = Candidate, ["other"] = Other, ["variance"] = Variance };

    /// <summary>Reads what <see cref="ToJson"/> writes, strictly.</summary>
    /// <exception cref="FormatException">The JSON is something else, or errors that no rows can have.</exception>
    public static PairedErrors Read(JsonNode? node, string path)
    {
        var fields = new JsonFields(node, path);
        var read = new PairedErrors(fields.Integer("rows", LeastRows, ScoreHistogram.MaximumCount), Positive("candidate"), Positive("other"), Positive("variance"));
        fields.End();
        return read;

        double Positive(string name)
        {
            var number = fields.Number(name);
            if (number is not (>= 0 and <= 1e200))
                fields.Fail(name, "be from 0 to 1e200");
            return number;
        }
    }
}
