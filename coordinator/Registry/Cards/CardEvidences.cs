using System.Collections.Concurrent;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Registry;

/// <summary>What this coordinator has of a model beside its entry: the evaluation of each round, and the newest profile of its study.</summary>
public sealed class CardEvidences(IRunJournal journal, ResultStore results)
{
    private readonly ConcurrentDictionary<RunId, bool> _others = []; // runs that profile nothing, whose many events are read once

    /// <summary>What there is.</summary>
    /// <param name="study">The model's study.</param>
    /// <param name="rounds">The records of its rounds.</param>
    /// <exception cref="IOException">A result has changed on the disk.</exception>
    public CardEvidence Of(Study study, IEnumerable<RecordedRound> rounds)
    {
        ArgumentNullException.ThrowIfNull(study);
        return new CardEvidence(NewestProfile(study), CardEvidence.RoundsOf(rounds, digest => results.Contains(digest) ? results.Read(digest) : null));
    }

    private StudyProfile? NewestProfile(Study study)
    {
        foreach (var run in journal.List(openOnly: false).Reverse().Where(run => !_others.ContainsKey(run)))
        {
            var events = journal.Read(run);
            if (events is not [{ Event: RunCreated { Plan: var plan } }, ..])
                continue;
            if (!plan.Profile)
                _others.TryAdd(run, true);
            else if (plan.Study == study.Digest && events[^1].Event is RunProfiled profiled && results.Contains(profiled.Profile))
                return StudyProfile.Read(study, results.Read(profiled.Profile));
        }

        return null;
    }
}
