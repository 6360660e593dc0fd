using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>
/// The payload of a release of a site's areas under the ROC curves: canonical JSON <c>{"areas":{...},"withheld":null}</c>, or null and the word that says why; of two models of a number <c>{"areas":null,"errors":{...},"withheld":null}</c>.
/// An area of few rows tells of single ones, so that the policy says how many of each class it takes. It is not differential privacy.
/// </summary>
public sealed class CorrelatedAreasReport
{
    private CorrelatedAreasReport(CorrelatedAreas? areas, Withholding? withheld, PairedErrors? errors = null) => (Areas, Withheld, Errors) = (areas, withheld, errors);

    /// <summary>What a site says whose policy lets out no areas.</summary>
    public static CorrelatedAreasReport WithheldByPolicy { get; } = new(null, Withholding.Policy);

    /// <summary>The areas; null where withheld, and where a number is predicted.</summary>
    public CorrelatedAreas? Areas { get; }

    /// <summary>Where a number is predicted, the errors of the candidate and of the other model; null where withheld.</summary>
    public PairedErrors? Errors { get; }

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

    /// <summary>The report of a site of two models of a number.</summary>
    /// <param name="errors">Their errors; null of too few rows.</param>
    /// <param name="minimum">The fewest rows of which its policy lets them out, from 1.</param>
    public static CorrelatedAreasReport OfNumber(PairedErrors? errors, int minimum) =>
        errors?.Rows >= minimum ? new CorrelatedAreasReport(null, null, errors) : new CorrelatedAreasReport(null, Withholding.TooFew);

    /// <summary>Whether a release whose manifest names these minimums can hold it; both are 0 where the policy lets no areas out.</summary>
    public bool Fits(int minimumNegatives, int minimumPositives) => Withheld == Withholding.Policy
        ? minimumNegatives == 0 && minimumPositives == 0
        : minimumNegatives > 0 && minimumPositives > 0 && (Areas is null || (Areas.Negatives >= minimumNegatives && Areas.Positives >= minimumPositives)) && !(Errors?.Rows < Math.Max(minimumNegatives, minimumPositives));

    /// <summary>The JSON form.</summary>
    public JsonObject ToJson()
    {
        var json = new JsonObject { ["areas"] = Areas?.ToJson(), ["withheld"] = WithholdingWords.Of(Withheld) };
        if (Errors is not null)
            json["errors"] = Errors.ToJson();
        return json;
    }

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
        var errors = fields.Has("errors") ? PairedErrors.Read(fields.Node("errors"), fields.PathOf("errors")) : null;
        if (areas is not null && errors is not null)
            fields.Fail("errors", "be of models of a number, which have no 'areas'");
        return new CorrelatedAreasReport(areas, WithholdingWords.Read(fields, isWithheld: areas is null && errors is null), errors);
    }
}
