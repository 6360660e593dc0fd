using FederatedClinicalMl.Cli;
using FederatedClinicalMl.Cli.Launching;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Launching;
using Xunit.Sdk;
using Verdict = FederatedClinicalMl.Protos.Federation.StudyVerdict.Types.State;

namespace FederatedClinicalMl.Tests.EndToEnd;

/// <summary>Real processes over mutual TLS; the workers in empty network namespaces where this account may make them.</summary>
public sealed class FederationTests(TestFederation fixture) : IClassFixture<TestFederation>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private LocalFederation Federation => fixture.Federation;

    [Fact]
    public async Task Run_over_two_hospitals_ends_in_a_registered_model_whose_rounds_name_both()
    {
        var run = await Federation.StartRunAsync(fixture.Digest, Cancel);

        var state = (await fixture.FollowAsync(run)).State;

        Assert.Equal(RunStatus.Registered, state.Status);
        Assert.Equal(6, state.History.Count); // preparation, training and evaluation of two rounds, and per-site metrics
        Assert.All(state.History, step => Assert.Equal(["cleveland", "hungarian"], step.Participants.Select(site => site.Value)));
        var models = await Federation.Admin.AskAsync(admin => admin.ListModelsAsync(new ListModelsRequest(), cancellationToken: Cancel), Cancel);
        Assert.Single(models.Models, model => model.Run == run && model.Digest == state.Model.ToString());
    }

    [Fact]
    public async Task Site_tells_metrics_of_its_own_only_where_its_policy_releases_them_and_a_replay_finds_all_results_equal()
    {
        var run = await Federation.StartRunAsync(fixture.Digest, Cancel);

        var view = await fixture.FollowAsync(run);

        Assert.Equal(RunStatus.Registered, view.State.Status);
        Assert.Equal(
            [("cleveland", null), ("hungarian", Withholding.Policy)],
            view.SiteMetrics!.Sites.Select(item => (item.Site.Value, item.Report.Withheld)));
        Assert.InRange(view.SiteMetrics.Sites[0].Report.Metrics!.Auroc!.Value, 0.01, 1);
        Assert.Equal(0, await FcmlCommand.RunAsync(["replay", run, "--data", fixture.Data, "--identity", Federation.AdminIdentity], TimeProvider.System));
    }

    [Fact]
    public async Task Steward_is_shown_what_the_policy_does_with_per_site_metrics_and_what_would_leave()
    {
        foreach (var (site, says, payload) in new[] { (Federation.Sites[0], "the policy releases them", "\"withheld\":null"), (Federation.Sites[1], "the policy withholds them", "\"withheld\":\"policy\"") })
        {
            await site.WorkerVerbAsync(["studies", "preview", fixture.Digest], Cancel);

            var said = await File.ReadAllTextAsync(Path.Combine(Federation.Logs, $"{site.Name}-studies.log"), Cancel);
            Assert.Contains(says, said, StringComparison.Ordinal);
            Assert.Contains("per-site metrics, ", said, StringComparison.Ordinal);
            Assert.Contains(payload, said, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Worker_has_no_network_interface_but_an_idle_loopback_and_a_whole_run_passes()
    {
        if (!TestFederation.WithoutNetwork)
            Assert.Skip("Making a network namespace needs root and util-linux's unshare.");
        foreach (var site in Federation.Sites)
        {
            // /proc/PID/net is what that process's namespace sees.
            var interfaces = (await File.ReadAllLinesAsync($"/proc/{site.Worker!.Id}/net/dev", Cancel)).Skip(2).Select(line => line.Split(':')[0].Trim());
            Assert.Equal(["lo"], interfaces);
            foreach (var table in (string[])["tcp", "tcp6", "udp", "udp6"])
                Assert.Single(await File.ReadAllLinesAsync($"/proc/{site.Worker.Id}/net/{table}", Cancel)); // the header: no socket at all
        }

        var state = (await fixture.FollowAsync(await Federation.StartRunAsync(fixture.Digest, Cancel))).State;

        Assert.Equal(RunStatus.Registered, state.Status);
    }

    [Fact]
    public async Task Study_that_no_site_approved_is_not_run_and_the_admin_is_told_who_is_missing()
    {
        var digest = await SubmitAsync(TestFederation.Study.Replace("name: two-rounds", "name: unapproved", StringComparison.Ordinal));

        var refused = await Assert.ThrowsAsync<CliException>(() => Federation.StartRunAsync(digest, Cancel));

        Assert.Equal(ExitCode.Refused, refused.Code);
        Assert.Contains("SITES_NOT_READY", refused.Message, StringComparison.Ordinal);
        Assert.Contains("2 sites are needed", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Approval_of_a_digest_that_differs_in_one_digit_is_refused_at_the_site()
    {
        var digest = await SubmitAsync(TestFederation.Study.Replace("name: two-rounds", "name: one-digit", StringComparison.Ordinal));
        await VerdictsAsync(digest, verdict => verdict.State == Verdict.Pending);
        var wrong = digest[..^1] + (digest[^1] == '0' ? '1' : '0');

        var refused = await Assert.ThrowsAsync<CliException>(() => Federation.Sites[0].ApproveAsync(wrong, "", Cancel));

        Assert.Contains("exit code 1", refused.Message, StringComparison.Ordinal);
        Assert.Equal(Verdict.Pending, (await VerdictsAsync(digest, _ => true)).Single(verdict => verdict.Site == Federation.Sites[0].Name).State);
    }

    [Fact]
    public async Task Study_beyond_the_policy_is_refused_with_the_reason_before_steward_and_admin()
    {
        var digest = await SubmitAsync(TestFederation.Study
            .Replace("name: two-rounds", "name: beyond-policy", StringComparison.Ordinal).Replace("rounds: 2", "rounds: 6000", StringComparison.Ordinal));

        var verdicts = await VerdictsAsync(digest, verdict => verdict.State != Verdict.Unspecified);

        Assert.All(verdicts, verdict => Assert.Equal((Verdict.Refused, SiteReason.StudyBeyondPolicy), (verdict.State, verdict.Reason)));
        await Federation.Sites[0].WorkerVerbAsync(["studies", "show", digest], Cancel);
        Assert.Contains("maximum-rounds", await File.ReadAllTextAsync(Path.Combine(Federation.Logs, $"{Federation.Sites[0].Name}-studies.log"), Cancel), StringComparison.Ordinal);
        await Assert.ThrowsAsync<CliException>(() => Federation.Sites[0].ApproveAsync(digest, "", Cancel));
    }

    [Fact]
    public async Task Approved_study_that_changed_by_one_byte_is_refused_with_the_reason_before_steward_and_admin_until_it_is_whole_again()
    {
        var yaml = TestFederation.Study.Replace("name: two-rounds", "name: one-byte", StringComparison.Ordinal);
        var digest = await Federation.ApproveEverywhereAsync(yaml, StudyChecker.CheckYaml(yaml).Study!, Cancel);
        var site = Federation.Sites[0];
        await site.Worker!.KillAsync();
        var file = Path.Combine(site.WorkerFolder, "studies", $"{digest}.json");
        var changed = await File.ReadAllTextAsync(file, Cancel);
        await File.WriteAllTextAsync(file, changed.Replace("one-byte", "one-bite", StringComparison.Ordinal), Cancel);

        await site.StartWorkerAsync(Cancel);

        var verdicts = await VerdictsAsync(digest, verdict => verdict.Site != site.Name || verdict.State == Verdict.Refused);
        Assert.Equal(SiteReason.StudyDigestWrong, verdicts.Single(verdict => verdict.Site == site.Name).Reason);
        var refused = await Assert.ThrowsAsync<CliException>(() => Federation.StartRunAsync(digest, Cancel));
        Assert.Contains("SITES_NOT_READY", refused.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<CliException>(() => site.WorkerVerbAsync(["studies", "show", digest], Cancel));
        Assert.Contains("STUDY_DIGEST_WRONG", await File.ReadAllTextAsync(Path.Combine(Federation.Logs, $"{site.Name}-studies.log"), Cancel), StringComparison.Ordinal);

        await site.Gateway!.KillAsync();
        await site.StartGatewayAsync(Cancel);

        await VerdictsAsync(digest, verdict => verdict.State == Verdict.Approved);
        Assert.Equal(changed, await File.ReadAllTextAsync(file, Cancel));
        await site.WorkerVerbAsync(["studies", "show", digest], Cancel);
    }

    [Fact]
    public async Task Audit_verify_finds_a_flipped_byte()
    {
        var site = Federation.Sites[1];
        Assert.StartsWith("intact", await site.VerifyAuditAsync(Cancel), StringComparison.Ordinal);
        var log = Path.Combine(site.WorkerFolder, "audit.log");
        var whole = await File.ReadAllBytesAsync(log, Cancel);
        var flipped = (byte[])whole.Clone();
        flipped[whole.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(log, flipped, Cancel);

        var broken = await Assert.ThrowsAsync<CliException>(() => site.VerifyAuditAsync(Cancel));

        await File.WriteAllBytesAsync(log, whole, Cancel);
        Assert.Contains("BROKEN", broken.Message, StringComparison.Ordinal);
        Assert.StartsWith("intact", await site.VerifyAuditAsync(Cancel), StringComparison.Ordinal);
    }

    private Task<string> SubmitAsync(string yaml) =>
        Cli.Studies.SubmitVerb.SubmitAsync(Federation.Admin, yaml, StudyChecker.CheckYaml(yaml).Study ?? throw new XunitException($"{StudyChecker.CheckYaml(yaml).Faults[0]}"), Cancel);

    private async Task<IReadOnlyList<SiteVerdict>> VerdictsAsync(string digest, Func<SiteVerdict, bool> wanted)
    {
        var summaries = Federation.Admin.ReadAsync(admin => admin.WatchStudy(new WatchStudyRequest { Digest = digest }, cancellationToken: Cancel), Cancel);
        await foreach (var summary in summaries)
        {
            if (summary.Verdicts.All(wanted))
                return summary.Verdicts;
        }

        throw new XunitException("The watch of the study ended.");
    }
}
