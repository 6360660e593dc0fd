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

/// <summary>What people do with a line of models, by fcml unless a class has another way, and what of it is on the shelves of four hospitals.</summary>
public abstract class ServedLine(ServingFederation fixture)
{
    protected const string Line = "served";

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private protected LocalFederation Federation => fixture.Federation;

    private protected Task<Cli.Studies.RunView> FollowAsync(string run) => fixture.FollowAsync(run);

    private protected LocalSite Site(string name) => Federation.Sites.Single(site => site.Name == name);

    private protected string Clinician => Path.Combine(Federation.Folder, "clinician");

    private protected string Study => fixture.Digest;

    protected async Task EnrolClinicianAsync()
    {
        var subject = new Subject { Kind = Subject.Types.Kind.Person, Role = Subject.Types.Role.Clinician, Name = "grace" };
        var reply = await Federation.Admin.AskAsync(admin => admin.InviteAsync(new InviteRequest { Subject = subject, ValidHours = 1 }, cancellationToken: Cancel), Cancel);
        using var identity = await EnrolCommand.RedeemAsync(reply.Invitation, Clinician, TimeProvider.System, Cancel);
    }

    // A run of the study, its model as a version; and the key that has signed it, as an admin reads it out.
    protected async Task<(Sha256Digest Model, string Signer)> RegisterAsync(string version)
    {
        var state = (await fixture.FollowAsync(await StartRunAsync())).State;
        Assert.Equal(RunStatus.Registered, state.Status);
        var model = state.Model!.Value;
        await ConfirmAsync(model, version);
        var manifest = ModelManifest.Read(await File.ReadAllBytesAsync(Path.Combine(Federation.CoordinatorFolder, "models", model.ToString(), ModelFileNames.Manifest), Cancel));
        return (model, manifest.Key.Fingerprint.ToString());
    }

    protected virtual Task<string> StartRunAsync() => Federation.StartRunAsync(fixture.Digest, Cancel);

    protected virtual Task ConfirmAsync(Sha256Digest model, string version) => FcmlAsync("confirm", model.ToString(), "--as", version);

    protected virtual async Task PromoteAsync(string version, string to)
    {
        await FcmlAsync("promote", Line, version, "--to", to);
        foreach (var identity in new[] { Federation.AdminIdentity, Clinician })
            await RunAsync(identity, "models", "agree", Line, version, "--to", to, "--reason", "Looked at it");
    }

    protected virtual Task LetInAsync(string version, RolloutMode mode, int? percent, string reason) =>
        FcmlAsync(["rollout", Line, version, "--mode", mode.Word(), .. percent is { } share ? (string[])["--percent", share.ToString(CultureInfo.InvariantCulture)] : [], "--reason", reason]);

    protected Task FcmlAsync(params string[] words) => RunAsync(Federation.AdminIdentity, ["models", .. words]);

    private protected static async Task RunAsync(string identity, params string[] words) => Assert.Equal(0, await FcmlCommand.RunAsync([.. words, "--identity", identity], TimeProvider.System));

    /// <summary>The site's policy lets models be compared on its rows, from now on.</summary>
    private protected static async Task LetCompareAsync(LocalSite site)
    {
        var policy = Path.Combine(site.WorkerFolder, "policy.yaml");
        await File.WriteAllLinesAsync(policy, (await File.ReadAllLinesAsync(policy, Cancel)).Select(line => line.StartsWith("per-site-metrics:", StringComparison.Ordinal) ? "per-site-metrics: compare" : line), Cancel);
    }

    private protected async Task<GateSummary> GateAsync(string version, string gate = "production") =>
        (await Federation.Admin.AskAsync(Federation.Admin.Stages.CheckGatesAsync(new CheckGatesRequest { Line = Line, Version = version }, cancellationToken: Cancel), Cancel)).Gates.Single(one => one.Gate == gate);

    private protected static string Serving(LocalSite site) => Path.Combine(site.WorkerFolder, "serving");

    private protected static ShelfLine? OnShelf(LocalSite site) => File.Exists(Path.Combine(Serving(site), ServingPaths.Shelf))
        ? Shelf.Read(File.ReadAllBytes(Path.Combine(Serving(site), ServingPaths.Shelf))).Lines.SingleOrDefault() : null;

    /// <summary>Completes once the line on a site's shelf is as it is wanted; the signal is the shelf's rename.</summary>
    private protected static async Task<ShelfLine?> ShelfAsync(LocalSite site, Func<ShelfLine?, bool> wanted)
    {
        ShelfLine? line = null;
        await FileSignal.UntilAsync(Path.Combine(Serving(site), ServingPaths.Shelf), () => wanted(line = OnShelf(site)), Cancel);
        return line;
    }
}
