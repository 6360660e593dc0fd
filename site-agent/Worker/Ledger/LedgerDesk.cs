using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Protos.Steward;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>What a steward asks of the privacy ledger, and decides about it; every decision is in the worker's log.</summary>
/// <param name="journal">The worker's log.</param>
/// <param name="policy">The site's policy, read anew each time.</param>
/// <param name="datasets">The site's map of data sets, read anew each time.</param>
public sealed class LedgerDesk(WorkerJournal journal, Func<PolicyReading> policy, Func<DatasetMap> datasets)
{
    private LedgerState Ledger => journal.State.Ledger;

    /// <summary>Every account of every population: those that were ever charged or reserved for, and those that are mapped.</summary>
    /// <exception cref="StewardException">The log is broken.</exception>
    public LedgerReply Show()
    {
        lock (journal.Gate)
        {
            journal.RequireSound();
            var (reading, map) = (policy(), datasets());
            var reply = new LedgerReply
            {
                HeadSequence = (ulong)Ledger.Head.Sequence,
                Head = Ledger.Head.Digest.ToString(),
                CountersignedSequence = (ulong)Ledger.Countersigned.Sequence,
                Ceilings = reading.Policy is not { } read ? $"policy.yaml:{reading.Faults[0]}" : read.Privacy is null ? $"policy.yaml has no ceilings ({PrivacyCeilings.Key}: none): nothing may be spent." : "",
            };
            reply.Behind.AddRange(Ledger.Behind.OrderBy(head => head.Sequence).Select(head => head.ToString()));
            var mapped = map.Sources.Keys.Concat(map.Events.Keys).Select(dataset => (Dataset: dataset, Population: Ledger.Canonical(map.PopulationOf(dataset)!)));
            var populations = Ledger.Datasets.Select(one => (Dataset: one.Key, Population: Ledger.Canonical(one.Value))).Concat(mapped).Distinct().ToLookup(one => one.Population, one => one.Dataset);
            foreach (var name in populations.Select(one => one.Key).Concat(Ledger.Populations.Keys).Distinct().Order(StringComparer.Ordinal))
                reply.Populations.Add(Show(name, populations[name], reading.Policy?.Privacy));
            return reply;
        }
    }

    /// <summary>Takes a ledger into use again whose log lacks entries that it has had.</summary>
    /// <param name="spent">Epsilon that they had cost, as a decimal number; 0: none. It counts against every population and every study.</param>
    /// <param name="steward">Who says so.</param>
    /// <param name="note">Why.</param>
    /// <exception cref="StewardException">There is nothing to resolve, or the number is none.</exception>
    public LedgerReply Resolve(string spent, string steward, string note)
    {
        lock (journal.Gate)
        {
            journal.RequireSound();
            if (Ledger.Behind.IsEmpty)
                throw new StewardException("The ledger misses nothing: there is nothing to resolve.");
            if (Rational.OfDecimal(spent) is not { } epsilon || epsilon > Rational.Of(100))
                throw new StewardException($"'{spent}' is no epsilon: a number from 0 to 100 is needed, such as 0.75. The records of the runs since the backup say what they had cost here.");
            journal.Append(LedgerEntries.Resolved, LedgerEntries.Resolve(epsilon.Sign > 0 ? new PureCharge(epsilon) : null, steward, note));
            return Show();
        }
    }

    /// <summary>Puts one population to another, for ever: the old name stands for the new one.</summary>
    /// <exception cref="StewardException">A name is none, or the population is not known.</exception>
    public LedgerReply Merge(string from, string into, string steward, string note)
    {
        lock (journal.Gate)
        {
            journal.RequireSound();
            if (!Ledger.Populations.ContainsKey(from))
                throw new StewardException($"Nothing was ever reserved for a population '{from}'{(Ledger.Merged.ContainsKey(from) ? $" since it became '{Ledger.Canonical(from)}'" : "")}: datasets.yaml can simply name another. 'site-worker ledger show' lists the populations.");
            if (!Name.IsName(into) || Ledger.Canonical(into) == from)
                throw new StewardException($"'{into}' cannot take it: {(Name.IsName(into) ? "it is the same population" : $"that is not a population's name: {Name.Rule}")}.");
            journal.Append(LedgerEntries.Merged, LedgerEntries.Merge(from, into, steward, note));
            return Show();
        }
    }

    /// <summary>Ends a run that nobody goes on with: what it has reserved and not charged is free, and nothing more of it is charged.</summary>
    /// <exception cref="StewardException">The ledger has no such run that is open.</exception>
    public LedgerReply Close(string run, string steward, string note)
    {
        lock (journal.Gate)
        {
            journal.RequireSound();
            if (!RunId.TryParse(run, out var id) || Ledger.Runs.GetValueOrDefault(id) is not { IsOpen: true })
                throw new StewardException($"Nothing is reserved for a run '{run}'; 'site-worker ledger plan' lists the runs for which something is.");
            journal.Append(LedgerEntries.Closed, LedgerEntries.Close(id, steward, note));
            return Show();
        }
    }

    private LedgerPopulation Show(string name, IEnumerable<string> datasets, PrivacyCeilings? ceilings)
    {
        var reply = new LedgerPopulation { Name = name };
        reply.Datasets.AddRange(datasets.Order(StringComparer.Ordinal));
        reply.Merged.AddRange(Ledger.Merged.Keys.Where(other => Ledger.Canonical(other) == name).Order(StringComparer.Ordinal));
        var open = Ledger.OpenRuns(name).OrderBy(run => run.Plan.Run.Value, StringComparer.Ordinal).ToList();
        if (ceilings is not null)
        {
            var studies = Ledger.SpentOf(name).Studies.Keys.Concat(open.Select(run => run.Plan.Study)).Distinct().OrderBy(study => study.Value);
            reply.Accounts.AddRange(LedgerAccount.Of(Ledger, ceilings, name, studies, DateOnly.FromDateTime(journal.Now.UtcDateTime)).Select(AccountOf));
        }

        reply.Runs.AddRange(open.Select(run => RunOf(run, ceilings)));
        return reply;
    }

    private static Protos.Steward.LedgerAccount AccountOf(LedgerAccount account) => new()
    {
        Scope = account.Scope,
        Study = account.Study?.ToString() ?? "",
        Spent = account.SpentEpsilon,
        Held = account.HeldEpsilon,
        Ceiling = account.Ceiling.Epsilon.ToDouble(),
        Delta = account.Ceiling.Delta.ToDouble(),
        Remaining = Math.Max(0, account.Ceiling.Epsilon.ToDouble() - account.HeldEpsilon),
    };

    private LedgerRun RunOf(ReservedRun run, PrivacyCeilings? ceilings) => new()
    {
        Run = run.Plan.Run.Value,
        Study = run.Plan.Study.ToString(),
        Dataset = run.Plan.Dataset,
        Released = (uint)run.Released,
        Charges = (ulong)run.Plan.Charges.Sum(planned => (long)planned.Times),
        Left = (ulong)run.Left.Values.Sum(times => (long)times),
        Planned = ceilings is null ? 0 : PrivacyFilter.Under(ceilings.Study).EpsilonAfter(Ledger.CostOf(LedgerState.Times(run.Plan.Charges.Select(planned => (planned.Charge, planned.Times))))),
        KeepRoot = WorkerEntries.DayText(journal.State.Roots[run.Plan.Run].LastDay),
    };
}
