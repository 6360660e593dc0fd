namespace FederatedClinicalMl.Privacy;

/// <summary>What became of guesses about canaries.</summary>
/// <param name="Canaries">m.</param>
/// <param name="Guesses">r.</param>
/// <param name="Right">v.</param>
public readonly record struct CanaryGuesses(int Canaries, int Guesses, int Right)
{
    /// <summary>Guesses that the canaries with the highest scores are in and those with the lowest are out, and none of the rest. Of equal scores the earlier one is the higher.</summary>
    /// <param name="scores">[canaries], made without a look at the coins; none is NaN.</param>
    /// <param name="isIn">[canaries], the coins.</param>
    /// <param name="guessedIn">How many are guessed in; fixed before the run.</param>
    /// <param name="guessedOut">How many are guessed out; fixed before the run.</param>
    /// <exception cref="ArgumentException">Lengths differ, there are more guesses than canaries, or a score is not a number.</exception>
    public static CanaryGuesses Of(ReadOnlySpan<double> scores, ReadOnlySpan<bool> isIn, int guessedIn, int guessedOut)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(guessedIn);
        ArgumentOutOfRangeException.ThrowIfNegative(guessedOut);
        ArgumentOutOfRangeException.ThrowIfNotEqual(isIn.Length, scores.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(guessedIn + guessedOut, scores.Length);
        var descending = new (double Score, int Canary)[scores.Length];
        for (var canary = 0; canary < scores.Length; canary++)
        {
            descending[canary] = !double.IsNaN(scores[canary])
                ? (-scores[canary], canary)
                : throw new ArgumentException("A canary's score is not a number.", nameof(scores));
        }

        Array.Sort(descending);
        var right = 0;
        for (var i = 0; i < guessedIn; i++)
            right += isIn[descending[i].Canary] ? 1 : 0;
        for (var i = scores.Length - guessedOut; i < scores.Length; i++)
            right += isIn[descending[i].Canary] ? 0 : 1;
        return new CanaryGuesses(scores.Length, guessedIn + guessedOut, right);
    }

    /// <summary>The ε that they refute (<see cref="OneRunBound.Epsilon"/>).</summary>
    /// <param name="delta">δ.</param>
    /// <param name="significance">One less the confidence.</param>
    public double Epsilon(double delta, double significance) => OneRunBound.Epsilon(Canaries, Guesses, Right, delta, significance);
}
