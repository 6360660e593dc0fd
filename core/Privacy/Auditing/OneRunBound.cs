namespace FederatedClinicalMl.Privacy;

/// <summary>
/// What guesses about canaries prove of a mechanism: Steinke, Nasr and Jagielski 2023, "Privacy auditing with one (1) training run" (arXiv 2305.08846), theorem 5.2. Each of m canaries
/// is put in by a coin of its own; whoever sees what the mechanism gave guesses some of the coins. Where it is (ε, δ)-private for one canary more or less, the chance of v right guesses of r or
/// more is at most
/// <code>P(W ≥ v) + 2 m δ max over i from 1 of P(v > W ≥ v - i)/i,   W ~ Binomial(r, e^ε/(1 + e^ε)).</code>
/// </summary>
/// <remarks>
/// How many are guessed in and out is fixed before anything is seen: the best of several numbers of guesses is no bound at the confidence of one. What is proved is proved of the runs that were made, and a low bound proves nothing.
/// </remarks>
public static class OneRunBound
{
    /// <summary>Most guesses.</summary>
    public const int MostGuesses = 1 << 20;

    // At most 2^20 terms, none negative. Each passes 4 roundings and the error of e^ε for every term between it and the mode; sums add one rounding a term: together below 16 × 2^20 × 2^-53 < 2e-9.
    private const double Rounding = 4e-9;

    // Halving goes on until the bound is known to a ten-thousandth.
    private const double Resolution = 1e-4;
    private const double GreatestEpsilon = 64;

    /// <summary>The most that the chance of so many right guesses can be, rounding included.</summary>
    /// <param name="canaries">m.</param>
    /// <param name="guesses">r: canaries less those abstained from.</param>
    /// <param name="right">v.</param>
    /// <param name="epsilon">ε, from 0.</param>
    /// <param name="delta">δ, in [0, 1].</param>
    /// <exception cref="ArgumentOutOfRangeException">A number lies outside.</exception>
    public static double Chance(int canaries, int guesses, int right, double epsilon, double delta)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(right);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(right, guesses);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(guesses, Math.Min(canaries, MostGuesses));
        if (!(epsilon >= 0 && epsilon <= GreatestEpsilon))
            throw new ArgumentOutOfRangeException(nameof(epsilon), epsilon, $"An epsilon lies in [0, {GreatestEpsilon}].");
        if (!(delta >= 0 && delta <= 1))
            throw new ArgumentOutOfRangeException(nameof(delta), delta, "A delta lies in [0, 1].");

        var chances = Chances(guesses, Math.Exp(epsilon));
        var tail = 0.0;
        for (var w = guesses; w >= right; w--)
            tail += chances[w];
        var (below, steepest) = (0.0, 0.0);
        for (var i = 1; i <= right; i++)
        {
            below += chances[right - i];
            steepest = Math.Max(steepest, below / i);
        }

        return Math.Min(1, (tail + (2 * canaries * delta * steepest)) * (1 + Rounding));
    }

    /// <summary>An ε that is refuted: were the mechanism (ε, δ)-private, so many right guesses would have had less than the stated chance. 0 where none is.</summary>
    /// <param name="canaries">m.</param>
    /// <param name="guesses">r.</param>
    /// <param name="right">v.</param>
    /// <param name="delta">δ, in [0, 1].</param>
    /// <param name="significance">One less the confidence, in (0, 1): with no more than this chance the result is above an ε that holds.</param>
    /// <remarks>
    /// Halving looks for the greatest one. What it returns was itself found to be refuted, and who is private for an ε is so for every greater one, so that the result holds even where the chance does not grow with ε.
    /// </remarks>
    public static double Epsilon(int canaries, int guesses, int right, double delta, double significance)
    {
        if (!(significance > 0 && significance < 1))
            throw new ArgumentOutOfRangeException(nameof(significance), significance, "A significance lies between 0 and 1.");
        if (!IsRefuted(0))
            return 0;
        var (refuted, open) = (0.0, GreatestEpsilon);
        while (open - refuted > Resolution)
        {
            var middle = (refuted + open) / 2;
            (refuted, open) = IsRefuted(middle) ? (middle, open) : (refuted, middle);
        }

        return refuted;

        bool IsRefuted(double epsilon) => Chance(canaries, guesses, right, epsilon, delta) < significance;
    }

    /// <summary>
    /// P(W = w) for each w, W ~ Binomial(trials, odds/(1 + odds)): by the quotients of neighbours from the mode outwards, over their sum, so that no factorial and no logarithm is needed. What underflows is
    /// below 2^-1000 of the mode.
    /// </summary>
    internal static double[] Chances(int trials, double odds)
    {
        var chances = new double[trials + 1];
        var mode = Math.Min(trials, (int)((trials + 1.0) * (odds / (1 + odds))));
        chances[mode] = 1;
        for (var w = mode; w < trials; w++)
            chances[w + 1] = chances[w] * (odds * (trials - w) / (w + 1));
        for (var w = mode; w > 0; w--)
            chances[w - 1] = chances[w] * (w / (odds * (trials - w + 1)));
        var total = chances.Sum();
        return Array.ConvertAll(chances, chance => chance / total);
    }
}
