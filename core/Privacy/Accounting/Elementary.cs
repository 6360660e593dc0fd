namespace FederatedClinicalMl.Privacy;

/// <summary>
/// Functions that keep their digits near zero, which the framework's do not (its LogP1 and ExpM1 add and subtract the one). Kahan's form: the rounding of
/// 1 + x is taken back by the factor beside the logarithm, which leaves a few units in the last place. Tested against 40 digits.
/// </summary>
internal static class Elementary
{
    /// <summary>log(1 + x), for x > -1.</summary>
    public static double LogOnePlus(double x)
    {
        var sum = 1 + x;
        if (sum == 1)
            return x;
        return x > 1e16 ? Math.Log(x) : Math.Log(sum) * (x / (sum - 1));
    }

    /// <summary>exp(x) - 1.</summary>
    public static double ExpMinusOne(double x)
    {
        var power = Math.Exp(x);
        if (power == 1)
            return x;
        var difference = power - 1;
        return difference == -1 || double.IsPositiveInfinity(power) ? difference : difference * (x / Math.Log(power));
    }

    /// <summary>log(exp(x) - 1), for x > 0.</summary>
    public static double LogExpMinusOne(double x) => x > 40 ? x : Math.Log(ExpMinusOne(x));

    /// <summary>log(1 + exp(x)).</summary>
    public static double LogOnePlusExp(double x) => x > 0 ? x + LogOnePlus(Math.Exp(-x)) : LogOnePlus(Math.Exp(x));
}
