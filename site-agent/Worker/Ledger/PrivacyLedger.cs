using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>
/// The privacy ledger: what may still be released about a population's patients, whoever asks. A run's plan is reserved when it starts; each release is charged, durably,
/// before it is computed, and nothing is given back. Its entries are those of the worker's one log (docs/decisions/0022-ledger-in-the-log.md). docs/reference/ledger.md
/// </summary>
/// <param name="journal">The worker's log.</param>
/// <param name="roots">The roots of randomness.</param>
/// <param name="identity">Who this worker is.</param>
/// <param name="policy">The site's policy, read anew for each decision.</param>
/// <param name="datasets">The site's map of data sets, read anew for each decision.</param>
public sealed class PrivacyLedger(WorkerJournal journal, RunRoots roots, WorkerIdentity identity, Func<PolicyReading> policy, Func<DatasetMap> datasets)
{
    private LedgerState Ledger => journal.State.Ledger;

    // A head that was signed before the key was renewed is this worker's all the same.
    private IEnumerable<VerifyingKey> OwnKeys => journal.State.Renewals.KeysOf(identity.Site, identity.Key.PublicKey);

    private DateOnly Today => DateOnly.FromDateTime(journal.Now.UtcDateTime);

    /// <summary>Holds a run's whole plan free for it, and makes the root of its randomness. The same plan again changes nothing.</summary>
    /// <exception cref="StepDeclinedException">It does not fit under a ceiling, or the ledger cannot vouch for it.</exception>
    public void Reserve(ChargeSchedule plan) => Decide(() =>
    {
        ArgumentNullException.ThrowIfNull(plan);
        if (plan.Charges.IsEmpty || plan.Charges.Length > PlannedCharge.Most)
            throw new ArgumentException($"A plan has from 1 to {PlannedCharge.Most} different charges.", nameof(plan));
        if (Ledger.Runs.TryGetValue(plan.Run, out var known))
        {
            if (!known.Is(plan))
                throw new StepDeclinedException(Reason.ParametersWrong, $"The run {plan.Run} has reserved another plan; the first one holds.");
            return true;
        }

        var population = PopulationOf(plan.Dataset);
        var cost = Ledger.CostOf(LedgerState.Times(plan.Charges.Select(planned => (planned.Charge, planned.Times))));
        Require(population, plan.Study, cost, account => account.AdmitsBeside(cost), isReserved: false);
        roots.Require(plan.Run);
        journal.Append(LedgerEntries.Reserved, LedgerEntries.Reserve(plan, population));
        return true;
    });

    /// <summary>
    /// Charges a release, before anything of it is computed. The same inputs again are free and give the same randomness; other inputs for a step that was charged are
    /// refused, and its next attempt is a charge of its own. What the run's plan does not hold is charged beside everything that is reserved.
    /// </summary>
    /// <returns>The randomness of exactly this release.</returns>
    /// <exception cref="StepDeclinedException">It does not fit under a ceiling, or the ledger cannot vouch for it. Nothing may be computed.</exception>
    public StepRandomness Charge(ReleaseInputs inputs) => Decide(() =>
    {
        ArgumentNullException.ThrowIfNull(inputs);
        if (inputs.Charges.IsEmpty || inputs.Charges.Length > ReleaseInputs.MostCharges)
            throw new ArgumentException($"A release has from 1 to {ReleaseInputs.MostCharges} charges.", nameof(inputs));
        if (!Ledger.Runs.TryGetValue(inputs.Step.Run, out var run) || run.Plan.Study != inputs.Study)
            throw new StepDeclinedException(Reason.RoundOutOfOrder, $"Nothing was reserved for {inputs.Step} of the study {inputs.Study}.");
        var digest = inputs.Digest;
        var charged = Ledger.Charged.TryGetValue(inputs.Step, out var before);
        if (charged && before != digest)
            throw new StepDeclinedException(Reason.ParametersWrong, $"{inputs.Step} was charged for other inputs: parameters, data, exclusions or noise have changed since. Its next attempt is charged anew.");
        if (!charged && !run.IsOpen)
            throw new StepDeclinedException(Reason.RoundOutOfOrder, $"The run {inputs.Step.Run} is over for the ledger; {inputs.Step} is not charged.");
        var root = roots.Read(run.Plan.Run) ?? throw Unresolved(roots.WhyGone(run.Plan.Run));
        if (!charged)
        {
            var population = PopulationOf(run.Plan.Dataset);
            var beyond = LedgerState.Split(run.Left, inputs.Charges).Beyond;
            var cost = Ledger.CostOf(LedgerState.Times(inputs.Charges.Select(charge => (charge, 1))));
            Require(population, inputs.Study, cost, account => account.AdmitsReserved(cost), isReserved: true);
            if (!beyond.IsEmpty)
            {
                var more = Ledger.CostOf(beyond);
                Require(population, inputs.Study, more, account => account.AdmitsBeside(more), isReserved: false);
            }

            journal.Append(LedgerEntries.Charged, LedgerEntries.Charge(inputs));
        }

        return new StepRandomness(root, digest);
    });

    /// <summary>The ledger's head, signed by this worker: what each release carries, and others countersign.</summary>
    public SignedHead Head()
    {
        lock (journal.Gate)
            return SignedHead.Sign(identity.Site, Ledger.Head, identity.Key);
    }

    /// <summary>
    /// Hears that somebody else has seen a head of this ledger. One that this log does not have says that the log is a restored backup, or that of a clone: from
    /// there on nothing is charged until the steward resolves it. That this worker's own key has signed it keeps anybody from making one up; an older one changes nothing.
    /// </summary>
    /// <param name="receipt">The head, as this worker signed it, and as the other has countersigned it.</param>
    /// <returns>Whether both signatures are right and of this site and head; where not, or while the log is broken, nothing was heard.</returns>
    public bool Countersigned(LedgerReceipt receipt)
    {
        ArgumentNullException.ThrowIfNull(receipt);
        var (own, countersigned, by) = (receipt.Own, receipt.Countersigned, receipt.By);
        if (journal.Broken is not null || own.Site != identity.Site || own.Head.Sequence < 1 || (countersigned.Site, countersigned.Head) != (own.Site, own.Head)
            || OwnKeys.Contains(by) || !countersigned.IsBy(by))
            return false;
        return HearOwn(own, by.Fingerprint);
    }

    /// <summary>Hears a head of this ledger that another has vouched for. The caller has checked that, and that the other is another.</summary>
    /// <returns>Whether this worker's key has signed it; where not, nothing was heard.</returns>
    internal bool HearOwn(SignedHead own, Sha256Digest by)
    {
        if (!OwnKeys.Any(own.IsBy))
            return false;
        lock (journal.Gate)
        {
            var (head, seen) = (own.Head, LedgerEntries.Seen(own.Head, by));
            if (!head.IsBehind(journal.HashOf))
            {
                if (head.Sequence > Ledger.Countersigned.Sequence)
                    journal.Append(LedgerEntries.Countersigned, seen);
            }
            else if (!Ledger.Behind.Contains(head) && !Ledger.Resolved.Contains(head))
            {
                journal.Append(LedgerEntries.Behind, seen);
            }
        }

        return true;
    }

    /// <summary>Fails where the log lacks a head of this ledger that somebody has shown: nothing may be charged.</summary>
    /// <exception cref="StepDeclinedException">It does.</exception>
    internal void RequireNotBehind()
    {
        if (!Ledger.Behind.IsEmpty)
            throw Unresolved($"This worker has released under the ledger's head {Ledger.Behind.MaxBy(head => head.Sequence)}, and its log does not have it: it is an older copy, or that of a clone. Restore the newest log; where there is none, 'site-worker ledger resolve' says what the missing entries had cost.");
    }

    private T Decide<T>(Func<T> decide)
    {
        lock (journal.Gate)
        {
            if (journal.Broken is { } broken)
                throw new StepDeclinedException(Reason.LogBroken, broken.Message);
            RequireNotBehind();
            try
            {
                return decide();
            }
            catch (IOException error)
            {
                throw new StepDeclinedException(Reason.StorageFull, $"The privacy ledger could not be written: {error.Message}");
            }
        }
    }

    private string PopulationOf(string dataset)
    {
        var map = datasets();
        if (map.PopulationOf(dataset) is not { } named)
            throw new StepDeclinedException(Reason.DatasetMissing, map.Faults.IsEmpty ? $"datasets.yaml maps nothing under the name '{dataset}'." : $"datasets.yaml:{map.Faults[0]}");
        var population = Ledger.Canonical(named);
        return !Ledger.Datasets.TryGetValue(dataset, out var before) || Ledger.Canonical(before) == population ? population
            : throw Unresolved($"The data set '{dataset}' was charged to the population '{Ledger.Canonical(before)}', and datasets.yaml now gives it to '{named}'. Another name takes nothing back: name the old one again, or 'site-worker ledger merge {Ledger.Canonical(before)} {named}' adds the two up.");
    }

    private void Require(string population, StudyDigest study, RenyiCurve cost, Func<LedgerAccount, bool> admits, bool isReserved)
    {
        var reading = policy();
        if (reading.Policy is not { } allowed)
            throw new StepDeclinedException(Reason.StudyBeyondPolicy, $"policy.yaml:{reading.Faults[0]}");
        if (allowed.Privacy is not { } ceilings)
            throw new StepDeclinedException(Reason.StudyBeyondPolicy, $"This site's policy has no ceilings ({PrivacyCeilings.Key}: none in policy.yaml), so nothing may be spent of its patients' privacy.");
        if (LedgerAccount.Of(Ledger, ceilings, population, [study], Today).FirstOrDefault(account => !admits(account)) is { } beyond)
            throw new StepDeclinedException(Reason.PrivacyBudgetSpent, beyond.Explain(population, cost, isReserved));
    }

    private static StepDeclinedException Unresolved(string sentence) => new(Reason.PrivacyLedgerUnresolved, sentence);
}
