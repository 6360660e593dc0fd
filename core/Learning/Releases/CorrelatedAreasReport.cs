using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>
/// The payload of a release of a site's areas under the ROC curves: canonical JSON <c>{"areas":{...},"withheld":null}</c>, or null and the word that says why.
/// An area of few rows tells of single ones, so that the policy says how many of each class it takes. It is not differential privacy.
/// </summary>
public sealed class CorrelatedAreasReport
{
    private CorrelatedAreasReport(CorrelatedAreas? areas, Withholding? withheld) => (Areas, Withheld) = (areas, withheld);

    /// <summary>What a site says whose policy lets out no areas.</summary>
    public static CorrelatedAreasReport WithheldByPolicy { get; } = new(null, Withholding.Policy);

    /// <summary>The areas; null where withheld.</summary>
    public CorrelatedAreas? Areas { get; }

    /// <summary>Why they are withheld; null where they are not.</summary>
    public Withholding? Withheld { get; }

    /// <summary>The report of a site.</summary>
    /// <param name="scores">[curves, rows], as for <see cref="CorrelatedAreas.Of"/>; in the order that the caller's study gives, such as candidate, production, baseline.</param>
    /// <param name="labels">[rows].</param>
    /// <param name="minimumNegatives">The fewest negatives of which its policy lets areas out, from 1.</param>
    /// <param name="minimumPositives">The fewest positives, from 1.</param>
    public static CorrelatedAreasReport Of(IReadOnlyList<double[]> scores, ReadOnlySpan<bool> labels, int minimumNegatives, int minimumPositives)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(minimumNegatives, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(minimumPositives, 1);
        var report = new CorrelatedAreasReport(CorrelatedAreas.Of(scores, labels), null);
        return report.Areas is not null && report.Fits(minimumNegatives, minimumPositives) ? report : new CorrelatedAreasReport(null, Withholding.TooFew);
    }

    /// <summary>Whether a release whose manifest names these minimums can hold it; both are 0 where the policy lets no areas out.</summary>
    public bool Fits(int minimumNegatives, int minimumPositives) => Withheld == Withholding.Policy
        ? minimumNegatives == 0 && minimumPositives == 0
        : minimumNegatives > 0 && minimumPositives > 0 && (Areas is null || (Areas.Negatives >= minimumNegatives && Areas.Positives >= minimumPositives));

    /// <summary>The JSON form.</summary>
    public JsonObject ToJson() => new()
    {
        ["areas"] = Areas?.ToJson(),
        ["withheld"] = WithholdingWords.Of(Withheld),
    };

    /// <summary>Canonical JSON.</summary>
    public byte[] Write() => CanonicalJson.Write(ToJson());

    /// <summary>Reads a report, strictly.</summary>
    /// <exception cref="FormatException">The bytes are something else.</exception>
    public static CorrelatedAreasReport Read(ReadOnlySpan<byte> json)
    {
        var fields = new JsonFields(CanonicalJson.Read(json), "areas");
        var report = Read(fields);
        fields.End();
        return report;
    }

    internal static CorrelatedAreasReport Read(JsonFields fields)
    {
        var areas = fields.IsNull("areas") ? null : CorrelatedAreas.Read(fields.Node("areas"), fields.PathOf("areas"));
        return new CorrelatedAreasReport(areas, WithholdingWords.Read(fields, isWithheld: areas is null));
    }
}
