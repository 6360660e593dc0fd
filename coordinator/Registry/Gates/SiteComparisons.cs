using System.Collections.Concurrent;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Registry;

/// <summary>A comparison of two models that the sites have made.</summary>
/// <param name="Run">The run that asked for it.</param>
/// <param name="Result">What came of it.</param>
public sealed record KnownComparison(RunId Run, SiteComparison Result);

/// <summary>The comparisons that the sites have made, by their journaled runs.</summary>
public sealed class SiteComparisons(IRunJournal journal, ResultStore results)
{
    private readonly ConcurrentDictionary<RunId, bool> _others = []; // runs that compare nothing, whose many events are read once

    /// <summary>The newest of exactly these two models, in these parts; null where none has ended.</summary>
    /// <exception cref="IOException">Its result has changed on the disk.</exception>
    public KnownComparison? Newest(ComparedModel candidate, ComparedModel against)
    {
        foreach (var run in journal.List(openOnly: false).Reverse().Where(run => !_others.ContainsKey(run)))
        {
            var events = journal.Read(run);
            if (events is not [{ Event: RunCreated { Plan: var plan } }, ..])
                continue;
            if (plan.Against is null)
                _others.TryAdd(run, true);
            else if (plan.Candidate == candidate && plan.Against == against && events[^1].Event is RunCompared compared)
                return new KnownComparison(run, SiteComparison.Read(results.Read(compared.Comparison)));
        }

        return null;
    }
}
