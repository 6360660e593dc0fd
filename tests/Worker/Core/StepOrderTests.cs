using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Worker;
using Google.Protobuf;
using Kind = FederatedClinicalMl.Protos.WorkerPort.StepOrder.Types.Kind;

namespace FederatedClinicalMl.Tests.Worker.Core;

public sealed class StepOrderTests : IDisposable
{
    private readonly Site _site = new();

    public StepOrderTests() => _site.Approve();

    public void Dispose() => _site.Dispose();

    [Fact]
    public void Steps_of_a_run_are_performed_in_their_order()
    {
        foreach (var order in (StepOrder[])[Site.Order(Kind.Preparation), Site.Order(), Site.Order(Kind.Evaluation), Site.Order(round: 2), Site.Order(Kind.Evaluation, round: 2)])
            Assert.NotNull(_site.Release(order));
    }

    [Fact]
    public void Same_order_twice_gets_the_same_bytes_and_has_one_entry()
    {
        var first = _site.Release(Site.Order());
        var bytes = _site.FileOf(first);

        Assert.Equal(first, _site.Release(Site.Order()));
        _site.Restart();
        Assert.Equal(first, _site.Release(Site.Order()));

        Assert.Equal(bytes, _site.FileOf(first));
        Assert.Equal(1, _site.Kinds.Count(kind => kind == WorkerEntries.Released));
        Assert.Equal(1, _site.Computer.Computed);
    }

    [Fact]
    public void Step_before_one_that_was_released_is_declined()
    {
        _site.Release(Site.Order(Kind.Evaluation, round: 2));

        foreach (var order in (StepOrder[])[Site.Order(Kind.Preparation), Site.Order(), Site.Order(Kind.Evaluation), Site.Order(round: 2)])
            Assert.Equal(Reason.RoundOutOfOrder, _site.Decline(order));
        _site.Restart();
        Assert.Equal(Reason.RoundOutOfOrder, _site.Decline(Site.Order()));
    }

    [Fact]
    public void Older_attempt_is_declined_and_a_newer_one_performed()
    {
        _site.Release(Site.Order(attempt: 2));

        Assert.Equal(Reason.RoundOutOfOrder, _site.Decline(Site.Order(attempt: 1)));
        Assert.NotNull(_site.Release(Site.Order(attempt: 3)));
        Assert.Equal(Reason.RoundOutOfOrder, _site.Decline(Site.Order(attempt: 2)));
    }

    [Fact]
    public void Another_study_in_the_same_run_is_declined()
    {
        _site.Approve(Site.AnotherStudy);
        _site.Release(Site.Order());

        Assert.Equal(Reason.StudyDigestWrong, _site.Decline(Site.Order(round: 2, study: Site.AnotherStudy)));
        Assert.NotNull(_site.Release(Site.Order(round: 2, study: Site.AnotherStudy, run: Site.AnotherRun)));
    }

    [Theory]
    [InlineData("other parameters", "{}", 1)]
    [InlineData("parameters", """{"other":1}""", 1)]
    [InlineData("other parameters", "{}", 2)]
    [InlineData("parameters", """{"other":1}""", 2)]
    public void Step_with_other_inputs_than_the_first_is_declined_whatever_its_attempt(string parameters, string constants, int attempt)
    {
        _site.Release(Site.Order());

        Assert.Equal(Reason.ParametersWrong, _site.Decline(Site.Order(attempt: attempt, parameters: parameters, constants: constants)));
        Assert.NotNull(_site.Release(Site.Order(attempt: 2)));
    }

    [Fact]
    public void Settled_step_is_not_performed_again()
    {
        var ticket = _site.Release(Site.Order());
        Settle(ticket);

        Assert.Empty(_site.Outgoing);
        Assert.Equal(Reason.RoundOutOfOrder, _site.Decline(Site.Order()));
        _site.Restart();
        Assert.Equal(Reason.RoundOutOfOrder, _site.Decline(Site.Order()));
        Assert.NotNull(_site.Release(Site.Order(attempt: 2)));
    }

    [Fact]
    public void Settling_names_its_outcome_in_the_log_once_and_another_digest_settles_nothing()
    {
        var ticket = _site.Release(Site.Order());
        _site.Core.Settle(new SettleRequest { ReleaseDigest = ByteString.CopyFrom(new byte[32]), Outcome = SettleRequest.Types.Outcome.Committed });
        Assert.Equal([ticket], _site.Core.Held());

        Settle(ticket);
        Settle(ticket);

        var entry = Assert.Single(_site.Entries, entry => (string)entry["kind"]! == WorkerEntries.Settled);
        Assert.Equal("committed", (string)entry["body"]!["outcome"]!);
        Assert.Empty(_site.Core.Held());
    }

    [Fact]
    public void Rounds_and_attempts_that_the_study_does_not_have_are_declined()
    {
        Assert.Equal(Reason.RoundOutOfOrder, _site.Decline(Site.Order(round: 3)));
        Assert.Equal(Reason.RoundOutOfOrder, _site.Decline(Site.Order(attempt: 4)));
        Assert.NotNull(_site.Release(Site.Order(round: 2, attempt: 3)));
    }

    [Fact]
    public void Order_for_another_site_or_that_makes_no_sense_is_declined()
    {
        Assert.Equal(Reason.StudyNotApproved, _site.Decline(new StepOrder(Site.Order()) { Site = "south" }));
        foreach (var order in (StepOrder[])[
            new(Site.Order()) { Run = "../../0123456789" }, new(Site.Order()) { Run = "" }, new(Site.Order()) { Kind = (Kind)99 }, new(Site.Order()) { Kind = Kind.Unspecified },
            new(Site.Order()) { Round = 0 }, new(Site.Order()) { Round = uint.MaxValue }, new(Site.Order()) { Attempt = 0 }, new(Site.Order()) { Attempt = uint.MaxValue },
            new(Site.Order(Kind.Preparation)) { Round = 1 }, new(Site.Order()) { StudyDigest = ByteString.CopyFrom(new byte[31]) }])
            Assert.Equal(Reason.RoundOutOfOrder, _site.Decline(order));
        foreach (var order in (StepOrder[])[
            new(Site.Order()) { ParametersDigest = ByteString.CopyFrom(new byte[33]) }, new(Site.Order()) { ParametersDigest = ByteString.Empty },
            new(Site.Order(Kind.Preparation)) { ParametersDigest = Site.Order().ParametersDigest }, new(Site.Order(Kind.Preparation)) { Constants = Site.Order().Constants }])
            Assert.Equal(Reason.ParametersWrong, _site.Decline(order));
        Assert.Equal(0, _site.Computer.Computed);
        Assert.Empty(_site.Outgoing);
    }

    private void Settle(ReleaseTicket ticket) =>
        _site.Core.Settle(new SettleRequest { ReleaseDigest = ticket.ReleaseDigest, Outcome = SettleRequest.Types.Outcome.Committed });
}
