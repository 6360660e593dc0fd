namespace FederatedClinicalMl.Numerics;

/// <summary>The chi-squared distribution (Pearson 1900, Philosophical Magazine 50; DLMF 8.2 for its integral).</summary>
public static class ChiSquared
{
    /// <summary>P(X > x).</summary>
    /// <param name="x">From 0.</param>
    /// <param name="degreesOfFreedom">From 1.</param>
    public static double Upper(double x, int degreesOfFreedom)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(degreesOfFreedom, 1);
        if (!(x >= 0))
            throw new ArgumentOutOfRangeException(nameof(x), "A quantile is a number from 0.");
        return SpecialFunctions.UpperGamma(degreesOfFreedom / 2.0, x / 2);
    }

    /// <summary>The x with P(X ≤ x) = <paramref name="probability"/>, within 1e-11 of itself for probabilities from 0.001 to 0.999 and up to 1000 degrees of freedom.</summary>
    /// <param name="probability">In (0, 1).</param>
    /// <param name="degreesOfFreedom">From 1.</param>
    public static double Quantile(double probability, int degreesOfFreedom)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(degreesOfFreedom, 1);
        if (probability is not (> 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(probability), "A quantile's probability lies between 0 and 1.");
        return Bisection.Solve(x => Upper(x, degreesOfFreedom), 1 - probability);
    }
}
