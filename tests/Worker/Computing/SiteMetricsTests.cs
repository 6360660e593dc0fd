using System.Collections.Immutable;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Worker.Computing;

public sealed class SiteMetricsTests : IDisposable
{
    private static readonly SitePolicy s_policy = PolicyReader.Read(PolicyReader.Default).Policy! with { PerSiteMetrics = true, MinimumCell = 4 };

    private readonly string _folder = Directory.CreateTempSubdirectory("fcml-worker-").FullName;
    private readonly Study _study = SmallStudy.Of(perSite: true);
    private readonly SiteSecret _secret = new(new byte[SiteSecret.Length]);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Policy_that_withholds_gives_a_word_and_reads_no_data()
    {
        // No dataset is mapped: whoever looked would decline.
        var computed = Compute(StepKind.SiteMetrics, s_policy with { PerSiteMetrics = false }, ImmutableDictionary<string, DatasetSource>.Empty);

        Assert.Equal(Withholding.Policy, SiteMetricsReport.Read(computed.Payload.Span).Withheld);
        Assert.Equal((0, null), (computed.MinimumCell, computed.Data));
    }

    [Fact]
    public void Policy_that_releases_gives_the_metrics_of_the_histogram_that_an_evaluation_gives()
    {
        var rows = Rows(negatives: 9, positives: 6);
        var histogram = EvaluationReport.Read(Compute(StepKind.Evaluation, s_policy, rows).Payload.Span).Histogram;

        var computed = Compute(StepKind.SiteMetrics, s_policy, rows);

        var report = SiteMetricsReport.Read(computed.Payload.Span);
        Assert.Equal((9, 6), (report.Metrics!.Negatives, report.Metrics.Positives));
        Assert.Equal(ClassifierMetrics.Of(histogram).ToJson().ToJsonString(), report.Metrics.ToJson().ToJsonString());
        Assert.Equal(4, computed.MinimumCell);
        Assert.NotNull(computed.Data);
    }

    [Fact]
    public void Policy_that_compares_gives_the_area_of_the_rows_besides()
    {
        var rows = Rows(negatives: 9, positives: 6);
        var released = SiteMetricsReport.Read(Compute(StepKind.SiteMetrics, s_policy, rows).Payload.Span);

        var compared = SiteMetricsReport.Read(Compute(StepKind.SiteMetrics, s_policy with { Comparisons = true }, rows).Payload.Span);

        Assert.Null(released.ExactArea);
        Assert.Equal((9, 6), (compared.ExactArea!.Negatives, compared.ExactArea.Positives));
        Assert.Equal(46 / 54.0, compared.ExactArea.Areas[0], 12); // by age alone, every four years, negatives from 35 and positives from 55: of 54 pairs 44 are in order, and 4 tied
        Assert.Equal(released.Metrics!.ToJson().ToJsonString(), compared.Metrics!.ToJson().ToJsonString());
    }

    [Theory]
    [InlineData(9, 3)]
    [InlineData(3, 9)]
    [InlineData(9, 0)] // the histogram may leave: it holds no small count
    public void Site_with_fewer_of_a_class_than_the_minimum_tells_nothing_but_that(int negatives, int positives)
    {
        var computed = Compute(StepKind.SiteMetrics, s_policy, Rows(negatives, positives));

        Assert.Equal(Withholding.TooFew, SiteMetricsReport.Read(computed.Payload.Span).Withheld);
        Assert.Equal(4, computed.MinimumCell);
    }

    private StepComputation Compute(StepKind kind, SitePolicy policy, ImmutableDictionary<string, DatasetSource> sources)
    {
        var constants = PreprocessingConstants.Freeze(_study, null).Canonical;
        var step = new StepId(RunId.Parse("0123456789abcdef"), new RoundNumber(SmallStudy.Rounds), kind, 1);
        return new SiteStepComputer(new CohortCache(() => DatasetMap.OfTables(sources), CohortCache.NoEvents, _secret), new TorchTrainer()).Compute(
            new StepRequest(_study, SiteId.Parse("north"), step, constants, new IncomingParameters([0.8f, -0.1f]), new ExclusionList(_secret, []), policy),
            TestContext.Current.CancellationToken);
    }

    private ImmutableDictionary<string, DatasetSource> Rows(int negatives, int positives)
    {
        var path = Path.Combine(_folder, "rows.csv");
        File.WriteAllLines(path,
        [
            "age,ill,part",
            .. Enumerable.Range(0, 40).Select(row => $"{30 + row},{row % 2},train"),
            .. Enumerable.Range(0, negatives).Select(row => $"{35 + (4 * row)},0,test"),
            .. Enumerable.Range(0, positives).Select(row => $"{55 + (4 * row)},1,test"),
        ]);
        return ImmutableDictionary<string, DatasetSource>.Empty.Add("rows", new DatasetSource(path, DatasetFormat.Csv, true, [], ',', [""]));
    }
}
