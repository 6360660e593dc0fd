namespace FederatedClinicalMl.Privacy;

/// <summary>What a steward allows to be spent on one population: (epsilon, delta)-differential privacy of each patient, towards whoever sees all releases.</summary>
public sealed record PrivacyCeiling
{
    /// <summary>A ceiling.</summary>
    /// <param name="epsilon">Above 0, at most 100.</param>
    /// <param name="delta">Above 0, at most 1/100; well below one over the number of patients is usual.</param>
    /// <exception cref="ArgumentOutOfRangeException">A parameter is outside of these bounds.</exception>
    public PrivacyCeiling(Rational epsilon, Rational delta)
    {
        if (epsilon.Sign <= 0 || epsilon > Rational.Of(100))
            throw new ArgumentOutOfRangeException(nameof(epsilon), "A ceiling's epsilon is above 0 and not above 100.");
        if (delta.Sign <= 0 || delta > Rational.Of(1, 100))
            throw new ArgumentOutOfRangeException(nameof(delta), "A ceiling's delta is above 0 and not above 1/100.");
        (Epsilon, Delta) = (epsilon, delta);
    }

    /// <summary>Epsilon, over the whole life of the ceiling.</summary>
    public Rational Epsilon { get; }

    /// <summary>Delta, over the whole life of the ceiling.</summary>
    public Rational Delta { get; }
}
