namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>Why there is no score: one word for programs, and a sentence for people without anything of a patient.</summary>
/// <param name="Code">The word; the list is in docs/reference/scoring.md.</param>
/// <param name="Text">The sentence.</param>
public sealed record NoScore(string Code, string Text)
{
    internal static NoScore Stopped(string text) => new("stopped", text);

    internal static NoScore NoVersion(string text) => new("no-version", text);

    internal static NoScore Failed { get; } = new("failed", "Every version of this model that may be used here failed to run. Whoever operates site-scoring sees why in its log.");

    internal static NoScore Unlogged { get; } = new("unlogged", "The log of predictions cannot be written, and nothing is answered that is not logged. Whoever operates site-scoring sees why in its log.");

    internal static NoScore Missing(IEnumerable<string> features) => new("missing", $"There is no score without a plausible value of: {string.Join(", ", features)}.");

    internal static NoScore NotComputable { get; } = new("not-a-number", "The model came to no number for these values.");
}
