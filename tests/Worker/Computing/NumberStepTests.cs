using System.Collections.Immutable;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Coordinator;
using FederatedClinicalMl.Tests.Learning;
using FederatedClinicalMl.Tests.Worker.Page;

namespace FederatedClinicalMl.Tests.Worker.Computing;

/// <summary>What a site computes for a study that predicts a number, from a file.</summary>
public sealed class NumberStepTests : IDisposable
{
    private static readonly SitePolicy s_policy = PolicyReader.Read(PolicyReader.Default).Policy! with { MinimumCell = 4, MinimumTrainingRows = 1, PerSiteMetrics = true };
    private static readonly Study s_study = Study("per-site: true");

    private readonly TemporaryFolder _folder = new();
    private readonly SiteSecret _secret = new(new byte[SiteSecret.Length]);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Rows_without_a_plausible_outcome_are_left_out_and_counted()
    {
        var counts = Computed("train,40,5", "train,41,", "train,42,61", "train,43,-1", "train,44,60", "test,50,0").Cohort;

        Assert.Equal((2, 1, 3), (counts.Counts.Training, counts.Counts.Test, counts.Counts.WithoutLabel));
        Assert.Equal([5f, 60f], counts.Training.Labels);
    }

    [Fact]
    public void Evaluation_and_the_sites_own_metrics_are_of_the_errors_in_the_outcomes_unit()
    {
        // The output is 0.1 (age - 60)/10 of a scale of mean 10 and deviation 5: 9.5 at 50, 10 at 60, 10.5 at 70.
        string[] rows = ["test,50,9", "test,60,13", "test,70,10", "test,60,10", "train,60,10"];
        var evaluation = EvaluationReport.Read(Compute(StepKind.Evaluation, s_study, [0.1f, 0], rows));
        var own = SiteMetricsReport.Read(Compute(StepKind.SiteMetrics, s_study, [0.1f, 0], rows));

        var metrics = evaluation.Number!.Metrics;
        Assert.Equal(4, metrics.Rows);
        Assert.Equal((0.5 + 3 + 0.5 + 0) / 4, metrics.MeanAbsoluteError!.Value.Value, 1e-6);
        Assert.Equal(Math.Sqrt((0.25 + 9 + 0.25) / 4), metrics.RootMeanSquaredError!.Value.Value, 1e-6);
        Assert.Equal((-0.5 + 3 - 0.5) / 4, metrics.Bias!.Value.Value, 1e-6);
        Assert.True(evaluation.Fits(s_study, 4));
        Assert.Equal(evaluation.Number.Errors, own.Errors);
    }

    [Fact]
    public void Small_subgroup_is_withheld_and_so_is_another()
    {
        var study = Study("subgroups: [{feature: age, bands: [50, 90]}]");
        string[] rows = [.. Enumerable.Range(0, 6).Select(i => $"test,35,{i}"), .. Enumerable.Range(0, 8).Select(i => $"test,70,{i}"), .. Enumerable.Range(0, 3).Select(i => $"test,95,{i}"), "train,60,1"];

        var report = EvaluationReport.Read(Compute(StepKind.Evaluation, study, [0.1f, 0], rows));

        Assert.Equal(17, report.Number!.Errors!.Count);
        Assert.Equal([null, 8L, null], report.Number.Subgroups!.Partitions[0].Select(group => group.Sum?.Count).Take(3));
        Assert.True(report.Fits(study, 4));
    }

    [Fact]
    public void Page_of_the_steward_says_that_errors_leave_and_nothing_of_scores()
    {
        var page = StewardPage.Of(Pages.Facts(Study("per-site: true, subgroups: [{feature: age, bands: [50], names: [young, old]}]"), PolicyReader.Default.Replace("per-site-metrics: withhold", "per-site-metrics: compare", StringComparison.Ordinal)));

        Assert.Contains("with 8 significant bits, that of fourth powers. Nothing where the test rows are fewer than 5", page.Item("Sums of errors").Text, StringComparison.Ordinal);
        Assert.Contains("by age (young, old, missing). A subgroup with 1 to below 5 test rows is withheld", page.Item("Sums of errors by subgroup").Text, StringComparison.Ordinal);
        Assert.Contains("its number of test rows, and how well the model does here. Nothing where they are fewer than 5", page.Item("This hospital's own results").Text, StringComparison.Ordinal);
        Assert.Contains("the outcome is \"stay\", a number in \"d\"", page.Item("Read of them").Text, StringComparison.Ordinal);
        Assert.All(page.Sections.SelectMany(section => section.Items), item => Assert.DoesNotContain("with and without the outcome", item.Text, StringComparison.Ordinal));
    }

    [Fact]
    public void Too_few_test_rows_are_withheld()
    {
        string[] rows = ["test,50,9", "test,60,13", "test,70,10", "train,60,10"];

        Assert.Null(EvaluationReport.Read(Compute(StepKind.Evaluation, s_study, [0.1f, 0], rows)).Number!.Errors);
        Assert.Equal(Withholding.TooFew, SiteMetricsReport.Read(Compute(StepKind.SiteMetrics, s_study, [0.1f, 0], rows)).Withheld);
    }

    [Fact]
    public void Comparison_tells_both_models_errors_on_the_same_rows()
    {
        string[] rows = ["test,50,9", "test,60,13", "test,70,10", "test,60,10", "train,60,10"];
        var other = new OtherModel(s_study, PreprocessingConstants.Freeze(s_study, null).Canonical, new IncomingParameters([0f, 0]), new ComparedModel(s_study.Digest, Sha256Digest.Of([1]), Sha256Digest.Of([2])));

        var errors = ComparisonReport.Read(Compute(StepKind.Comparison, s_study, [0.1f, 0], rows, other)).Report.Errors!;

        Assert.Equal((4, 1.0, 1.0), (errors.Rows, Math.Round(errors.Candidate, 6), Math.Round(errors.Other, 6))); // 0.5, 3, 0.5, 0 and 1, 3, 0, 0
        Assert.Equal(new[] { -0.5, 0, 0.5, 0 }.Sum(difference => difference * difference) / 3 / 4, errors.Variance, 1e-6);
    }

    [Fact]
    public void Comparison_reads_each_model_by_its_own_studys_constants()
    {
        var other = Study("", "{mean: 20, sd: 10}");
        // 0.1 · 5 + 10 a decade of age, and (0.05 · 10 + 20) less 10: the same predictions.
        var model = new OtherModel(other, PreprocessingConstants.Freeze(other, null).Canonical, new IncomingParameters([0.05f, -1]), new ComparedModel(other.Digest, Sha256Digest.Of([1]), Sha256Digest.Of([2])));

        var errors = ComparisonReport.Read(Compute(StepKind.Comparison, s_study, [0.1f, 0], ["test,50,9", "test,60,13", "test,70,10", "test,60,10", "train,60,10"], model)).Report.Errors!;

        Assert.Equal(errors.Candidate, errors.Other, 1e-6);
    }

    // Least squares has a solution to hold training against: y = 3 + 2 x1 - x2 without noise, on the outcome's scale.
    [Theory]
    [InlineData("sgd")]
    [InlineData("adam")]
    public void Training_of_a_linear_regression_comes_to_the_least_squares_solution(string optimizer)
    {
        var random = DeterministicRandom.Of("least-squares");
        var number = new NumericOutcome("d", -40, 60, 10, 5);
        const int rows = 64;
        float[] inputs = [.. Enumerable.Range(0, rows * 2).Select(_ => (2 * random.NextSingle()) - 1)];
        float[] outcomes = [.. Enumerable.Range(0, rows).Select(row => 3 + (2 * inputs[2 * row]) - inputs[(2 * row) + 1])];
        var plan = ModelPlan.Network(2, [], Activation.Relu, 0, 1);
        var start = plan.InitialParameters();
        var training = new StudyTraining(Enum.Parse<Optimizer>(optimizer, ignoreCase: true), optimizer == "adam" ? 0.02 : 0.2, 16, 200, null, 1);
        var change = new TorchTrainer().Train(
            new TrainingWork(plan, training, new TrainingSet(inputs, outcomes, 2, PatientRows.Grouped([.. Enumerable.Range(0, rows)], rows)), SampleOrders.Seeded(1, SiteId.Parse("north")), 1, 0, number),
            start, TestContext.Current.CancellationToken);

        double[] learned = [.. start.Zip(change, (old, by) => (double)(old + by))];
        Assert.Equal(2, learned[0] * number.StandardDeviation, 0.02);
        Assert.Equal(-1, learned[1] * number.StandardDeviation, 0.02);
        Assert.Equal(3, (learned[2] * number.StandardDeviation) + number.Mean, 0.02);
    }

    private static Study Study(string evaluation, string constants = "{mean: 10, sd: 5}") => StudyText.Of(
        "{name: age, range: [0, 120], missing: mean, constants: {mean: 60, sd: 10}}", "{kind: linear-regression}", split: "{column: part}", evaluation: $"{{every: 1, {evaluation}}}",
        label: $"{{name: stay, range: [0, 60], unit: d, constants: {constants}}}");

    private ReadOnlySpan<byte> Compute(StepKind kind, Study study, float[] parameters, string[] rows, OtherModel? other = null)
    {
        var step = new StepId(RunId.Parse("0123456789abcdef"), new RoundNumber(study.Federation.Rounds), kind, 1);
        return new SiteStepComputer(Cache(rows), new TorchTrainer()).Compute(
            new StepRequest(study, SiteId.Parse("north"), step, PreprocessingConstants.Freeze(study, null).Canonical, new IncomingParameters(parameters), new ExclusionList(_secret, []), s_policy with { Comparisons = true }) { Other = other },
            TestContext.Current.CancellationToken).Payload.Span;
    }

    private SiteData Computed(params string[] rows) => Cache(rows).Load(s_study, new ExclusionList(_secret, []));

    private CohortCache Cache(string[] rows)
    {
        File.WriteAllLines(_folder.Of("rows.csv"), ["part,age,stay", .. rows]);
        var sources = ImmutableDictionary<string, DatasetSource>.Empty.Add("test", new DatasetSource(_folder.Of("rows.csv"), DatasetFormat.Csv, true, [], ',', [""]));
        return new CohortCache(() => DatasetMap.OfTables(sources), CohortCache.NoEvents, _secret);
    }
}
