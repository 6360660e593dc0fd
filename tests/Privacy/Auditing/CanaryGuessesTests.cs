using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.Tests.Privacy;

public sealed class CanaryGuessesTests
{
    private static readonly double[] s_scores = [0.5, -3, 7, 2, 2, -1];
    private static readonly bool[] s_isIn = [false, false, true, true, false, true];

    [Theory]
    [InlineData(1, 0, 1)] // the 7
    [InlineData(2, 0, 2)] // and the first of the equal ones
    [InlineData(3, 0, 2)]
    [InlineData(0, 1, 1)] // the -3
    [InlineData(0, 2, 1)]
    [InlineData(3, 3, 4)]
    [InlineData(0, 0, 0)]
    public void Highest_scores_are_guessed_in_and_lowest_out(int guessedIn, int guessedOut, int right) =>
        Assert.Equal(new CanaryGuesses(6, guessedIn + guessedOut, right), CanaryGuesses.Of(s_scores, s_isIn, guessedIn, guessedOut));

    [Fact]
    public void Guesses_that_cannot_be_made_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => CanaryGuesses.Of(s_scores, s_isIn, 4, 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => CanaryGuesses.Of(s_scores, s_isIn.AsSpan(1), 1, 1));
        Assert.Throws<ArgumentException>(() => CanaryGuesses.Of([0, double.NaN], [true, false], 1, 0));
    }
}
