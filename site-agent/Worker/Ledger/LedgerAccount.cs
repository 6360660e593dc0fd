using System.Globalization;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>One ceiling over one population: what was spent under it, and what open runs have reserved.</summary>
/// <param name="Scope">The policy's word for it: total, study or year.</param>
/// <param name="Study">The study; null where it is not of one.</param>
/// <param name="Ceiling">The ceiling.</param>
/// <param name="Spent">What was charged.</param>
/// <param name="Reserved">What open runs may still be charged.</param>
public sealed record LedgerAccount(string Scope, StudyDigest? Study, PrivacyCeiling Ceiling, RenyiCurve Spent, RenyiCurve Reserved)
{
    private PrivacyFilter Filter => PrivacyFilter.Under(Ceiling, Spent);

    /// <summary>What was spent, as epsilon at the ceiling's delta.</summary>
    public double SpentEpsilon => Filter.Epsilon;

    /// <summary>What will be spent when open runs end as planned.</summary>
    public double HeldEpsilon => Filter.EpsilonAfter(Reserved);

    /// <summary>The accounts of a population that a study is held against, now.</summary>
    /// <param name="ledger">The ledger.</param>
    /// <param name="ceilings">The policy's.</param>
    /// <param name="population">The population.</param>
    /// <param name="studies">The studies.</param>
    /// <param name="today">The day, UTC.</param>
    public static IEnumerable<LedgerAccount> Of(LedgerState ledger, PrivacyCeilings ceilings, string population, IEnumerable<StudyDigest> studies, DateOnly today)
    {
        ArgumentNullException.ThrowIfNull(ledger);
        ArgumentNullException.ThrowIfNull(ceilings);
        var spent = ledger.SpentOf(population);
        var reserved = ledger.OpenRuns(population).ToLookup(run => run.Plan.Study, run => ledger.CostOf(run.Left));
        var all = Sum(reserved.SelectMany(costs => costs));
        // A reservation may all be charged today.
        return
        [
            new("total", null, ceilings.Total, spent.Total, all),
            new("year", null, ceilings.Year, spent.InPeriod(today), all),
            .. studies.Select(study => new LedgerAccount("study", study, ceilings.Study, spent.Of(study) + ledger.Lost.Total, Sum(reserved[study]))),
        ];
    }

    /// <summary>Whether something may be charged that nothing is reserved for: what is reserved stays reserved.</summary>
    public bool AdmitsBeside(RenyiCurve cost) => Filter.Admits(Reserved + cost);

    /// <summary>What will be spent when open runs end as planned, and something beside them that nothing is reserved for.</summary>
    public double EpsilonBeside(RenyiCurve cost) => Filter.EpsilonAfter(Reserved + cost);

    /// <summary>Whether something that is reserved may be charged: the ceiling may have been lowered since.</summary>
    public bool AdmitsReserved(RenyiCurve cost) => Filter.Admits(cost);

    /// <summary>The sum that does not fit, for the steward.</summary>
    /// <param name="population">The population.</param>
    /// <param name="cost">What was to be charged or reserved.</param>
    /// <param name="isReserved">Whether it is reserved already.</param>
    public string Explain(string population, RenyiCurve cost, bool isReserved)
    {
        var (spent, held, after) = (SpentEpsilon, HeldEpsilon, isReserved ? Filter.EpsilonAfter(cost) : EpsilonBeside(cost));
        var alone = PrivacyFilter.Under(Ceiling).EpsilonAfter(cost);
        return string.Create(CultureInfo.InvariantCulture, $"The population '{population}' has spent epsilon {spent:0.####} of {Ceiling.Epsilon.ToDouble():0.####} at delta {Ceiling.Delta.ToDouble():0.##e+0} ({PrivacyCeilings.Key}.{Scope} in policy.yaml{Within}){(isReserved ? "" : held > spent ? $", {held:0.####} with what open runs have reserved" : "")}; this costs {alone:0.####} by itself and would make it {after:0.####}. Costs of several charges add up to less than their sum. 'site-worker ledger show' lists the accounts.");
    }

    private string Within => Scope == "year" ? ", the last 365 days" : Study is { } study ? $", study {study.Value.Short}" : "";

    private static RenyiCurve Sum(IEnumerable<RenyiCurve> costs) => costs.Aggregate(RenyiCurve.Zero, (sum, cost) => sum + cost);
}
