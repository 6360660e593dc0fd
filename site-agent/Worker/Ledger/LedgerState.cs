using System.Collections.Immutable;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>What the ledger's entries add up to. Ceilings are not in it: they are the policy's, and may change; what was spent does not.</summary>
public sealed record LedgerState
{
    private const int NameLength = 63;

    /// <summary>Before the first entry.</summary>
    public static LedgerState Empty { get; } = new();

    /// <summary>Every data set that anything was ever reserved for, and its population then.</summary>
    public ImmutableDictionary<string, string> Datasets { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>Populations that a steward has merged into another, and into which.</summary>
    public ImmutableDictionary<string, string> Merged { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>What was charged against each population that was not merged into another.</summary>
    public ImmutableDictionary<string, PopulationSpending> Populations { get; init; } = ImmutableDictionary<string, PopulationSpending>.Empty;

    /// <summary>What a steward said that lost entries had cost: it counts against every population and every study, for nobody knows which they were of.</summary>
    public PopulationSpending Lost { get; init; } = PopulationSpending.None;

    /// <summary>Every run that was reserved.</summary>
    public ImmutableDictionary<RunId, ReservedRun> Runs { get; init; } = ImmutableDictionary<RunId, ReservedRun>.Empty;

    /// <summary>Every release that was charged, and the digest of its inputs.</summary>
    public ImmutableDictionary<StepId, Sha256Digest> Charged { get; init; } = ImmutableDictionary<StepId, Sha256Digest>.Empty;

    /// <summary>The last entry of the ledger.</summary>
    public LedgerHead Head { get; init; }

    /// <summary>The newest head that somebody else has signed.</summary>
    public LedgerHead Countersigned { get; init; }

    /// <summary>Heads of this ledger that others hold and this log lacks, not resolved: nothing is reserved or charged.</summary>
    public ImmutableHashSet<LedgerHead> Behind { get; init; } = [];

    /// <summary>Such heads that a steward has resolved.</summary>
    public ImmutableHashSet<LedgerHead> Resolved { get; init; } = [];

    // A charge's cost takes a millisecond or two to compute, and charges come in runs of equal ones.
    private ImmutableDictionary<PrivacyCharge, RenyiCurve> Costs { get; init; } = ImmutableDictionary<PrivacyCharge, RenyiCurve>.Empty;

    /// <summary>Whether an entry is one of the ledger's.</summary>
    public static bool Knows(string kind) => kind is LedgerEntries.Reserved or LedgerEntries.Charged or LedgerEntries.Closed
        or LedgerEntries.Merged or LedgerEntries.Countersigned or LedgerEntries.Behind or LedgerEntries.Resolved;

    /// <summary>The state after an entry.</summary>
    /// <exception cref="FormatException">It cannot be understood, or contradicts those before it.</exception>
    public LedgerState Apply(LogEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var body = new JsonFields(entry.Body, entry.Kind);
        var day = DateOnly.FromDateTime(entry.At.UtcDateTime);
        var next = entry.Kind switch
        {
            LedgerEntries.Reserved => Reserve(body),
            LedgerEntries.Charged => Charge(body, day),
            LedgerEntries.Closed => End(body),
            LedgerEntries.Merged => Merge(body),
            LedgerEntries.Countersigned => this with { Countersigned = HeadOf(body) },
            LedgerEntries.Behind => this with { Behind = Behind.Add(HeadOf(body)) },
            LedgerEntries.Resolved => Resolve(body, day),
            _ => throw new FormatException($"the kind '{entry.Kind}' is none of the ledger's."),
        };
        body.End();
        return next with { Head = new LedgerHead(entry.Sequence, entry.Hash) };
    }

    /// <summary>The population that a name stands for, after all that was merged.</summary>
    public string Canonical(string population)
    {
        while (Merged.TryGetValue(population, out var into))
            population = into;
        return population;
    }

    /// <summary>What was charged against a population, lost entries included.</summary>
    public PopulationSpending SpentOf(string population) => Populations.GetValueOrDefault(Canonical(population), PopulationSpending.None).Plus(Lost);

    /// <summary>Runs that are not over, of one population.</summary>
    public IEnumerable<ReservedRun> OpenRuns(string population) => Runs.Values.Where(run => run.IsOpen && Canonical(run.Population) == Canonical(population));

    /// <summary>What charges cost together.</summary>
    public RenyiCurve CostOf(IEnumerable<KeyValuePair<PrivacyCharge, int>> charges) =>
        charges.Aggregate(RenyiCurve.Zero, (sum, one) => sum + (Costs.GetValueOrDefault(one.Key) ?? RenyiCurve.Of(one.Key)).Times(one.Value));

    /// <summary>The state after a study's approval was withdrawn: its runs are over.</summary>
    internal LedgerState Close(StudyDigest study) =>
        this with { Runs = Runs.SetItems(Runs.Values.Where(run => run.IsOpen && run.Plan.Study == study).Select(run => KeyValuePair.Create(run.Plan.Run, run.Closed()))) };

    /// <summary>The state after a run can compute nothing any more: it is over.</summary>
    internal LedgerState Close(RunId run) => Runs.TryGetValue(run, out var reserved) ? With(reserved.Closed()) : this;

    private LedgerState Reserve(JsonFields body)
    {
        var (run, dataset, population) = (RunId.Parse(body.Text("run", 16)), body.Text("dataset", NameLength), body.Text("population", NameLength));
        var study = new StudyDigest(Sha256Digest.Parse(body.Text("study", 64)));
        var charges = body.List("charges", PlannedCharge.Most, PlannedCharge.Read);
        var reserved = new ReservedRun(new ChargeSchedule(run, study, dataset, [.. charges]), population)
        {
            Left = Times(charges.Select(planned => (planned.Charge, planned.Times))),
        };
        if (Runs.ContainsKey(run))
            throw new FormatException($"it reserves the run {run} a second time.");
        if (Datasets.TryGetValue(dataset, out var before) && Canonical(before) != Canonical(population))
            throw new FormatException($"it takes the data set '{dataset}' out of its population.");
        return Knowing(reserved.Left.Keys) with
        {
            Runs = Runs.Add(run, reserved),
            Datasets = Datasets.SetItem(dataset, population),
            Populations = Populations.SetItem(Canonical(population), Populations.GetValueOrDefault(Canonical(population), PopulationSpending.None)),
        };
    }

    private LedgerState Charge(JsonFields body, DateOnly day)
    {
        var step = StepId.TryParse(body.Text("step", 128), out var parsed) ? parsed : throw new FormatException("its step cannot be read.");
        var inputs = Sha256Digest.Parse(body.Text("inputs", 64));
        var charges = body.List("charges", ReleaseInputs.MostCharges, PrivacyCharge.Read);
        if (Charged.ContainsKey(step))
            throw new FormatException($"it charges {step} a second time.");
        if (!Runs.TryGetValue(step.Run, out var run) || !run.IsOpen)
            throw new FormatException($"it charges {step}, whose run is not reserved, or is over.");
        var after = Knowing(charges);
        var spent = after.CostOf(Times(charges.Select(charge => (charge, 1))));
        var population = Canonical(run.Population);
        return after with
        {
            Charged = Charged.Add(step, inputs),
            Runs = Runs.SetItem(step.Run, run with { Left = Split(run.Left, charges).Left, Released = run.Released + 1 }),
            Populations = Populations.SetItem(population, Populations[population].With(spent, run.Plan.Study, day)),
        };
    }

    /// <summary>Takes charges out of what is reserved.</summary>
    /// <returns>What stays reserved, and the charges that were not.</returns>
    internal static (ImmutableDictionary<PrivacyCharge, int> Left, ImmutableDictionary<PrivacyCharge, int> Beyond) Split(
        ImmutableDictionary<PrivacyCharge, int> reserved, IEnumerable<PrivacyCharge> charges)
    {
        var beyond = ImmutableDictionary<PrivacyCharge, int>.Empty;
        foreach (var charge in charges)
        {
            if (reserved.TryGetValue(charge, out var left))
                reserved = left == 1 ? reserved.Remove(charge) : reserved.SetItem(charge, left - 1);
            else
                beyond = beyond.SetItem(charge, beyond.GetValueOrDefault(charge) + 1);
        }

        return (reserved, beyond);
    }

    internal static ImmutableDictionary<PrivacyCharge, int> Times(IEnumerable<(PrivacyCharge Charge, int Times)> charges) =>
        charges.Aggregate(ImmutableDictionary<PrivacyCharge, int>.Empty, (sum, one) => sum.SetItem(one.Charge, checked(sum.GetValueOrDefault(one.Charge) + one.Times)));

    private LedgerState End(JsonFields body)
    {
        _ = (body.Text("steward", 256), body.Text("note", 4096));
        return With(RunOf(body).Closed());
    }

    private LedgerState Merge(JsonFields body)
    {
        var (from, into) = (body.Text("from", NameLength), Canonical(body.Text("into", NameLength)));
        _ = (body.Text("steward", 256), body.Text("note", 4096));
        if (Merged.ContainsKey(from) || from == into || !Populations.TryGetValue(from, out var spent))
            throw new FormatException($"it merges '{from}', which is no population of its own, or is merged into itself.");
        return this with
        {
            Merged = Merged.Add(from, into),
            Populations = Populations.Remove(from).SetItem(into, Populations.GetValueOrDefault(into, PopulationSpending.None).Plus(spent)),
        };
    }

    private LedgerState Resolve(JsonFields body, DateOnly day)
    {
        var lost = body.List("charges", 1, PrivacyCharge.Read);
        _ = (body.Text("steward", 256), body.Text("note", 4096));
        return this with
        {
            Behind = [],
            Resolved = Resolved.Union(Behind),
            Lost = lost.Aggregate(Lost, (all, charge) => all.With(RenyiCurve.Of(charge), null, day)),
        };
    }

    private LedgerState Knowing(IEnumerable<PrivacyCharge> charges) =>
        this with { Costs = Costs.SetItems(charges.Distinct().Where(charge => !Costs.ContainsKey(charge)).Select(charge => KeyValuePair.Create(charge, RenyiCurve.Of(charge)))) };

    private LedgerState With(ReservedRun run) => this with { Runs = Runs.SetItem(run.Plan.Run, run) };

    private ReservedRun RunOf(JsonFields body) =>
        Runs.GetValueOrDefault(RunId.Parse(body.Text("run", 16))) ?? throw new FormatException("its run was never reserved.");

    private static LedgerHead HeadOf(JsonFields body)
    {
        _ = Sha256Digest.Parse(body.Text("by", 64));
        return new LedgerHead(body.Integer("sequence", 1, 1L << 53), Sha256Digest.Parse(body.Text("digest", 64)));
    }
}
