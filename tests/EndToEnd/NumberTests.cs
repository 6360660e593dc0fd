using FederatedClinicalMl.Cli;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.EndToEnd;

/// <summary>Four hospitals and a study that predicts a number.</summary>
public sealed class NumberFederation() : ServingFederation("""
    protocol: 1
    name: served
    title: One round over generated rows
    purpose: Show how a model of a number is served
    ethics: Generated rows, nobody's
    data:
      dataset: heart-disease
      features:
        - {name: age, unit: a, range: [18, 110], missing: mean}
        - {name: oldpeak, unit: mm, range: [-5, 10], missing: mean}
      label: {name: thalach, unit: "{beats}/min", range: [40, 230], constants: {mean: 145, sd: 25}}
      split: {test: 0.3, seed: 1}
    model: {kind: linear-regression}
    training: {optimizer: sgd, learning-rate: 0.05, batch-size: 16, local-epochs: 4, seed: 1}
    federation: {rounds: 2, sites: [cleveland, hungarian, switzerland, va], quorum: 4}
    evaluation: {every: 1, per-site: true, subgroups: [{feature: age, bands: [55]}], error-gates: {baseline: -1, bias: 1, greatest-error: 60, subgroup-gap: 60}}
    """);

/// <summary>
/// The life of a model of a number, over real processes: trained under masks, gated by its errors, compared with the one in production on the hospitals' rows, promoted, answering in its unit, taken back by the
/// site where it turns out far off, and its errors told in whole weeks.
/// </summary>
public sealed class NumberTests(NumberFederation fixture) : ServedLine(fixture), IClassFixture<NumberFederation>
{
    [Fact(Timeout = 300_000)]
    public async Task Model_of_a_number_is_trained_gated_served_taken_back_and_its_errors_are_told()
    {
        var site = Site("cleveland");
        await EnrolClinicianAsync();
        foreach (var each in Federation.Sites)
            await LetCompareAsync(each);
        var (first, signer) = await RegisterAsync("1.0.0");
        Assert.True((await GateAsync("1.0.0", "r2")).Passed, (await GateAsync("1.0.0", "r2")).Sentence);
        Assert.True((await GateAsync("1.0.0", "mean-absolute-error")).Passed, (await GateAsync("1.0.0", "mean-absolute-error")).Sentence);
        await PromoteAsync("1.0.0", "staging");
        await PromoteAsync("1.0.0", "production");
        await site.WorkerVerbAsync(["models", "allow", Line, "--signer", signer, "--modes", "canary,production", "--report", "weekly"], Cancel);
        await using var scoring = await RunningScoring.StartAsync(Federation, site.Name, Serving(site), Line);
        await scoring.LoadedAsync("production", "1.0.0");
        var before = await scoring.ScoreAsync();
        Assert.All(before, answer => Assert.Equal(("1.0.0", first.ToString()), (answer.Version, answer.Model)));
        Assert.All(before, answer => Assert.InRange(answer.Score, 100, 200)); // heart rates, and no probabilities

        // Two runs of one study give the same parameters, so that no site finds a difference.
        await RegisterAsync("1.0.1");
        Assert.Equal(0, await FcmlCommand.RunAsync(["models", "compare-at-sites", Line, "1.0.1", "--identity", Federation.AdminIdentity], TimeProvider.System));
        var gate = await GateAsync("1.0.1");
        Assert.True(gate.Passed, gate.Sentence);
        Assert.StartsWith("Mean absolute error differs from production's", gate.Sentence, StringComparison.Ordinal);
        Assert.Contains("random effects over 4 sites", gate.Sentence, StringComparison.Ordinal);

        // What it predicts turns out to be far off.
        await PromoteAsync("1.0.1", "staging");
        foreach (var percent in new[] { 5, 25, 50, 100 })
            await LetInAsync("1.0.1", RolloutMode.Canary, percent, "Next step");
        await scoring.LoadedAsync("canary", "1.0.1", 100);
        var wrong = await scoring.ScoreAsync();
        Assert.All(wrong, answer => Assert.Equal("1.0.1", answer.Version));
        await scoring.TellAsync(wrong.Select(answer => (answer, 40.0)));
        Assert.Equal(before.Select(answer => answer.Seen), (await scoring.ScoreAsync()).Select(answer => answer.Seen));
        await ShelfAsync(site, line => line?.Serves.Candidate is null);
        var told = await Federation.Admin.AskAsync(Federation.Admin.Stages.ListServingAsync(new ListServingRequest { Line = Line }, cancellationToken: Cancel), Cancel);
        Assert.Equal(("cleveland", "1.0.1"), (Assert.Single(told.Withdrawals).Site, told.Withdrawals[0].Version));

        // A week of which outcomes are known is told as errors in its unit.
        var study = StudyChecker.CheckCanonical(await File.ReadAllBytesAsync(Path.Combine(Serving(site), ServingPaths.Model(first), ModelFileNames.Study), Cancel)).Study!;
        var week = ReportSchedule.Weekly.WindowOf(DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime).AddDays(-60));
        Write(site.Name, study, first, week.From, rows: 20);
        await FcmlAsync("observe", Line);
        var window = Assert.Single(Assert.Single(SiteMonitoring.Read(study, (await MonitoringAsync()).Monitoring.Span).Sites).Report.Windows);
        var errors = window.Outcomes!.Number!.Metrics;
        Assert.Equal((20, 5.0), (errors.Rows, Math.Round(errors.MeanAbsoluteError!.Value.Value, 3)));
        await FcmlAsync("monitoring", Line);
    }

    private async Task<GetMonitoringReply> MonitoringAsync() =>
        await Federation.Admin.AskAsync(Federation.Admin.Stages.GetMonitoringAsync(new GetMonitoringRequest { Line = Line }, cancellationToken: Cancel), Cancel);

    // As the scoring program writes it: predictions of 150 of which every one is off by 5.
    private void Write(string site, Study study, Sha256Digest model, DateOnly day, int rows)
    {
        var version = new ModelVersion(1, 0, 0);
        var report = new DayReport(Line, version, model, day, study);
        float[] values = [50, 1];
        for (var i = 0; i < rows; i++)
        {
            report.CountAnswer(150, null, TimeSpan.FromMilliseconds(1), values);
            report.CountOutcome(150, i % 2 == 0 ? 145.0 : 155, SubgroupIndex.Of(study, values));
        }

        var disk = new FileDisk(Serving(Site(site)));
        disk.CreateDirectory(ServingPaths.Reports(Line, version));
        DurableFile.Write(disk, ServingPaths.Report(Line, version, day), report.Write());
    }
}
