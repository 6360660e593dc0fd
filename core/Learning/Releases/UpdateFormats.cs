using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>From the study's words to the number formats.</summary>
public static class UpdateFormats
{
    /// <summary>The format in which a study's updates travel.</summary>
    public static UpdateFormat For(UpdateEncoding encoding) => encoding switch
    {
        FixedPointEncoding(var bits, var range) => UpdateFormat.Fixed(bits, range),
        Float32Encoding => UpdateFormat.Float32,
        _ => throw new ArgumentOutOfRangeException(nameof(encoding), encoding, "This encoding has no number format."),
    };

    /// <summary>Whether the sum of <paramref name="sites"/> updates of this study fits a word; asked before a run starts.</summary>
    public static WordBudget BudgetOf(Study study, int sites)
    {
        ArgumentNullException.ThrowIfNull(study);
        return WordBudget.Of(For(study.Federation.Encoding), MaximumTotalWeight(study, sites));
    }

    /// <summary>What the weights of <paramref name="sites"/> updates add up to at most.</summary>
    public static long MaximumTotalWeight(Study study, int sites)
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentOutOfRangeException.ThrowIfLessThan(sites, 1);
        return study.Federation.Weighting == Weighting.Equal ? sites : (long)sites * study.Federation.MaximumWeight;
    }

    /// <summary>How much the update of a site with <paramref name="trainingRows"/> rows counts.</summary>
    /// <param name="study">The study.</param>
    /// <param name="trainingRows">Training rows of the site, from 1.</param>
    public static int WeightOf(Study study, int trainingRows)
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentOutOfRangeException.ThrowIfLessThan(trainingRows, 1);
        return study.Federation.Weighting == Weighting.Equal ? 1 : Math.Min(trainingRows, study.Federation.MaximumWeight);
    }
}
