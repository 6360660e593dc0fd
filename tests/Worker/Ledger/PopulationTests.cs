using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Worker;
using static FederatedClinicalMl.Tests.Worker.Ledger.Spending;

namespace FederatedClinicalMl.Tests.Worker.Ledger;

public sealed class PopulationTests : IDisposable
{
    private const string One = "datasets: {heart: {path: heart.csv, format: csv, population: cardiology}, ehr: {path: ehr, format: fhir, time-zone: UTC, population: cardiology}}";

    private readonly Site _site = new Site().WithCeilings();

    public void Dispose() => _site.Dispose();

    [Fact]
    public void Data_sets_of_one_population_have_one_budget_and_those_of_two_have_two()
    {
        var alone = Spend("heart");
        Assert.Equal(0, SpentOf("ehr"));
        Assert.Equal(alone, SpentOf("heart"));

        using var other = new Site().WithCeilings();
        other.Datasets = One;
        other.Ledger.Reserve(Plan(rounds: 1));
        other.Noise(Inputs());
        other.Ledger.Reserve(Plan(run: 2, rounds: 1, dataset: "ehr"));
        other.Noise(Inputs(run: 2));
        Assert.True(SpentOf("cardiology", other) > alone);
        Assert.Equal(["ehr", "heart"], other.LedgerDesk.Show().Populations.Single().Datasets);
    }

    [Fact]
    public void New_imports_erasures_and_cohorts_change_nothing_of_what_was_spent()
    {
        _site.Ledger.Reserve(Plan(rounds: 1, dataset: "ehr"));
        _site.Noise(Inputs());
        var spent = SpentOf("ehr");

        _site.Core.OrderErasure("ehr", "order", "grace", "");
        _site.Core.RecordErased("ehr");
        _site.Core.SetExclusions(["patient-1"], "grace");
        _site.Restart();
        Assert.Equal(spent, SpentOf("ehr"));

        _site.Ledger.Reserve(Plan(run: 2, rounds: 1, study: 2, dataset: "ehr"));
        _site.Noise(Inputs(run: 2, study: 2, data: "another cohort of a new import"));
        Assert.True(SpentOf("ehr") > spent);
    }

    [Fact]
    public void Data_set_under_another_population_is_refused_until_the_steward_merges_the_two_and_then_they_add_up()
    {
        var spent = Spend("heart");
        _site.Datasets = One;

        var refused = Refuses(Reason.PrivacyLedgerUnresolved, () => _site.Ledger.Reserve(Plan(run: 2, rounds: 1)));
        Assert.Contains("'site-worker ledger merge heart cardiology' adds the two up", refused.Message, StringComparison.Ordinal);
        Refuses(Reason.PrivacyLedgerUnresolved, () => _site.Noise(Inputs(round: 2)));
        _site.Ledger.Reserve(Plan(run: 3, rounds: 1, dataset: "ehr"));
        _site.Noise(Inputs(run: 3));

        var merged = _site.LedgerDesk.Merge("heart", "cardiology", "grace", "one ward").Populations.Single();

        Assert.Equal(("cardiology", "heart"), (merged.Name, Assert.Single(merged.Merged)));
        Assert.True(SpentOf("cardiology") > spent);
        _site.Restart();
        _site.Ledger.Reserve(Plan(run: 2, rounds: 1));
        _site.Noise(Inputs(run: 2));
        Assert.True(SpentOf("cardiology") > merged.Accounts[0].Spent);
    }

    [Fact]
    public void Merged_population_is_merged_once_and_never_into_itself_and_its_old_name_stays()
    {
        Spend("heart");
        _site.LedgerDesk.Merge("heart", "cardiology", "grace", "");

        Assert.Throws<StewardException>(() => _site.LedgerDesk.Merge("heart", "other", "grace", ""));
        Assert.Throws<StewardException>(() => _site.LedgerDesk.Merge("cardiology", "heart", "grace", ""));
        Assert.Throws<StewardException>(() => _site.LedgerDesk.Merge("cardiology", "No name", "grace", ""));
        Assert.Throws<StewardException>(() => _site.LedgerDesk.Merge("unknown", "cardiology", "grace", ""));
        _site.Ledger.Reserve(Plan(run: 2, rounds: 1)); // datasets.yaml still says heart, which stands for the other now
        Assert.Single(_site.Kinds, LedgerEntries.Merged);
    }

    [Fact]
    public void Data_set_that_is_not_mapped_or_a_map_with_a_fault_gives_no_population()
    {
        Refuses(Reason.DatasetMissing, () => _site.Ledger.Reserve(Plan(dataset: "unknown")));
        _site.Datasets = "datasets: {heart: {path: heart.csv, format: csv, population: No name}}";
        Assert.Contains("must be a population's name", Refuses(Reason.DatasetMissing, () => _site.Ledger.Reserve(Plan())).Message, StringComparison.Ordinal);
    }

    private double Spend(string population)
    {
        _site.Ledger.Reserve(Plan(rounds: 1));
        _site.Noise(Inputs());
        return SpentOf(population);
    }

    private double SpentOf(string population, Site? site = null) =>
        (site ?? _site).LedgerDesk.Show().Populations.Single(one => one.Name == population).Accounts.Single(account => account.Scope == "total").Spent;
}
