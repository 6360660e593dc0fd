using System.Collections.Immutable;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Learning;

namespace FederatedClinicalMl.Tests.Coordinator.Registry;

/// <summary>What the documents of a model of a number say: errors with their unit, and nothing of probabilities.</summary>
public sealed class ErrorCardTests : IDisposable
{
    private static readonly string[] s_probabilities = ["AUROC", "robabilit", "alibration", "Brier", "undefined"];

    private readonly SigningKey _key = SigningKey.Create();

    public void Dispose() => _key.Dispose();

    [Fact]
    public void Card_tells_errors_of_all_of_each_site_subgroup_and_round_with_their_unit()
    {
        var card = ModelCard.Of(Facts("d"), [], _key.PublicKey, null);

        var overall = Table(card, "Performance, all sites").Rows.ToDictionary(row => row[0], row => row[1]);
        Assert.Equal(["Test rows", "Mean absolute error (d)", "Root mean squared error (d)", "R²", "Bias, outcome less prediction (d)", "Standard deviation of the outcomes (d)"], Table(card, "Performance, all sites").Rows.Select(row => row[0]));
        Assert.Equal("40", overall["Test rows"]);
        Assert.StartsWith("1.5 [", overall["Mean absolute error (d)"], StringComparison.Ordinal); // the young are off by 1, the old by 2
        Assert.StartsWith("1.581 [", overall["Root mean squared error (d)"], StringComparison.Ordinal); // √2.5
        Assert.Equal("1.581", overall["Standard deviation of the outcomes (d)"]);
        Assert.Equal(["north", "south"], Table(card, "Performance, site by site").Rows.Select(row => row[0]));
        Assert.Equal("withheld: too few", Table(card, "Performance, site by site").Rows[1][1]);
        Assert.Equal([("young", "1 of 1 sites", "20"), ("old", "1 of 1 sites", "20")], Table(card, "Performance, by subgroup").Rows.Select(row => (row[0], row[1], row[2])));
        Assert.Contains(card.Sections.Single(section => section.Heading == "Performance, by subgroup").Blocks.OfType<CardTable>().Last().Rows, row => row is ["Gap: MAE", "1 [1, 1] d apart, over 2 subgroups"]);
        Assert.Equal([("1", "withheld"), ("2, held back", "40")], Table(card, "Performance, round by round").Rows.Select(row => (row[0], row[1])));
        Assert.Equal(["r2", "bias", "sites"], Table(card, "Gates of the study").Rows.Select(row => row[0]));
        var text = CardWriter.Markdown(card);
        Assert.Contains("days, a number from 0 to 60", text, StringComparison.Ordinal);
        Assert.All(s_probabilities, word => Assert.DoesNotContain(word, text, StringComparison.Ordinal));
    }

    [Fact]
    public void Number_without_a_unit_is_told_without_one() =>
        Assert.Contains(Table(ModelCard.Of(Facts("1"), [], _key.PublicKey, null), "Performance, all sites").Rows, row => row[0] == "Mean absolute error");

    [Fact]
    public void Card_of_what_was_not_evaluated_says_so()
    {
        var card = ModelCard.Of(Facts("d") with { Evaluation = null, Sites = null, Evidence = CardEvidence.None }, [], _key.PublicKey, null);

        Assert.Equal(new CardText("Nothing was evaluated, or every site withheld its errors."), Assert.Single(card.Sections.Single(section => section.Heading == "Performance, all sites").Blocks));
        Assert.Equal(new CardText("Nothing was evaluated."), Assert.Single(card.Sections.Single(section => section.Heading == "Performance, by subgroup").Blocks));
    }

    [Fact]
    public void Report_answers_with_errors_and_a_baseline_of_R_squared()
    {
        var report = ReproducibilityReport.Of(Facts("d"), [], _key.PublicKey, null);

        var answers = report.Sections.SelectMany(section => section.Blocks).OfType<CardTable>().SelectMany(table => table.Rows).ToDictionary(row => row[0], row => row[1]);
        Assert.Equal("A number: days, a number from 0 to 60 (d). No prediction lies outside.", answers["Output"]);
        Assert.Equal("One weight for each input, in parameters.bin.", answers["Interpretability"]);
        Assert.StartsWith("Mean absolute error 1.5 [", answers["Measures"], StringComparison.Ordinal);
        Assert.StartsWith("The study's gates, against a baseline R² of 0 and the version in production.", answers["Comparison"], StringComparison.Ordinal);
        Assert.Equal("By subgroup, for the study's partitions by age: mean absolute errors by age 1 [1, 1] d apart, over 2 subgroups. The card has each subgroup.", answers["Fairness"]);
        Assert.All(s_probabilities, word => Assert.DoesNotContain(word, CardWriter.Markdown(report), StringComparison.Ordinal));
    }

    private static CardTable Table(Card card, string heading) => card.Sections.Single(section => section.Heading == heading).Blocks.OfType<CardTable>().First();

    private static ModelFacts Facts(string unit)
    {
        var study = NumberText.Of("{per-site: true, subgroups: [{feature: age, bands: [50], names: [young, old]}]}", unit: unit);
        double[] ages = [.. Enumerable.Range(0, 40).Select(row => row < 20 ? 40.0 : 60.0)];
        // Outputs of 0 stand for 10 days: the young stay 9 or 11, the old 8 or 12.
        var report = EvaluationReport.Of(study, new double[40], [.. ages.Select((age, row) => 10f + ((row % 2 == 0 ? 1 : -1) * (age < 50 ? 1f : 2f)))], ages, 5);
        return new ModelFacts(
            new ModelEntry(default, "stay", RunId.Parse("0123456789abcdef"), study.Digest, DateTimeOffset.UnixEpoch, "1.0.0", [new ModelFile(ModelFileNames.Parameters, default, 8)], default), study, report,
            SiteMetrics.Merge([(SiteId.Parse("north"), SiteMetricsReport.OfNumber(report.Number!.Errors)), (SiteId.Parse("south"), SiteMetricsReport.OfNumber(null))]))
        {
            Evidence = CardEvidence.None with { Rounds = [new RoundEvaluation(new RoundNumber(1), false, EvaluationReport.OfNumber(new ErrorEvaluation(null))), new RoundEvaluation(new RoundNumber(2), true, report)] },
        };
    }
}
