using System.Collections.Immutable;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Worker.Page;

namespace FederatedClinicalMl.Tests.Worker.Computing;

public sealed class SubgroupEvaluationTests : IDisposable
{
    private const string Bands = "[{feature: age, bands: [50, 90]}]";

    private static readonly SitePolicy s_policy = PolicyReader.Read(PolicyReader.Default).Policy! with { MinimumCell = 4 };

    private readonly string _folder = Directory.CreateTempSubdirectory("fcml-worker-").FullName;
    private readonly SiteSecret _secret = new(new byte[SiteSecret.Length]);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Test_rows_are_counted_by_subgroup_beside_the_same_histogram_of_all()
    {
        var rows = Rows((35, 6), (70, 8));

        var (plain, report) = (Evaluate("", rows), Evaluate(Bands, rows));

        Assert.Null(plain.Subgroups);
        Assert.Equal(plain.Write(), (report with { Subgroups = null }).Write());
        Assert.Equal([(6L, 6L), (8L, 8L), (0L, 0L)], report.Subgroups!.Partitions[0].Select(group => (group.Sum!.Negatives, group.Sum.Positives)));
        Assert.True(report.Fits(SmallStudy.Of(perSite: false, Bands), 4));
    }

    [Fact]
    public void Small_subgroup_is_withheld_and_so_is_another()
    {
        var report = Evaluate(Bands, Rows((35, 6), (70, 8), (95, 3)));

        Assert.Equal(17, report.Histogram!.Positives);
        Assert.Equal([false, true, false], report.Subgroups!.Partitions[0].Select(group => group.Sum is not null));
    }

    [Fact]
    public void Page_of_the_steward_says_which_subgroups_leave()
    {
        var page = StewardPage.Of(Pages.Facts(SmallStudy.Of(perSite: false, "[{feature: age, bands: [50], names: [young, old]}]")));

        Assert.Contains("by age (young, old). A subgroup with 1 to below 5 test rows", page.Item("Counts of scores by subgroup").Text, StringComparison.Ordinal);
    }

    private EvaluationReport Evaluate(string subgroups, ImmutableDictionary<string, DatasetSource> sources)
    {
        var study = SmallStudy.Of(perSite: false, subgroups);
        var step = new StepId(RunId.Parse("0123456789abcdef"), new RoundNumber(SmallStudy.Rounds), StepKind.Evaluation, 1);
        return EvaluationReport.Read(new SiteStepComputer(new CohortCache(() => DatasetMap.OfTables(sources), CohortCache.NoEvents, _secret), new TorchTrainer()).Compute(
            new StepRequest(study, SiteId.Parse("north"), step, PreprocessingConstants.Freeze(study, null).Canonical, new IncomingParameters([0.8f, -0.1f]), new ExclusionList(_secret, []), s_policy),
            TestContext.Current.CancellationToken).Payload.Span);
    }

    // Of each age so many test rows of each class.
    private ImmutableDictionary<string, DatasetSource> Rows(params (int Age, int Count)[] test)
    {
        var path = Path.Combine(_folder, "rows.csv");
        File.WriteAllLines(path,
        [
            "age,ill,part",
            .. Enumerable.Range(0, 40).Select(row => $"{30 + row},{row % 2},train"),
            .. test.SelectMany(group => Enumerable.Range(0, 2 * group.Count).Select(row => $"{group.Age + (row % 7)},{row % 2},test")),
        ]);
        return ImmutableDictionary<string, DatasetSource>.Empty.Add("rows", new DatasetSource(path, DatasetFormat.Csv, true, [], ',', [""]));
    }
}
