using System.Collections.Immutable;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Registry;

/// <summary>A round's evaluation.</summary>
/// <param name="Round">The round.</param>
/// <param name="IsHeldBack">Whether its parameters were not gone on with.</param>
/// <param name="Report">The scores of all sites' test rows, added up.</param>
public sealed record RoundEvaluation(RoundNumber Round, bool IsHeldBack, EvaluationReport Report);

/// <summary>What there is of a model beside its entry: where it is missing, so is the section of the card that shows it.</summary>
/// <param name="Profile">What the sites' rows are like; null: nobody asked, or it is not here.</param>
/// <param name="Rounds">The evaluations of its rounds that are here, in order.</param>
public sealed record CardEvidence(StudyProfile? Profile, ImmutableArray<RoundEvaluation> Rounds)
{
    /// <summary>What sites have told of its use.</summary>
    public ImmutableArray<SiteFigures> Used { get; init; } = [];

    /// <summary>The entry alone.</summary>
    public static CardEvidence None { get; } = new(null, []);

    /// <summary>The evaluations of rounds, of the last attempt at each.</summary>
    /// <param name="rounds">The records.</param>
    /// <param name="read">The bytes of a result, held against their digest; null where it is not here.</param>
    /// <exception cref="FormatException">A result is not what its record says.</exception>
    public static ImmutableArray<RoundEvaluation> RoundsOf(IEnumerable<RecordedRound> rounds, Func<Sha256Digest, byte[]?> read) =>
    [
        .. rounds.OrderBy(round => round.Round)
            .Select(round => round.Committed.LastOrDefault(step => step.Id.Kind == StepKind.Evaluation)?.Result is { } result && read(result) is { } json
                ? new RoundEvaluation(round.Round, round.HeldBack is not null, EvaluationReport.Read(json))
                : null)
            .OfType<RoundEvaluation>(),
    ];
}
