using System.Diagnostics;
using System.Globalization;
using FederatedClinicalMl.Cli;
using FederatedClinicalMl.Cli.Enrolment;
using FederatedClinicalMl.Cli.Launching;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Launching;

namespace FederatedClinicalMl.Tests.EndToEnd;

/// <summary>Four hospitals and what of the consortium's models comes onto their shelves, over real processes.</summary>
public class ServingFederation : TestFederation
{
    /// <summary>With a study of a yes or no.</summary>
    public ServingFederation()
        : this(Protocol)
    {
    }

    /// <summary>With another study.</summary>
    protected ServingFederation(string study)
        : base(study, ["cleveland", "hungarian", "switzerland", "va"])
    {
    }

    private const string Protocol = """
        protocol: 1
        name: served
        title: One round over generated rows
        purpose: Show how a model reaches the shelf
        ethics: Generated rows, nobody's
        data:
          dataset: heart-disease
          features:
            - {name: age, unit: a, range: [18, 110], missing: mean}
            - {name: oldpeak, unit: mm, range: [-5, 10], missing: mean}
          label: {name: num, above: 0}
          split: {test: 0.3, seed: 1}
        model: {kind: logistic-regression}
        training: {optimizer: sgd, learning-rate: 0.1, batch-size: 16, local-epochs: 2, seed: 1}
        federation: {rounds: 1, sites: [cleveland, hungarian, switzerland, va], quorum: 4, aggregation: plain}
        evaluation: {every: 1, gates: {baseline: 0, margin: 0.9, least-slope: 0, greatest-slope: 100, in-the-large: 1, ece: 1}}
        """;
}

/// <summary>The same, with pages.</summary>
public sealed class PagedFederation : ServingFederation
{
    protected override bool HasDashboard => true;
}

/// <summary>From a registered model to the shelf and back.</summary>
public sealed class ServingTests(ServingFederation fixture) : ServedLine(fixture), IClassFixture<ServingFederation>
{
    private LocalSite[] Allowed => [Site("cleveland"), Site("hungarian"), Site("va")];

    [Fact(Timeout = 300_000)]
    public async Task Model_reaches_the_shelf_of_those_who_allow_it_as_shadow_and_in_production_and_a_rollback_takes_it_off_everywhere()
    {
        await EnrolClinicianAsync();
        var (first, signer) = await RegisterAsync("1.0.0");
        await PromoteAsync("1.0.0", "staging");
        foreach (var site in Allowed)
            await site.WorkerVerbAsync(["models", "allow", Line, "--signer", signer, "--modes", "shadow,production"], Cancel);

        await PromoteAsync("1.0.0", "production");
        foreach (var site in Allowed)
            Assert.Equal(first, (await ShelfAsync(site, line => line?.Serves.Production is not null))!.Serves.Production!.Model);
        await StateAsync("switzerland", "not-allowed");
        Assert.Null(OnShelf(Site("switzerland")));

        // A shadow, and one site whose scoring withdraws it: then nobody goes on with it.
        var (second, _) = await RegisterAsync("1.0.1");
        await CompareAtSitesAsync();
        await PromoteAsync("1.0.1", "staging");
        await FcmlAsync("rollout", Line, "1.0.1", "--mode", "shadow", "--reason", "Try it");
        foreach (var site in Allowed)
            Assert.Equal(second, (await ShelfAsync(site, line => line?.Serves.Candidate is not null))!.Serves.Candidate!.Served.Model);
        Withdraw(Site("va"), second);
        foreach (var site in Allowed)
            await ShelfAsync(site, line => line?.Serves.Candidate is null);

        await PromoteAsync("1.0.1", "production");
        foreach (var site in Allowed)
            Assert.Equal(first, (await ShelfAsync(site, line => line?.Serves.Production?.Model == second))!.Serves.Fallback!.Model);
        await Site("switzerland").WorkerVerbAsync(["models", "allow", Line, "--signer", signer, "--modes", "production"], Cancel);
        await ShelfAsync(Site("switzerland"), line => line?.Serves.Fallback is not null);

        var watch = Stopwatch.StartNew();
        var shelves = Federation.Sites.Select(site => ShelfAsync(site, line => line?.Serves.Production?.Model == first)).ToArray();
        await FcmlAsync("rollback", Line, "1.0.1", "--reason", "Alarms on the ward");
        await Task.WhenAll(shelves);
        TestContext.Current.TestOutputHelper!.WriteLine(string.Create(CultureInfo.InvariantCulture, $"rollback on the shelves of {shelves.Length} sites after {watch.ElapsedMilliseconds} ms"));

        Assert.All(shelves, shelf => Assert.Null(shelf.Result!.Serves.Fallback));
        await StateAsync("switzerland", "on-shelf");
        Assert.Equal(0, await FcmlCommand.RunAsync(["models", "sites", Line, "--identity", Federation.AdminIdentity], TimeProvider.System));
        await Site("va").WorkerVerbAsync(["models", "stop", Line, "--reason", "Fire drill"], Cancel);
        Assert.Equal("Fire drill", OnShelf(Site("va"))!.Stopped);
        await Site("va").WorkerVerbAsync(["models", "forbid", Line], Cancel);
        Assert.Null(OnShelf(Site("va")));
    }

    // Two runs of one study give the same parameters, so that no site finds a difference. The gate goes by comparisons once as many sites tell them as the study's quorum.
    private async Task CompareAtSitesAsync()
    {
        string[] compare = ["models", "compare-at-sites", Line, "1.0.1", "--identity", Federation.AdminIdentity];
        await LetCompareAsync(Site("cleveland"));
        Assert.Equal(0, await FcmlCommand.RunAsync(compare, TimeProvider.System));
        Assert.Contains("1 of at least 4 sites told", (await GateAsync("1.0.1")).Sentence, StringComparison.Ordinal);
        foreach (var site in Federation.Sites)
            await LetCompareAsync(site);

        Assert.Equal(0, await FcmlCommand.RunAsync(compare, TimeProvider.System));

        var gate = await GateAsync("1.0.1");
        Assert.True(gate.Passed, gate.Sentence);
        Assert.StartsWith("AUROC differs from production's by 0.0000", gate.Sentence, StringComparison.Ordinal);
        Assert.Contains("random effects over 4 sites", gate.Sentence, StringComparison.Ordinal);
        Assert.Contains("on the sites' own test rows in run", gate.Sentence, StringComparison.Ordinal);
    }

    // As the scoring program does it: a file beside the shelf's half, renamed into place.
    private static void Withdraw(LocalSite site, Sha256Digest model)
    {
        var path = Path.Combine(Serving(site), ServingPaths.Withdrawal(model));
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path + ".tmp", new Withdrawal(Line, model, WithdrawalReason.Latency, DateTimeOffset.UnixEpoch.AddDays(20_000)).Write());
        File.Move(path + ".tmp", path);
    }

    // A site's word arrives after its shelf is written: it is asked for until it has.
    private async Task StateAsync(string site, string state)
    {
        string? said;
        do
        {
            var reply = await Federation.Admin.AskAsync(Federation.Admin.Stages.ListServingAsync(new ListServingRequest { Line = Line }, cancellationToken: Cancel), Cancel);
            said = reply.Sites.Single(known => known.Site == site).State;
        }
        while (said != state);
    }
}
