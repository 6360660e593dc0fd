namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>Runs a model. May be used by several threads at once.</summary>
internal interface IModelSession : IDisposable
{
    /// <summary>Scores rows.</summary>
    /// <param name="values">[rows, features], row-major, in the features' units; NaN where missing.</param>
    /// <param name="scores">[rows]; none where the study leaves the row out.</param>
    /// <exception cref="ScoringFailedException">The runtime failed.</exception>
    void Score(ReadOnlySpan<float> values, Span<ModelScore> scores);
}

/// <summary>The runtime failed to run a model. Its words are not repeated: nobody has read them for what of a row they may hold.</summary>
internal sealed class ScoringFailedException(Exception? cause = null) : Exception("The model could not be run.", cause);
