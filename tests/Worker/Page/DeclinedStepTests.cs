using System.Globalization;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Worker.Computing;
using FederatedClinicalMl.Tests.Worker.Policies;
using static FederatedClinicalMl.Tests.Worker.Computing.PrivateStudies;
using Kind = FederatedClinicalMl.Protos.WorkerPort.StepOrder.Types.Kind;

namespace FederatedClinicalMl.Tests.Worker.Page;

/// <summary>What this site refused is in its log, and the page explains it.</summary>
public sealed class DeclinedStepTests : IDisposable
{
    private readonly Patients _patients = new(training: 20, negatives: 6, positives: 6);
    private readonly Study _study = Of(Dp, rounds: 10, every: 10);
    private readonly Site _site;

    public DeclinedStepTests()
    {
        _site = new Site(computer: _patients.Computer()) { Policy = Allowing(20), Datasets = "datasets: {test: {path: rows.csv, format: csv}}" };
        _site.Approve(_study);
    }

    public void Dispose()
    {
        _site.Dispose();
        _patients.Dispose();
    }

    /// <summary>Shows 6: the ceiling is lowered in the middle of a run, and the steward's page explains what the site did, also after a restart.</summary>
    [Fact]
    public void Site_at_its_ceiling_refuses_round_8_of_10_and_the_page_explains_it()
    {
        for (var round = 1; round <= 7; round++)
            _site.Release(Round(round));
        _site.Policy = Allowing(0.5);
        Assert.Equal(Reason.PrivacyBudgetSpent, _site.Decline(Round(8)));
        Assert.Equal(Reason.PrivacyBudgetSpent, _site.Decline(Round(9)));
        _site.Restart();

        var page = Page();

        Assert.Matches(
            $@"^This hospital refused round 8 of 10 \(its update\) of run {Site.Run} at 2026-11-24 08:00:00Z, because a ceiling of its privacy ledger would have been exceeded\. "
            + @"The population 'test' has spent epsilon \d\.\d+ of 0\.5 at delta 1e-6 \(privacy\.total in policy\.yaml\); this costs 0\.\d+ by itself and would make it \d\.\d+\. .*For the same reason it refused 1 later step of the run\.$",
            page.Item("Refused").Text);
        Assert.True(page.Item("Refused").Attention);
        Assert.StartsWith("Answered 7 of 10 rounds, from 2026-11-24 08:00:00Z to 2026-11-24 08:00:00Z: 7 times its update; ", page.Item($"Run {Site.Run}").Text, StringComparison.Ordinal);
        Assert.Contains("7 releases charged to the ledger, 4 charges still reserved", page.Item($"Run {Site.Run}").Text, StringComparison.Ordinal);
        Assert.True(page.Item("All studies, for ever").Attention);
    }

    [Fact]
    public void Refusal_is_logged_once_for_each_step_and_reason_and_what_is_no_decision_of_the_site_is_not()
    {
        _site.Policy = PolicyText.With("privacy", "none");
        foreach (var order in (StepOrder[])[Round(1), Round(1), Order(_site, Kind.Training, attempt: 2, study: _study), Order(_site, Kind.Evaluation, 3, study: _study)])
            _site.Core.Perform(order);
        _site.Policy = "not a policy";
        _site.Core.Perform(Round(1));

        var logged = _site.Entries.Where(entry => (string)entry["kind"]! == WorkerEntries.StepDeclined).Select(entry => ((string)entry["body"]!["step"]!, (string)entry["body"]!["reason"]!));
        Assert.Equal([($"{Site.Run}.1.training.1", "StudyBeyondPolicy"), ($"{Site.Run}.1.training.2", "StudyBeyondPolicy"), ($"{Site.Run}.3.evaluation.1", "StudyBeyondPolicy")], logged);

        var (before, unknown) = (_site.LogFile, Order(_site, Kind.Training, study: AnotherStudy()));
        Assert.Equal(Reason.StudyNotApproved, _site.Decline(unknown));
        Assert.Equal(Reason.RoundOutOfOrder, Out());
        Assert.Equal(before, _site.LogFile);

        Reason Out()
        {
            _site.Policy = Allowing(20);
            return _site.Decline(Round(11));
        }

        Study AnotherStudy() => Of(Dp, rounds: 4);
    }

    [Fact]
    public void Coordinator_that_orders_without_end_does_not_fill_the_log_and_the_page_says_that_more_was_refused()
    {
        _site.Policy = PolicyText.With("privacy", "none");
        for (var attempt = 1; attempt <= DeclinedStep.MostOfStudy + 5; attempt++)
            _site.Core.Perform(Order(_site, Kind.Training, attempt: attempt, study: _study));

        Assert.Equal(DeclinedStep.MostOfStudy, _site.Kinds.Count(kind => kind == WorkerEntries.StepDeclined));
        Assert.StartsWith($"After {DeclinedStep.MostOfStudy} of a study", Page().Item("More refusals").Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Disk_that_is_full_keeps_nobody_from_refusing()
    {
        _site.Policy = PolicyText.With("privacy", "none");
        _site.Disk.Capacity = _site.Disk.Used;

        Assert.Equal(Reason.StudyBeyondPolicy, _site.Decline(Round(1)));

        _site.Disk.Capacity = null;
        _site.Restart();
        Assert.Empty(_site.Core.State.Declined);
        Assert.True(_site.Core.VerifyLog().Intact);
    }

    /// <summary>A sentence may quote names of the study's: what is logged is what the next start reads.</summary>
    [Fact]
    public void Refusal_with_an_endless_sentence_is_logged_so_that_it_can_be_read()
    {
        var computer = new Refusing(new string('x', DeclinedStep.LongestSentence - 1) + "\U0001F600 and so on");
        using var site = new Site(computer: computer);
        site.Approve();

        Assert.Equal(Reason.DataUnfit, site.Decline(Site.Order()));
        site.Restart();

        Assert.Null(site.Core.Broken);
        Assert.Equal(new string('x', DeclinedStep.LongestSentence - 1), site.Core.State.Declined[Site.Study.Digest].Single().Sentence);
    }

    [Fact]
    public void Approval_takes_down_the_page_that_there_was_to_read_and_the_page_says_so_afterwards()
    {
        var another = Of(Dp, rounds: 4);
        _site.Core.Offer(Site.OfferOf(another));
        var read = Page(another).Digest;

        _site.Core.Approve(another.Digest, "grace", "", read);
        _site.Restart();

        Assert.Equal(read.ToString(), (string)_site.Entries[^1]["body"]!["page"]!);
        Assert.EndsWith($"This page then had the SHA-256 {read}.", Page(another).Item("Decision").Text, StringComparison.Ordinal);
        Assert.DoesNotContain("SHA-256", Page().Item("Decision").Text, StringComparison.Ordinal); // approved by the log of a version that had no page
    }

    private static string Allowing(double total) => PolicyText.With("privacy", string.Create(CultureInfo.InvariantCulture, $"{{total: {{epsilon: {total}, delta: 1e-6}}, study: {{epsilon: 20, delta: 1e-6}}, year: {{epsilon: 20, delta: 1e-6}}}}"));

    private StewardPage Page(Study? study = null)
    {
        var asked = study ?? _study;
        var members = new MemberDesk(_site.Core, new WorkerIdentity(Site.Name, _site.Key, Site.Secret, "1.0.0"));
        return new PageDesk(_site.Core, members, Site.Name, () => DatasetMap.Read(_site.Datasets, "/srv")).Of(_site.Core.State.Studies[asked.Digest], asked);
    }

    private StepOrder Round(int round) => Order(_site, Kind.Training, round, study: _study);

    private sealed class Refusing(string sentence) : IStepComputer
    {
        public StepComputation Compute(StepRequest request, CancellationToken cancel) => throw new StepDeclinedException(Reason.DataUnfit, sentence);
    }
}
