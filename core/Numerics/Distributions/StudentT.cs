namespace FederatedClinicalMl.Numerics;

/// <summary>Student's t distribution ("Student" 1908, "The probable error of a mean", Biometrika 6; DLMF 8.17 for its integral).</summary>
public static class StudentT
{
    /// <summary>P(T > t).</summary>
    /// <param name="t">Any number.</param>
    /// <param name="degreesOfFreedom">From 1.</param>
    public static double Upper(double t, int degreesOfFreedom)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(degreesOfFreedom, 1);
        if (double.IsNaN(t))
            throw new ArgumentOutOfRangeException(nameof(t), "A quantile is a number.");
        if (t < 0)
            return 1 - Upper(-t, degreesOfFreedom);
        // From ν/(ν + t²), written so that t² does not overflow.
        var ratio = t / degreesOfFreedom * t;
        return SpecialFunctions.Beta(degreesOfFreedom / 2.0, 0.5, 1 / (1 + ratio), double.IsPositiveInfinity(ratio) ? 1 : ratio / (1 + ratio)) / 2;
    }

    /// <summary>The t with P(T ≤ t) = <paramref name="probability"/>, within 1e-11 of itself up to 1000 degrees of freedom.</summary>
    /// <param name="probability">In [0.5, 1): the distribution is symmetric, and a lower quantile is the negative of the upper one.</param>
    /// <param name="degreesOfFreedom">From 1.</param>
    public static double Quantile(double probability, int degreesOfFreedom)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(degreesOfFreedom, 1);
        if (probability is not (>= 0.5 and < 1))
            throw new ArgumentOutOfRangeException(nameof(probability), "An upper quantile's probability lies in [0.5, 1).");
        return probability == 0.5 ? 0 : Bisection.Solve(t => Upper(t, degreesOfFreedom), 1 - probability);
    }
}
