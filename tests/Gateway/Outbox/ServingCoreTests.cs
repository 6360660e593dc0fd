using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.SiteAgent.Gateway;
using FederatedClinicalMl.Studies;
using Google.Protobuf;
using State = FederatedClinicalMl.Protos.Federation.ServingReport.Types.State;

namespace FederatedClinicalMl.Tests.Gateway.Outbox;

/// <summary>How orders, models and what became of them pass the gateway.</summary>
public sealed class ServingCoreTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 26, 8, 0, 0, TimeSpan.Zero);
    private static readonly Sha256Digest s_first = Sha256Digest.Of([1]), s_second = Sha256Digest.Of([2]);

    private readonly GatewayCore _core = new([]);

    [Fact]
    public void Order_is_handed_over_its_missing_models_are_fetched_and_it_is_handed_over_again()
    {
        Connect();
        var order = Order(2, s_second, s_first);
        Assert.Equal(new HandOverOrder(order), Assert.Single(Handle(new ServingOrdered(order))));

        Assert.Equal([new SendServing(Report(2, State.FilesMissing)), new FetchModel(s_second)], Handle(Answer(order, State.FilesMissing, s_second)));
        Assert.Empty(Handle(Answer(order, State.FilesMissing, s_second))); // said again while it is on its way
        Assert.Equal(new HandOverOrder(order), Assert.Single(Handle(new ModelArrived(s_second))));
        Assert.Equal([new SendServing(Report(2, State.OnShelf)), new DropModel(s_second)], Handle(Answer(order, State.OnShelf)));
    }

    [Fact]
    public void Rollback_on_an_open_session_goes_to_the_worker_at_once_and_fetches_nothing()
    {
        Connect();
        Handle(new ServingOrdered(Order(2, s_second, s_first)));
        var back = Order(3, s_first, null);

        Assert.Equal([new HandOverOrder(back)], Handle(new ServingOrdered(back)));
        Assert.Equal([new SendServing(Report(3, State.OnShelf))], Handle(Answer(back, State.OnShelf)));
    }

    [Fact]
    public void Model_that_came_wrong_is_fetched_once_more_and_then_only_on_the_next_session()
    {
        Connect();
        var order = Order(1, s_first, null);
        Handle(new ServingOrdered(order));
        Handle(Answer(order, State.FilesMissing, s_first));
        Handle(new ModelArrived(s_first));

        Assert.Equal([new SendServing(Report(1, State.ModelWrong)), new DropModel(s_first), new FetchModel(s_first)], Handle(Answer(order, State.ModelWrong, s_first)));
        Handle(new ModelArrived(s_first));
        Assert.Empty(Handle(Answer(order, State.ModelWrong, s_first)));
        Handle(new SessionClosed());
        Handle(new SessionOpened(s_now));
        Handle(new ServingOrdered(order));
        Assert.Contains(new FetchModel(s_first), Handle(Answer(order, State.ModelWrong, s_first)));
    }

    [Fact]
    public void Worker_that_comes_back_is_given_every_order_again()
    {
        Connect();
        var order = Order(1, s_first, null);
        Handle(new ServingOrdered(order));
        Handle(new WorkerLost());
        Assert.Empty(Handle(new ServingOrdered(order)));

        Assert.Contains(new HandOverOrder(order), Handle(new WorkerFound([])));
    }

    [Fact]
    public void Older_order_of_one_session_changes_nothing_and_one_of_a_new_session_is_its_coordinators_word()
    {
        Connect();
        var newer = Order(2, s_second, null);
        Handle(new ServingOrdered(newer));
        Assert.Empty(Handle(new ServingOrdered(Order(1, s_first, null))));
        Handle(new SessionClosed());
        Handle(new SessionOpened(s_now));

        Assert.Contains(new HandOverOrder(Order(1, s_first, null)), Handle(new ServingOrdered(Order(1, s_first, null))));
    }

    [Fact]
    public void Nothing_of_serving_is_said_to_a_coordinator_that_has_sent_no_order()
    {
        var withdrawn = new ModelWithdrawn { ModelDigest = ByteString.CopyFrom(s_first.Span), Reason = ModelWithdrawn.Types.Reason.Latency, AtUnixSeconds = 7 };
        Connect();
        Assert.Empty(Handle(new ModelTakenBack(withdrawn)));

        Assert.Contains(new SendWithdrawal(withdrawn), Handle(new ServingOrdered(Order(1, s_first, null))));
        Assert.Empty(Handle(new ModelTakenBack(withdrawn)));
        Handle(new SessionClosed());
        Handle(new SessionOpened(s_now));
        Assert.Contains(new SendWithdrawal(withdrawn), Handle(new ServingOrdered(Order(1, s_first, null)))); // lost with its session, perhaps
    }

    [Fact]
    public void Model_that_an_earlier_life_left_and_no_order_names_is_dropped()
    {
        var core = new GatewayCore([], [s_first, s_second]);
        core.Handle(new SessionOpened(s_now), s_now);

        Assert.Equal([new DropModel(s_second)], core.Handle(new ServingOrdered(Order(1, s_first, null)), s_now));
    }

    private void Connect()
    {
        Handle(new WorkerFound([]));
        _core.NameHeld();
        Handle(new SessionOpened(s_now));
    }

    private System.Collections.Immutable.ImmutableArray<GatewayAction> Handle(GatewayEvent happened) => _core.Handle(happened, s_now);

    private static OrderAnswered Answer(OfferedOrder order, State state, params Sha256Digest[] missing) => new(order.Digest, state, [.. missing], 7);

    private static ServingReport Report(long order, State state) => new() { Line = "heart", Order = order, State = state, SinceUnixSeconds = 7 };

    private static OfferedOrder Order(long sequence, Sha256Digest production, Sha256Digest? fallback)
    {
        var order = new ServingOrder(
            "c0", "heart", sequence,
            ServedModels.Of(new ServedVersion(new ModelVersion(2, 0, 0), production), fallback is { } behind ? new ServedVersion(ModelVersion.First, behind) : null, null), DateTimeOffset.UnixEpoch);
        return new OfferedOrder(order, default, order.Digest);
    }
}
