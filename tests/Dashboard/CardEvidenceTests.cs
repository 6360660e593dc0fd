using FederatedClinicalMl.Coordinator.Dashboard;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Dashboard;

/// <summary>What a card shows beside the entry: rounds, and what the rows are like.</summary>
public sealed class CardEvidenceTests(SeededFederation federation) : IClassFixture<SeededFederation>
{
    private const string Rounds = "Performance, round by round", TableOne = "Training data: flow and Table 1";

    [Fact]
    public void Card_has_discrimination_calibration_and_confusion_of_each_round_that_was_evaluated()
    {
        var card = Card();

        var rounds = Table(card, Rounds)!;
        Assert.Equal(Enumerable.Range(1, 12).Select(round => $"{round}"), rounds.Rows.Select(row => row[0]));
        Assert.All(rounds.Rows, row => Assert.Equal((400, 800), (Number(row[4]) + Number(row[6]), Number(row[5]) + Number(row[7]))));
        var overall = Table(card, "Performance, all sites")!.Rows.Single(row => row[0] == "AUROC")[1];
        Assert.StartsWith(rounds.Rows[^1][1], overall, StringComparison.Ordinal);
        Assert.NotEqual(rounds.Rows[0][1], rounds.Rows[^1][1]);
        Assert.Equal(card.Sections.Select(section => section.Heading).ToList().IndexOf("Performance, all sites") + 1, card.Sections.Select(section => section.Heading).ToList().IndexOf(Rounds));

        static int Number(string text) => int.Parse(text.Replace(",", "", StringComparison.Ordinal), System.Globalization.CultureInfo.InvariantCulture);
    }

    [Fact]
    public void Card_has_what_each_site_told_of_the_versions_use_and_of_no_other()
    {
        var used = Table(Card(), "In use, site by site")!;

        Assert.Equal(["cleveland", "hungarian", "va-long-beach"], used.Rows.Select(row => row[0])); // switzerland has no schedule
        Assert.All(used.Rows, row => Assert.Equal(("2026-11-16 to 2026-11-22", "2026-10-19 to 2026-10-25"), (row[1], row[5])));
        Assert.All(used.Rows, row => Assert.Contains(row[8].Split(' ')[0], new[] { "age", "cp", "thalach", "oldpeak" })); // of which, another test's profile may decide
        Assert.All(used.Rows, row => Assert.EndsWith(" ms", row[4], StringComparison.Ordinal));
        Assert.Null(Table(Card(SeededFederation.SecondRun), "In use, site by site"));
    }

    [Fact]
    public async Task Card_of_a_model_of_a_number_has_its_errors_in_use_by_site_and_subgroup()
    {
        await using var own = new SeededFederation(); // whose numbers no other test has added
        await own.InitializeAsync();
        var (study, runs) = await own.AddNumberAsync();
        var order = own.TellOfNumber(study, runs[0]);
        var coordinator = own.Coordinator;
        coordinator.Service<FederatedClinicalMl.Coordinator.Api.StageDesk>().Confirm(order.Served.Model.ToString(), "1.0.0", new FederatedClinicalMl.Coordinator.Enrolment.Member(FederatedClinicalMl.Coordinator.Enrolment.Roles.Researcher, "rosalind"));
        var card = coordinator.Service<ModelDocuments>().Card(own.Registry.Find(order.Served.Model)!);

        var tables = card.Sections.Single(section => section.Heading == "In use, site by site").Blocks.OfType<CardTable>().ToList();

        Assert.Equal(["site", "window", "rows answered", "median latency", "99th percentile", "outcomes of", "mean absolute error (d)", "bias (d)", "most drift of an input"], tables[0].Heads);
        Assert.Equal(["cleveland", "hungarian", "va-long-beach"], tables[0].Rows.Select(row => row[0]));
        Assert.All(tables[0].Rows, row => Assert.Equal((9, "2026-10-19 to 2026-10-25"), (row.Length, row[5])));
        Assert.Matches(@"^1\.\d+ \[1\.\d+, 1\.\d+\]$", tables[0].Rows[2][6]);
        Assert.Equal(["below 60", "24 of 24 windows"], tables[1].Rows[0].Take(2));
        Assert.Contains("d apart, over 2 subgroups", tables[2].Rows[0][1], StringComparison.Ordinal);
    }

    [Fact]
    public void Card_has_the_newest_profile_of_the_study_that_is_here_with_suppressed_cells_as_they_are()
    {
        Assert.Null(Table(Card(), TableOne));
        federation.AppendProfile(RunId.Parse("aaaaaaaaaaaaaaa1"), SeededFederation.Second, rows: 60); // of another study
        Assert.Null(Table(Card(), TableOne));
        federation.AppendProfile(RunId.Parse("aaaaaaaaaaaaaaa2"), SeededFederation.First, rows: 40);
        federation.AppendProfile(RunId.Parse("aaaaaaaaaaaaaaa3"), SeededFederation.First, rows: 60);

        var table = Table(Card(), TableOne)!;

        Assert.Equal(["", "cleveland", "hungarian", "overall"], table.Heads);
        Assert.Equal(["rows", "60", "60", "120"], table.Rows.Single(row => row[0] == "rows"));
        Assert.Equal(["cp = 4", "withheld", "20 (33.3 %)", "withheld"], table.Rows.Single(row => row[0] == "cp = 4")); // what one withholds is not in the sum either
        var results = federation.Coordinator.Service<ResultStore>();
        results.Remove([.. federation.Coordinator.Service<IRunJournal>().Read(RunId.Parse("aaaaaaaaaaaaaaa3")).Select(journaled => journaled.Event).OfType<RunProfiled>().Select(profiled => profiled.Profile)]);
        Assert.Equal(["rows", "40", "40", "80"], Table(Card(), TableOne)!.Rows.Single(row => row[0] == "rows"));
    }

    private static CardTable? Table(Card card, string heading) => card.Sections.SingleOrDefault(section => section.Heading == heading)?.Blocks.OfType<CardTable>().First();

    private Card Card(RunId? run = null)
    {
        return federation.Coordinator.Service<ModelDocuments>().Card(federation.Registry.List().Single(entry => entry.Run == (run ?? SeededFederation.FirstRun)));
    }
}
