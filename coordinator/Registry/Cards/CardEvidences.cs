using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Registry;

/// <summary>What this coordinator has of a model beside its entry: the evaluation of each round, the newest profile of its study, and what sites have told of its use.</summary>
public sealed class CardEvidences(SiteMonitorings told, ResultStore results)
{
    /// <summary>What there is.</summary>
    /// <param name="facts">The model's entry.</param>
    /// <param name="rounds">The records of its rounds.</param>
    /// <param name="version">Its version; null: it has none, and is used nowhere.</param>
    /// <exception cref="IOException">A result has changed on the disk.</exception>
    public CardEvidence Of(ModelFacts facts, IEnumerable<RecordedRound> rounds, ModelVersion? version)
    {
        ArgumentNullException.ThrowIfNull(facts);
        return new CardEvidence(told.Profile(facts.Study), CardEvidence.RoundsOf(rounds, digest => results.Contains(digest) ? results.Read(digest) : null))
        {
            Used = version is { } number ? SiteFigures.Of(told, new MonitoringOrder(facts.Entry.Name, new ServedVersion(number, facts.Entry.Digest)), facts.Study) : [],
        };
    }
}
