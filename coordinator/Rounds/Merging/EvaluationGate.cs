using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>
/// Whether a round's parameters are kept after its evaluation, where the study says how far the AUROC (of a number: R²) of all sites may fall (<see cref="StudyEvaluation.GreatestFall"/>). It bounds what an update that is
/// within range but spoils the model can do, under masks too, where nobody sees whose it was.
/// </summary>
internal static class EvaluationGate
{
    /// <summary>Whether the round is held back.</summary>
    /// <param name="study">The study.</param>
    /// <param name="evaluated">The merged evaluation of the round.</param>
    /// <param name="kept">That of the last round that was kept; null where there is none: then any will do.</param>
    /// <returns>True where it is undefined, which nothing can be said of, or lower than it may be.</returns>
    public static bool HoldsBack(Study study, EvaluationReport evaluated, EvaluationReport? kept) =>
        study.Evaluation.GreatestFall is { } fall && (evaluated.Quality is not { } quality || quality < kept?.Quality - fall);
}
