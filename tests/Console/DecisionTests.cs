using System.Net;
using FederatedClinicalMl.Protos.Steward;

namespace FederatedClinicalMl.Tests.StewardConsole;

public sealed class DecisionTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Approval_sends_the_whole_digest_that_was_displayed_in_the_name_of_the_account()
    {
        await using var running = await RunningConsole.StartAsync();
        using var browser = await running.SignedInAsync();
        var path = $"studies/{SeededWorker.Pending}";
        Assert.Contains($"<p class=\"digest\">{SeededWorker.Pending}</p>", await running.ReadAsync(browser, path), StringComparison.Ordinal);

        using var reply = await running.SendAsync(browser, path, "studies/approve", ("note", "ethics board 2026/31"));

        Assert.Equal(HttpStatusCode.SeeOther, reply.StatusCode);
        Assert.Equal(new DecisionRequest { Digest = SeededWorker.Pending, Steward = Environment.UserName, Note = "ethics board 2026/31" }, running.Worker.Single<DecisionRequest>());
        Assert.Contains("sepsis-onset is approved", await running.ReadAsync(browser, ""), StringComparison.Ordinal);
        Assert.DoesNotContain("sepsis-onset is approved", await running.ReadAsync(browser, ""), StringComparison.Ordinal); // it is said once
    }

    [Fact]
    public async Task Each_decision_is_one_call_about_exactly_what_the_page_showed()
    {
        await using var running = await RunningConsole.StartAsync();
        using var browser = await running.SignedInAsync();
        var (me, worker) = (Environment.UserName, running.Worker);

        await DoAsync($"studies/{SeededWorker.Approved}", "studies/revoke", ("note", "n"));
        Assert.Equal(new DecisionRequest { Digest = SeededWorker.Approved, Steward = me, Note = "n" }, worker.Single<DecisionRequest>());
        await DoAsync($"studies/{SeededWorker.Approved}/profile", "profiles/approve");
        Assert.Equal(new ProfileDecision { Study = SeededWorker.Approved, Profile = SeededWorker.ProfileDigest, Steward = me }, worker.Single<ProfileDecision>());
        await DoAsync("members", "members/confirm", ("fingerprint", "as heard"));
        Assert.Equal(new ConfirmMemberRequest { Site = "lund", Fingerprint = "as heard", Steward = me }, worker.Single<ConfirmMemberRequest>());
        await DoAsync("mappings/ehr", "mappings/approve");
        Assert.Equal(new MappingDecision { Dataset = "ehr", Digest = SeededWorker.MappingDigest, Steward = me }, worker.Single<MappingDecision>());
        await DoAsync("models", "models/allow", ("signer", SeededWorker.Signer), ("mode", "shadow"), ("mode", "canary"), ("report", "weekly"), ("outcomes-after", "60"));
        Assert.Equal(new AllowServingRequest { Line = "heart-disease", Signer = SeededWorker.Signer, Steward = me, Modes = { "shadow", "canary" }, Report = "weekly", OutcomesAfter = 60 }, worker.Single<AllowServingRequest>());
        await DoAsync("models", "models/stop", ("note", "odd scores"));
        await DoAsync("models", "models/resume");
        await DoAsync("models", "models/forbid");
        Assert.Equal(
            [("stop", new ServingDecision { Line = "heart-disease", Steward = me, Note = "odd scores" }), ("resume", new ServingDecision { Line = "bleeding", Steward = me }), ("forbid", new ServingDecision { Line = "heart-disease", Steward = me })],
            worker.Asked.OfType<(string, ServingDecision)>());

        async Task DoAsync(string page, string action, params (string, string)[] fields)
        {
            using var reply = await running.SendAsync(browser, page, action, fields);
            Assert.Equal(HttpStatusCode.SeeOther, reply.StatusCode);
        }
    }

    [Fact]
    public async Task Keys_that_are_to_be_compared_are_typed_in_and_never_filled_in_from_what_the_coordinator_says()
    {
        await using var running = await RunningConsole.StartAsync();
        using var browser = await running.SignedInAsync();
        foreach (var (page, action, field, known) in ((string, string, string, string)[])[("members", "members/confirm", "fingerprint", SeededWorker.Lund), ("models", "models/allow", "signer", SeededWorker.Signer)])
        {
            var form = RunningConsole.FormTo(await running.ReadAsync(browser, page), action);
            Assert.Matches($"<input [^>]*name=\"{field}\"", form);
            Assert.DoesNotMatch($"<input [^>]*name=\"{field}\"[^>]* value=", form);
            Assert.DoesNotContain(known[..8], form.Replace(" ", "", StringComparison.Ordinal), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Page_that_the_worker_refuses_says_so_in_its_own_sentence()
    {
        await using var running = await RunningConsole.StartAsync();
        using var browser = await running.SignedInAsync();
        running.Worker.Refusal = "Beyond this site's policy (rounds): 900 rounds, of at most 40 & <more>.";

        var refused = await running.ReadAsync(browser, $"studies/{SeededWorker.Pending}");
        Assert.Contains("900 rounds, of at most 40 &amp; &lt;more&gt;.", refused, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Decision_that_the_worker_refuses_is_shown_as_refused_in_its_own_sentence()
    {
        await using var running = await RunningConsole.StartAsync();
        using var browser = await running.SignedInAsync();
        var page = await running.ReadAsync(browser, "models");
        var token = System.Text.RegularExpressions.Regex.Match(page, "name=\"form-token\" value=\"([^\"]*)\"").Groups[1].Value;
        running.Worker.Refusal = "The log is broken: 'audit.log', entry 7.";
        using var content = new FormUrlEncodedContent([KeyValuePair.Create("form-token", token), KeyValuePair.Create("line", "heart-disease"), KeyValuePair.Create("note", "odd")]);

        using var reply = await browser.PostAsync(new Uri(running.Home, "models/stop"), content, Stop);

        Assert.Equal(HttpStatusCode.Conflict, reply.StatusCode);
        Assert.Contains("The log is broken: &#x27;audit.log&#x27;, entry 7.", await reply.Content.ReadAsStringAsync(Stop), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Worker_that_does_not_answer_is_said_on_every_page_with_what_to_do()
    {
        await using var running = await RunningConsole.StartAsync(hasWorker: false);
        using var browser = await running.SignedInAsync();
        foreach (var page in (string[])["", "members", "left", "ledger", "data", "quality/ehr", "mappings/ehr", "drift", "models", $"studies/{SeededWorker.Pending}", $"studies/{SeededWorker.Pending}/preview", $"studies/{SeededWorker.Pending}/profile"])
            Assert.Contains("The worker does not answer on its steward socket", await running.ReadAsync(browser, page), StringComparison.Ordinal);
    }
}
