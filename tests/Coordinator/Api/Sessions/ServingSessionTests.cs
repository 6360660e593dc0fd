using System.Net;
using FederatedClinicalMl.Coordinator.Audit;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Learning.Serving;
using Google.Protobuf;
using BodyCase = FederatedClinicalMl.Protos.Federation.CoordinatorMessage.BodyOneofCase;
using Member = FederatedClinicalMl.Coordinator.Enrolment.Member;

namespace FederatedClinicalMl.Tests.Coordinator.Api.Sessions;

/// <summary>Orders on a site's stream, what comes back, and the files that they lead to.</summary>
public sealed class ServingSessionTests : IDisposable
{
    private const string Heart = "heart";

    private static readonly ModelVersion s_first = ModelVersion.First, s_second = new(1, 0, 1), s_third = new(1, 0, 2);

    private readonly SigningKey _worker = SigningKey.Create();
    private readonly Sha256Digest[] _models = new Sha256Digest[4];
    private Sha256Digest _signer;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _worker.Dispose();

    [Fact]
    public async Task Site_hears_the_order_when_it_connects_and_a_rollback_by_the_live_stream_with_nothing_to_fetch()
    {
        await using var coordinator = await RunningCoordinator.StartAsync(prepare: Prepare);
        using var site = await coordinator.EnrolSiteAsync("north", _worker);
        using var grace = await coordinator.EnrolPersonAsync(Roles.Clinician, "grace");
        using var person = coordinator.Connect(grace);
        using var stream = await SiteStream.OpenAsync(coordinator, site, _worker);

        var before = await NextAsync(stream);
        Assert.Equal((_models[2], _models[1], _models[3]), (before.Serves.Production!.Model, before.Serves.Fallback!.Model, before.Serves.Candidate!.Served.Model));
        await new Stages.StagesClient(person.Grpc).RollBackAsync(new VersionRequest { Line = Heart, Version = s_second.ToString(), Reason = "Alarms" }, cancellationToken: Stop);
        var after = await NextAsync(stream);

        Assert.True(after.Sequence > before.Sequence);
        Assert.Equal((_models[1], null, null), (after.Serves.Production!.Model, after.Serves.Fallback, after.Serves.Candidate)); // which the site has had as the fallback
        using var again = await SiteStream.OpenAsync(coordinator, site, _worker);
        Assert.Equal(after, await NextAsync(again));
    }

    [Fact]
    public async Task Withdrawal_at_one_site_ends_the_rollout_at_every_site_and_people_see_what_sites_say()
    {
        await using var coordinator = await RunningCoordinator.StartAsync(prepare: Prepare);
        using var north = await coordinator.EnrolSiteAsync("north", _worker);
        using var key = SigningKey.Create();
        using var south = await coordinator.EnrolSiteAsync("south", key);
        using var eve = await coordinator.EnrolPersonAsync(Roles.Auditor, "eve");
        using var person = coordinator.Connect(eve);
        using var stream = await SiteStream.OpenAsync(coordinator, north, _worker);
        using var other = await SiteStream.OpenAsync(coordinator, south, key);
        var order = await NextAsync(stream);
        await NextAsync(other);

        await stream.SendAsync(new SiteMessage { ServingReport = new ServingReport { Line = Heart, Order = order.Sequence, State = ServingReport.Types.State.OnShelf, SinceUnixSeconds = 7 } });
        var withdrawn = new SiteMessage { ModelWithdrawn = new ModelWithdrawn { ModelDigest = ByteString.CopyFrom(_models[3].Span), Reason = ModelWithdrawn.Types.Reason.Calibration, AtUnixSeconds = 9 } };
        await stream.SendAsync(withdrawn);

        Assert.All([await NextAsync(stream), await NextAsync(other)], after => Assert.Equal((_models[2], null), (after.Serves.Production!.Model, after.Serves.Candidate)));
        await stream.SendAsync(withdrawn); // said again after each connection
        var shown = await new Stages.StagesClient(person.Grpc).ListServingAsync(new ListServingRequest { Line = Heart }, cancellationToken: Stop);
        Assert.Equal([("north", "on-shelf", order.Sequence, 7), ("south", "", 0, 0)], shown.Sites.Select(said => (said.Site, said.State, said.Order, said.SinceUnixSeconds)));
        Assert.Equal(("north", s_third.ToString(), "calibration", 9), Assert.Single(shown.Withdrawals) is var only ? (only.Site, only.Version, only.Reason, only.AtUnixSeconds) : default);
    }

    [Fact]
    public async Task Report_of_an_order_that_there_never_was_ends_the_session()
    {
        await using var coordinator = await RunningCoordinator.StartAsync(prepare: Prepare);
        using var site = await coordinator.EnrolSiteAsync("north", _worker);
        using var stream = await SiteStream.OpenAsync(coordinator, site, _worker);
        var order = await NextAsync(stream);

        await stream.SendAsync(new SiteMessage { ServingReport = new ServingReport { Line = Heart, Order = order.Sequence + 1, State = ServingReport.Types.State.OnShelf } });

        Assert.Equal("REQUEST_INVALID", (await stream.NextAsync(BodyCase.Farewell)).Farewell.Fault.Code);
    }

    [Fact]
    public async Task Site_fetches_the_served_files_of_ordered_models_and_nothing_else()
    {
        await using var coordinator = await RunningCoordinator.StartAsync(prepare: Prepare);
        using var site = await coordinator.EnrolSiteAsync("north", _worker);
        using var channel = coordinator.Connect(site);

        foreach (var name in ModelFileNames.Served.Add(ModelFileNames.Metrics))
            Assert.Equal(await File.ReadAllBytesAsync(coordinator.PathOf($"models/{_models[2]}/{name}"), Stop), await channel.Http.GetByteArrayAsync(Route(_models[2], name), Stop));
        foreach (var route in new[] { Route(_models[2], ModelFileNames.Parameters), Route(_models[2], "..%2Fcoordinator.db"), Route(_models[0], ModelFileNames.Onnx), Route(Sha256Digest.Of([9]), ModelFileNames.Onnx) })
        {
            using var refused = await channel.Http.GetAsync(route, Stop);
            Assert.Equal(HttpStatusCode.NotFound, refused.StatusCode);
        }

        using var request = new HttpRequestMessage(HttpMethod.Get, Route(_models[2], ModelFileNames.Onnx));
        request.Headers.Range = new System.Net.Http.Headers.RangeHeaderValue(10, null);
        using var rest = await channel.Http.SendAsync(request, Stop);
        Assert.Equal((await File.ReadAllBytesAsync(coordinator.PathOf($"models/{_models[2]}/{ModelFileNames.Onnx}"), Stop))[10..], await rest.Content.ReadAsByteArrayAsync(Stop));
    }

    private async Task<ServingOrder> NextAsync(SiteStream stream)
    {
        var (order, signer) = ServingOrder.Read((await stream.NextAsync(BodyCase.ServingOffer)).ServingOffer.Order.Span);
        Assert.Equal(_signer, signer.Fingerprint);
        return order;
    }

    private static Uri Route(Sha256Digest model, string file) => new($"/v1/models/{model}/{file}", UriKind.Relative);

    // Four registered models: one without a version, two that were in production after another, and a shadow.
    private void Prepare(DataFolder folder)
    {
        _signer = folder.Key.PublicKey.Fingerprint;
        foreach (var number in Enumerable.Range(0, _models.Length))
        {
            var (model, files) = MadeModel.Of(folder.Key, number + 1);
            _models[number] = model;
            folder.Disk.CreateDirectory($"models/{model}");
            foreach (var (name, content) in files)
                DurableFile.Write(folder.Disk, $"models/{model}/{name}", content);
        }

        using var audit = new AuditTrail(folder.Disk, folder.Key, TimeProvider.System);
        var lines = new ModelLines(audit, TimeProvider.System);
        foreach (var (version, number) in new[] { (s_first, 1), (s_second, 2), (s_third, 3) })
        {
            Do(new ConfirmVersion(_models[number], number == 1 ? VersionProposal.First : new VersionProposal(VersionPart.Patch, version, []), version));
            foreach (var stage in version == s_third ? [ModelStage.Staging] : new[] { ModelStage.Staging, ModelStage.Production })
            {
                Do(new AskPromotion(version, stage, new GateReport([new GateResult("auroc", true, "Good.")])));
                foreach (var member in new[] { new Member(Roles.Admin, "ada"), new Member(Roles.Clinician, "grace") })
                    Assert.Null(lines.Handle(Heart, member, _ => new ApprovePromotion(member.Role == Roles.Clinician, version, stage, "Seen", null)).Refusal);
            }
        }

        Do(new SetRollout(s_third, Rollout.Shadow, "Try"));

        void Do(StageCommand command) => Assert.Null(lines.Handle(Heart, new Member(Roles.Admin, "ada"), _ => command).Refusal);
    }
}
