using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// The terms of a study's rounds. Everything in them follows from the study and its members, so that a worker which knows both takes nothing of them from the
/// coordinator's word: the least threshold for so many members, and as many assumed colluders as it bears without asking for more survivors than itself.
/// </summary>
public static class StudyTerms
{
    /// <summary>How many colluders the rounds of so many members assume: t - 2, so that t survivors are enough, and at most 2t - n - 1.</summary>
    /// <param name="members">How many members, from 2.</param>
    public static int Colluders(int members)
    {
        var threshold = AggregationTerms.LeastThreshold(members);
        return Math.Min(threshold - AggregationTerms.LeastMinimum, (2 * threshold) - members - 1);
    }

    /// <summary>Whether the sum of so many sites' updates fits words of this width; 64 bits hold the sums of every study.</summary>
    /// <exception cref="ArgumentException">The study's updates are not in fixed point.</exception>
    public static MaskedWordBudget BudgetOf(Study study, int members, MaskWord word)
    {
        ArgumentNullException.ThrowIfNull(study);
        return MaskedWordBudget.Of(FormatOf(study), study.Federation.Weighting == Weighting.Equal ? 1 : study.Federation.MaximumWeight, members, word);
    }

    /// <summary>The terms of an attempt.</summary>
    /// <param name="study">The approved study.</param>
    /// <param name="members">Who may take part.</param>
    /// <param name="step">Any step of the attempt.</param>
    /// <param name="parameters">SHA-256 of the parameters that updates start from.</param>
    /// <param name="dimension">Values of an update.</param>
    /// <exception cref="ArgumentException">The study's updates are not in fixed point, or do not fit any words.</exception>
    public static AggregationTerms Of(Study study, MemberList members, StepId step, Sha256Digest parameters, int dimension)
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(members);
        // Noisy gradients are within StudyPrivacy.GreatestCode: those of 256 sites fit 54 bits and the sign.
        var word = !study.SumsGradients && BudgetOf(study, members.Count, MaskWord.Bits32).Fault is null ? MaskWord.Bits32 : MaskWord.Bits64;
        if (BudgetOf(study, members.Count, word).Fault is { } fault)
            throw new ArgumentException(fault, nameof(study));
        return AggregationTerms.Of(new AggregationDeclaration(
            study.Digest, step with { Kind = StepKind.Training }, parameters, members, AggregationTerms.LeastThreshold(members.Count), Colluders(members.Count),
            AggregationTerms.LeastMinimum, word, dimension));
    }

    private static UpdateFormat FormatOf(Study study) => study.Federation.Encoding is FixedPointEncoding(var bits, var range)
        ? UpdateFormat.Fixed(bits, range)
        : throw new ArgumentException("Values under masks are fixed point: float32 is for plain aggregation only.", nameof(study));
}
