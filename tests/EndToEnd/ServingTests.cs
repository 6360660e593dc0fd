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
public sealed class ServingFederation() : TestFederation(Protocol, ["cleveland", "hungarian", "switzerland", "va"])
{
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

/// <summary>From a registered model to the shelf and back.</summary>
public sealed class ServingTests(ServingFederation fixture) : IClassFixture<ServingFederation>
{
    private const string Line = "served";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private LocalFederation Federation => fixture.Federation;

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

    private LocalSite Site(string name) => Federation.Sites.Single(site => site.Name == name);

    private string Clinician => Path.Combine(Federation.Folder, "clinician");

    private async Task EnrolClinicianAsync()
    {
        var subject = new Subject { Kind = Subject.Types.Kind.Person, Role = Subject.Types.Role.Clinician, Name = "grace" };
        var reply = await Federation.Admin.AskAsync(admin => admin.InviteAsync(new InviteRequest { Subject = subject, ValidHours = 1 }, cancellationToken: Cancel), Cancel);
        using var identity = await EnrolCommand.RedeemAsync(reply.Invitation, Clinician, TimeProvider.System, Cancel);
    }

    // A run of the study, its model as a version; and the key that has signed it, as an admin reads it out.
    private async Task<(Sha256Digest Model, string Signer)> RegisterAsync(string version)
    {
        var state = (await fixture.FollowAsync(await Federation.StartRunAsync(fixture.Digest, Cancel))).State;
        Assert.Equal(RunStatus.Registered, state.Status);
        var model = state.Model!.Value;
        await FcmlAsync("confirm", model.ToString(), "--as", version);
        var manifest = ModelManifest.Read(await File.ReadAllBytesAsync(Path.Combine(Federation.CoordinatorFolder, "models", model.ToString(), ModelFileNames.Manifest), Cancel));
        return (model, manifest.Key.Fingerprint.ToString());
    }

    private async Task PromoteAsync(string version, string to)
    {
        await FcmlAsync("promote", Line, version, "--to", to);
        foreach (var identity in new[] { Federation.AdminIdentity, Clinician })
            await FcmlAsync(identity, "agree", Line, version, "--to", to, "--reason", "Looked at it");
    }

    private Task FcmlAsync(params string[] words) => Path.IsPathRooted(words[0]) ? RunAsync(words[1..], words[0]) : RunAsync(words, Federation.AdminIdentity);

    private static async Task RunAsync(string[] words, string identity) => Assert.Equal(0, await FcmlCommand.RunAsync(["models", .. words, "--identity", identity], TimeProvider.System));

    private static string Serving(LocalSite site) => Path.Combine(site.WorkerFolder, "serving");

    private static ShelfLine? OnShelf(LocalSite site) => File.Exists(Path.Combine(Serving(site), ServingPaths.Shelf))
        ? Shelf.Read(File.ReadAllBytes(Path.Combine(Serving(site), ServingPaths.Shelf))).Lines.SingleOrDefault() : null;

    // As the scoring program does it: a file beside the shelf's half, renamed into place.
    private static void Withdraw(LocalSite site, Sha256Digest model)
    {
        var path = Path.Combine(Serving(site), ServingPaths.Withdrawal(model));
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path + ".tmp", new Withdrawal(Line, model, WithdrawalReason.Latency, DateTimeOffset.UnixEpoch.AddDays(20_000)).Write());
        File.Move(path + ".tmp", path);
    }

    /// <summary>Completes once the line on a site's shelf is as it is wanted; the signal is the shelf's rename.</summary>
    private static async Task<ShelfLine?> ShelfAsync(LocalSite site, Func<ShelfLine?, bool> wanted)
    {
        using var watcher = new FileSystemWatcher(Path.Combine(Serving(site), ServingPaths.ToScoring), Path.GetFileName(ServingPaths.Shelf));
        var changed = NewSignal();
        watcher.Renamed += (_, _) => Volatile.Read(ref changed).TrySetResult();
        watcher.EnableRaisingEvents = true;
        while (true)
        {
            var next = NewSignal();
            Volatile.Write(ref changed, next); // before the shelf is read: a rename after that completes it
            if (OnShelf(site) is var line && wanted(line))
                return line;
            await next.Task.WaitAsync(Cancel);
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

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
