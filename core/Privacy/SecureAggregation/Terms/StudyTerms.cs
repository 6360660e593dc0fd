using System.Collections.Concurrent;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// The terms of a study's rounds. Everything in them follows from the study and its members, so that a worker which knows both takes nothing of them from the
/// coordinator's word: the least threshold for so many members, and as many assumed colluders as it bears without asking for more survivors than itself. Of an encrypted study every member is in the sum.
/// </summary>
public static class StudyTerms
{
    // Finding a ring takes up to a second of primes and roots, and every step of every round asks. One for each size of study.
    private static readonly ConcurrentDictionary<(EncryptionMode Mode, int ValueBits, int WeightBits, int Members, int Dimension), EncryptionPlan> s_plans = new();

    /// <summary>How many colluders the rounds of so many members assume: t - 2, so that t survivors are enough, and at most 2t - n - 1.</summary>
    /// <param name="members">How many members, from 2.</param>
    public static int Colluders(int members)
    {
        var threshold = AggregationTerms.LeastThreshold(members);
        return Math.Min(threshold - AggregationTerms.LeastMinimum, (2 * threshold) - members - 1);
    }

    /// <summary>How many of so many members a round of the study needs to the end: of an encrypted one all.</summary>
    public static int ThresholdOf(Study study, int members)
    {
        ArgumentNullException.ThrowIfNull(study);
        return study.Federation.IsEncrypted ? members : AggregationTerms.LeastThreshold(members);
    }

    /// <summary>Whether the sum of so many sites' updates fits words of this width; 64 bits hold the sums of every study.</summary>
    /// <exception cref="ArgumentException">The study's updates are not in fixed point.</exception>
    public static MaskedWordBudget BudgetOf(Study study, int members, MaskWord word)
    {
        ArgumentNullException.ThrowIfNull(study);
        return MaskedWordBudget.Of(FormatOf(study), study.Federation.Weighting == Weighting.Equal ? 1 : study.Federation.MaximumWeight, members, word);
    }

    /// <summary>The words that a study masks the updates of so many members with: the narrowest that hold their sum.</summary>
    /// <exception cref="ArgumentException">The study's updates are not in fixed point.</exception>
    public static MaskWord WordOf(Study study, int members)
    {
        ArgumentNullException.ThrowIfNull(study);
        // Noisy gradients are within StudyPrivacy.GreatestCode: those of 256 sites fit 54 bits and the sign.
        return !study.SumsGradients && BudgetOf(study, members, MaskWord.Bits32).Fault is null ? MaskWord.Bits32 : MaskWord.Bits64;
    }

    /// <summary>How a study encrypts the sums of so many members: follows from the study, like the terms.</summary>
    /// <param name="study">The approved study.</param>
    /// <param name="members">How many members.</param>
    /// <param name="dimension">Values of an update.</param>
    /// <returns>The plan; null where the study encrypts nothing.</returns>
    /// <exception cref="ArgumentException">No parameters carry such sums, with the arithmetic.</exception>
    public static EncryptionPlan? PlanOf(Study study, int members, int dimension) =>
        PlanOf(study, members, dimension, out var fault) ?? (fault is null ? null : throw new ArgumentException(fault, nameof(study)));

    /// <summary>The same; null, with the fault, where no parameters carry such sums.</summary>
    internal static EncryptionPlan? PlanOf(Study study, int members, int dimension, out string? fault)
    {
        ArgumentNullException.ThrowIfNull(study);
        fault = null;
        if (!study.Federation.IsEncrypted)
            return null;
        var budget = BudgetOf(study, members, MaskWord.Bits64);
        var mode = study.Federation.Aggregation == Aggregation.EncryptedConsortium ? EncryptionMode.Consortium : EncryptionMode.Threshold;
        var size = (mode, budget.ValueBits, budget.WeightBits, members, dimension);
        if (!s_plans.TryGetValue(size, out var plan) && EncryptionPlan.For(mode, budget.ValueBits, budget.WeightBits, members, dimension, out fault) is { } made)
            plan = s_plans.GetOrAdd(size, made);
        return plan;
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
        var word = WordOf(study, members.Count);
        if (BudgetOf(study, members.Count, word).Fault is { } fault)
            throw new ArgumentException(fault, nameof(study));
        return AggregationTerms.Of(new AggregationDeclaration(
            study.Digest, step with { Kind = StepKind.Training }, parameters, members, ThresholdOf(study, members.Count), Colluders(members.Count),
            AggregationTerms.LeastMinimum, word, dimension));
    }

    private static UpdateFormat FormatOf(Study study) => study.Federation.Encoding is FixedPointEncoding(var bits, var range)
        ? UpdateFormat.Fixed(bits, range)
        : throw new ArgumentException("Values under masks are fixed point: float32 is for plain aggregation only.", nameof(study));
}
