namespace FederatedClinicalMl.Numerics;

/// <summary>Solves an equation by halving: slow and certain.</summary>
public static class Bisection
{
    /// <summary>The x from 0 at which a falling function passes a value: the least double that brings it to the value or below.</summary>
    /// <param name="falling">Falls from above the value at 0 to below it somewhere.</param>
    /// <param name="value">What it passes.</param>
    public static double Solve(Func<double, double> falling, double value)
    {
        ArgumentNullException.ThrowIfNull(falling);
        var (low, high) = (0.0, 1.0);
        while (falling(high) > value)
            (low, high) = (high, high * 2);
        while (true)
        {
            var middle = low + ((high - low) / 2);
            if (!(middle > low && middle < high))
                return high;
            (low, high) = falling(middle) > value ? (middle, high) : (low, middle);
        }
    }
}
