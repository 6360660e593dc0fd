namespace FederatedClinicalMl.Numerics;

/// <summary>
/// The incomplete gamma and beta functions, regularised (NIST Digital Library of Mathematical Functions, chapters 5 and 8). For parameters up to 1000 the
/// relative error is below 1e-11; it grows with the parameters, as the logarithm of Γ does. Our own, as a reviewer of core has no other library to read.
/// </summary>
internal static class SpecialFunctions
{
    // A series or fraction ends when a further term changes nothing. The fractions converge in about the square root of the larger parameter (DLMF 8.17.22), far
    // below this: what does not is a fault of this code.
    private const int MaximumTerms = 1 << 16;
    private const double Precision = 1e-16;

    // The smallest divisor in a fraction (Lentz 1976, modified by Thompson and Barnett 1986): it changes nothing but a division by 0.
    private const double Tiny = 1e-300;

    /// <summary>
    /// ln Γ(x), x > 0: Stirling's series (DLMF 5.11.1) from 16 on, to which Γ(x + 1) = x Γ(x) leads. The error of the series is below its first term left out, 691/(360360 · 16^11) &lt; 2e-16.
    /// </summary>
    internal static double LogGamma(double x)
    {
        var (product, at) = (1.0, x);
        for (; at < 16; at++)
            product *= at;
        var inverse = 1 / at;
        var square = inverse * inverse;
        var series = inverse * ((1.0 / 12) - (square * ((1.0 / 360) - (square * ((1.0 / 1260) - (square * ((1.0 / 1680) - (square / 1188))))))));
        return ((at - 0.5) * Math.Log(at)) - at + (0.5 * Math.Log(2 * Math.PI)) + series - Math.Log(product);
    }

    /// <summary>Q(a, x) = Γ(a, x)/Γ(a): by the series of its complement (DLMF 8.7.1, with 8.8.7) below a + 1, else by the continued fraction (DLMF 8.9.2).</summary>
    internal static double UpperGamma(double a, double x)
    {
        if (x <= 0)
            return 1;
        if (double.IsPositiveInfinity(x))
            return 0;
        var front = Math.Exp((a * Math.Log(x)) - x - LogGamma(a));
        return x < a + 1 ? 1 - (front * Series()) : front / (x + 1 - a + Fraction(i => -i * (i - a), i => x + (2 * i) + 1 - a, x + 1 - a));

        double Series() // Σ x^n / (a (a + 1) ... (a + n))
        {
            var (sum, term) = (1 / a, 1 / a);
            for (var n = 1; n < MaximumTerms && term > sum * Precision; n++)
                sum += term *= x / (a + n);
            return sum;
        }
    }

    /// <summary>I_x(a, b): by its continued fraction (DLMF 8.17.22), or that of 1 - I_{1-x}(b, a) where it converges faster.</summary>
    /// <param name="a">Above 0.</param>
    /// <param name="b">Above 0.</param>
    /// <param name="x">In [0, 1].</param>
    /// <param name="complement">1 - x, by whoever knows it better than by subtraction.</param>
    internal static double Beta(double a, double b, double x, double complement)
    {
        if (x <= 0)
            return 0;
        if (complement <= 0)
            return 1;
        return x > (a + 1) / (a + b + 2) ? 1 - Convergent(b, a, complement, x) : Convergent(a, b, x, complement);

        static double Convergent(double a, double b, double x, double complement)
        {
            var front = Math.Exp((a * Math.Log(x)) + (b * Math.Log(complement)) + LogGamma(a + b) - LogGamma(a) - LogGamma(b)) / a;
            return front / (1 + Fraction(Term, _ => 1, 1));

            double Term(int i)
            {
                var m = i / 2;
                return (i % 2 == 0 ? m * (b - m) : -(a + m) * (a + b + m)) * x / ((a + i - 1) * (a + i));
            }
        }
    }

    // What follows b0 in b0 + a1/(b1 + a2/(b2 + ...)), by the modified method of Lentz.
    private static double Fraction(Func<int, double> numerator, Func<int, double> denominator, double first)
    {
        var (value, c, d) = (first, first, 0.0);
        for (var i = 1; i < MaximumTerms; i++)
        {
            var (a, b) = (numerator(i), denominator(i));
            d = 1 / NotZero(b + (a * d));
            c = NotZero(b + (a / c));
            value *= c * d;
            if (Math.Abs((c * d) - 1) <= 4 * Precision)
                return value - first;
        }

        throw new ArithmeticException("A continued fraction does not converge: its parameters are too large.");
    }

    private static double NotZero(double value) => Math.Abs(value) < Tiny ? Tiny : value;
}
