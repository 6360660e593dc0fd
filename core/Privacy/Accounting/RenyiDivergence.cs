namespace FederatedClinicalMl.Privacy;

/// <summary>
/// Upper bounds of the Renyi divergence, in both directions, between what a mechanism gives with and without one patient (adjacency everywhere in this
/// folder: one PATIENT added or removed). Each is computed as a sum of positive terms, so that nothing cancels, and then raised by
/// <see cref="Slack"/>, which docs/reference/accounting.md proves to be more than all rounding.
/// </summary>
internal static class RenyiDivergence
{
    // Rounding is below 1e-10 of the result at every order up to 1024 (accounting.md, "Rounding").
    private const double Slack = 1 + 1e-9;

    // A divergence that underflows is still not zero.
    private const double Least = 1e-300;

    /// <summary>
    /// Gaussian noise on a Poisson sample of the patients. Mironov, Talwar and Zhang 2019, section 3.3: the divergence of order a is
    /// log(A)/(a - 1) with A = sum over k of C(a,k) (1-q)^(a-k) q^k exp(k(k-1)r/2). The binomial weights sum to 1, so A - 1 is the same sum with
    /// exp(.) - 1, whose terms are positive from k = 2 on and 0 before. At whole orders it holds to the letter for the discrete Gaussian as well: the
    /// k-th moment of its likelihood ratio is exp(k(k-1)r/2) exactly, because the shifted lattice sum has a whole shift (Canonne, Kamath and Steinke
    /// 2020, proposition 5), and the reflection that makes A the larger of both directions maps the lattice to itself.
    /// </summary>
    /// <param name="q">The chance with which each patient is drawn, in (0, 1].</param>
    /// <param name="r">Squared L2 sensitivity to one patient over the noise's variance: 1/z² for noise multiplier z.</param>
    /// <param name="order">From 2.</param>
    public static double SampledGaussian(double q, double r, int order)
    {
        if (q >= 1)
            return Slack * order * r / 2;
        var logIn = Math.Log(q);
        var logOut = Elementary.LogOnePlus(-q);
        var logBinomial = Math.Log(order);
        var terms = new double[order + 1];
        var largest = double.NegativeInfinity;
        for (var k = 2; k <= order; k++)
        {
            logBinomial += Math.Log((order - k + 1.0) / k);
            terms[k] = logBinomial + ((order - k) * logOut) + (k * logIn) + Elementary.LogExpMinusOne(k * (k - 1.0) * r / 2);
            largest = Math.Max(largest, terms[k]);
        }

        if (double.IsPositiveInfinity(largest))
            return largest;
        var sum = 0.0;
        for (var k = 2; k <= order; k++)
            sum += Math.Exp(terms[k] - largest);
        return Finish(largest + Math.Log(sum), order);
    }

    /// <summary>
    /// Anything that is epsilon-differentially private with delta 0, such as discrete Laplace noise. Randomised response dominates it (Kairouz, Oh and
    /// Viswanath 2015), whose divergence is log(A)/(a - 1) with A - 1 = (exp(a e) - 1)(1 - exp(-(a-1)e))/(1 + exp(e)); the closed form is that of Bun
    /// and Steinke 2016, proposition 3.3.
    /// </summary>
    public static double Pure(double epsilon, int order) => Math.Min(epsilon, Finish(
        Elementary.LogExpMinusOne(order * epsilon) + Math.Log(-Elementary.ExpMinusOne(-(order - 1) * epsilon)) - Elementary.LogOnePlusExp(epsilon), order));

    /// <summary>
    /// What is added where the true chances lie within a factor exp(±<paramref name="deviation"/>) of the mechanism's: each density of the integrand
    /// P^a Q^(1-a) moves by at most that, so log A by (2a - 1) times it.
    /// </summary>
    public static double OfDeviation(double deviation, int order) => Slack * deviation * ((2 * order) - 1) / (order - 1);

    private static double Finish(double logOfExcess, int order) => Slack * Math.Max(Elementary.LogOnePlusExp(logOfExcess), Least) / (order - 1);
}
