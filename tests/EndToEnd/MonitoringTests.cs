using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.EndToEnd;

/// <summary>
/// What a hospital's scoring saw, over real processes: day reports lie in its half of the shared folder, the steward allows weeks to be told, and what the coordinator hears is whole weeks, suppressed, each
/// part once, whatever outcomes come later.
/// </summary>
public sealed class MonitoringTests(ServingFederation fixture) : ServedLine(fixture), IClassFixture<ServingFederation>
{
    [Fact(Timeout = 300_000)]
    public async Task Weeks_are_told_as_the_steward_approved_and_the_same_again_after_more_outcomes()
    {
        var site = Site("cleveland");
        await EnrolClinicianAsync();
        var (model, signer) = await RegisterAsync("1.0.0");
        await PromoteAsync("1.0.0", "staging");
        await PromoteAsync("1.0.0", "production");
        await site.WorkerVerbAsync(["models", "allow", Line, "--signer", signer, "--modes", "production"], Cancel);
        await ShelfAsync(site, line => line?.Serves.Production is not null);
        await HeardAsync(site.Name);
        var study = StudyChecker.CheckCanonical(await File.ReadAllBytesAsync(Path.Combine(Serving(site), ServingPaths.Model(model), ModelFileNames.Study), Cancel)).Study!;
        var today = DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime);
        var (old, recent) = (ReportSchedule.Weekly.WindowOf(today.AddDays(-60)), ReportSchedule.Weekly.WindowOf(today.AddDays(-20)));
        Write(site.Name, study, model, old.From, rows: 18, known: 12);
        Write(site.Name, study, model, old.To, rows: 18, known: 12);
        Write(site.Name, study, model, recent.From, rows: 18, known: 12);

        await FcmlAsync("observe", Line);
        Assert.Equal("not-scheduled", Assert.Single((await MonitoringAsync()).Sites).Withheld);

        await site.WorkerVerbAsync(["models", "allow", Line, "--signer", signer, "--modes", "production", "--report", "weekly"], Cancel);
        await FcmlAsync("observe", Line);
        var first = await MonitoringAsync();
        Write(site.Name, study, model, old.From, rows: 18, known: 14);
        await FcmlAsync("observe", Line);
        var second = await MonitoringAsync();

        var told = Assert.Single(SiteMonitoring.Read(study, first.Monitoring.Span).Sites);
        Assert.Equal(("cleveland", ReportSchedule.Weekly), (told.Site.Value, told.Report.Schedule));
        Assert.Equal([old, recent], told.Report.Windows.Select(window => window.Window));
        Assert.Equal([36L, 18L], told.Report.Windows.Select(window => window.Usage!.Answered));
        Assert.Equal(24, told.Report.Windows[0].Outcomes!.Scores is { } scores ? scores.Positives + scores.Negatives : 0);
        Assert.Null(told.Report.Windows[1].Outcomes); // it waits 30 days for them
        Assert.True(told.Report.Fits(5));
        Assert.NotEqual(first.Sites[0].Run, second.Sites[0].Run);
        Assert.Equal(first.Monitoring, second.Monitoring);
        await FcmlAsync("monitoring", Line);
    }

    // The order's state has come to the coordinator, which asks those who serve.
    private async Task HeardAsync(string site)
    {
        while (true)
        {
            var reply = await Federation.Admin.AskAsync(Federation.Admin.Stages.ListServingAsync(new ListServingRequest { Line = Line }, cancellationToken: Cancel), Cancel);
            if (reply.Sites.Any(known => known.Site == site && known.State == ServingState.OnShelf.Word()))
                return;
        }
    }

    private async Task<GetMonitoringReply> MonitoringAsync() =>
        await Federation.Admin.AskAsync(Federation.Admin.Stages.GetMonitoringAsync(new GetMonitoringRequest { Line = Line }, cancellationToken: Cancel), Cancel);

    // As the scoring program writes it: half the rows score high, and of the first so many it is known what came of them.
    private void Write(string site, Study study, Sha256Digest model, DateOnly day, int rows, int known)
    {
        var version = new ModelVersion(1, 0, 0);
        var report = new DayReport(Line, version, model, day, study);
        float[] values = [.. study.Data.Features.Select(feature => (float)(feature.Type == FeatureType.Number ? (feature.Minimum + feature.Maximum) / 2 : feature.Levels[0]))];
        for (var i = 0; i < rows; i++)
        {
            var logit = i % 2 == 0 ? 1.1f : -1.1f;
            report.CountAnswer(logit, null, TimeSpan.FromMilliseconds(1), values);
            if (i < known)
                report.CountOutcome(logit, i % 2 == 0, SubgroupIndex.Of(study, values));
        }

        var disk = new FileDisk(Serving(Site(site)));
        disk.CreateDirectory(ServingPaths.Reports(Line, version));
        DurableFile.Write(disk, ServingPaths.Report(Line, version, day), report.Write());
    }
}
