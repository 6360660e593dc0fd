using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.SiteAgent.Gateway;
using FederatedClinicalMl.Studies;
using Outcome = FederatedClinicalMl.Protos.Federation.StepSettled.Types.Outcome;

namespace FederatedClinicalMl.Tests.Gateway.Outbox;

/// <summary>What the gateway decides on parameters and releases.</summary>
public sealed class GatewayCoreTests
{
    private static readonly DateTimeOffset s_now = new(2026, 3, 1, 8, 0, 0, TimeSpan.Zero);
    private static readonly Sha256Digest s_parameters = Sha256Digest.Of("parameters"u8);
    private static readonly StepId s_step = new(RunId.Parse("0123456789abcdef"), new RoundNumber(1), StepKind.Training, 1);
    private static readonly OfferedStep s_offer = new(s_step, new StudyDigest(Sha256Digest.Of("study"u8)), s_parameters, 4, default, s_now.AddHours(1));
    private static readonly HeldTicket s_ticket = new(s_step, Sha256Digest.Of("release"u8), $"{s_step}.release", 400);

    [Fact]
    public void A_release_that_was_just_made_goes_without_asking()
    {
        var core = Connected(held: []);
        core.Handle(new StepOffered(s_offer), s_now);
        core.Handle(new ParametersArrived(s_parameters), s_now);

        var actions = core.Handle(new StepPerformed(s_ticket), s_now);

        Assert.Equal(new DeliverRelease(s_ticket, IsNew: true), Assert.Single(actions));
    }

    [Fact]
    public void A_release_of_an_earlier_life_may_be_there_in_part_and_is_asked_for()
    {
        var core = Connected(held: [s_ticket]);

        var actions = core.Handle(new StepOffered(s_offer), s_now);

        Assert.Equal(new DeliverRelease(s_ticket, IsNew: false), Assert.Single(actions.OfType<DeliverRelease>()));
    }

    [Fact]
    public void A_release_that_was_sent_and_is_wanted_again_is_asked_for()
    {
        var core = Connected(held: []);
        core.Handle(new StepOffered(s_offer), s_now);
        core.Handle(new ParametersArrived(s_parameters), s_now);
        core.Handle(new StepPerformed(s_ticket), s_now);
        core.Handle(new ReleaseDelivered(s_step), s_now);

        var actions = core.Handle(new StepOffered(s_offer), s_now);

        Assert.Equal(new DeliverRelease(s_ticket, IsNew: false), Assert.Single(actions));
    }

    [Theory]
    [InlineData(Outcome.Committed)]
    [InlineData(Outcome.Late)]
    public void A_release_whose_step_ended_while_it_was_computed_is_let_go_of_and_never_sent(Outcome outcome)
    {
        var core = Connected(held: []);
        core.Handle(new StepOffered(s_offer), s_now);
        core.Handle(new ParametersArrived(s_parameters), s_now);
        core.Handle(new StepEnded(s_step, outcome), s_now);

        var actions = core.Handle(new StepPerformed(s_ticket), s_now);

        Assert.Equal(new LetGoOfRelease(s_ticket, outcome), Assert.Single(actions));
    }

    [Fact]
    public void End_of_a_step_is_told_after_the_worker_has_answered_the_next_one()
    {
        var core = Connected(held: []);
        core.Handle(new StepOffered(s_offer), s_now);
        core.Handle(new ParametersArrived(s_parameters), s_now);
        core.Handle(new StepPerformed(s_ticket), s_now);
        core.Handle(new ReleaseDelivered(s_step), s_now);
        var next = s_step with { Kind = StepKind.Agreement };
        var answer = new HeldTicket(next, Sha256Digest.Of("answer"u8), $"{next}.release", 300);

        Assert.Contains(new PerformStep(s_offer with { Step = next }), core.Handle(new StepOffered(s_offer with { Step = next }), s_now));
        Assert.Empty(core.Handle(new StepEnded(s_step, Outcome.Committed), s_now));

        Assert.Equal([new DeliverRelease(answer, IsNew: true), new LetGoOfRelease(s_ticket, Outcome.Committed)], core.Handle(new StepPerformed(answer), s_now));
    }

    // It comes between the next offer and the end of what was delivered: a session that will say so is not ended for it.
    [Fact]
    public void Release_whose_end_is_on_its_way_does_not_end_the_session()
    {
        var core = Connected(held: []);
        core.Handle(new StepOffered(s_offer), s_now);
        core.Handle(new ParametersArrived(s_parameters), s_now);
        core.Handle(new StepPerformed(s_ticket), s_now);
        core.Handle(new ReleaseDelivered(s_step), s_now);
        core.Handle(new StepOffered(s_offer with { Step = s_step with { Kind = StepKind.Agreement } }), s_now);

        Assert.DoesNotContain(core.Handle(new WorkerFound([s_ticket]), s_now), action => action is Reconnect);
    }

    [Fact]
    public void Step_with_a_file_waits_for_it_beside_the_parameters_and_both_go_with_the_next_step()
    {
        var file = new StepFile(Sha256Digest.Of("sum"u8), 40);
        var offer = s_offer with { File = file };
        var core = Connected(held: []);

        Assert.Equal(
            [new FetchParameters(s_parameters, s_offer.ParametersLength), new FetchParameters(file.Digest, 40)],
            core.Handle(new StepOffered(offer), s_now).OfType<FetchParameters>());
        Assert.DoesNotContain(core.Handle(new ParametersArrived(s_parameters), s_now), action => action is PerformStep);
        Assert.Contains(new PerformStep(offer), core.Handle(new ParametersArrived(file.Digest), s_now));

        var next = s_offer with { Step = s_step with { Attempt = 2 } };
        Assert.Equal([new DropParameters(file.Digest)], core.Handle(new StepOffered(next), s_now).OfType<DropParameters>());
    }

    [Fact]
    public void File_that_the_coordinator_does_not_have_declines_the_step()
    {
        var file = new StepFile(Sha256Digest.Of("sum"u8), 40);
        var core = Connected(held: []);
        core.Handle(new StepOffered(s_offer with { File = file }), s_now);
        core.Handle(new ParametersArrived(s_parameters), s_now);

        Assert.Equal(new AnswerStep(s_step, SiteReason.ParametersWrong), Assert.Single(core.Handle(new ParametersFailed(file.Digest), s_now)));
    }

    [Fact]
    public void Parameters_that_the_worker_finds_wrong_are_fetched_once_more_from_their_first_byte()
    {
        var core = Connected(held: []);
        core.Handle(new StepOffered(s_offer), s_now);
        core.Handle(new ParametersArrived(s_parameters), s_now);

        Assert.Equal(
            [new DropParameters(s_parameters), new FetchParameters(s_parameters, s_offer.ParametersLength)],
            core.Handle(new StepDeclined(s_step, SiteReason.ParametersWrong), s_now));

        Assert.Contains(new PerformStep(s_offer), core.Handle(new ParametersArrived(s_parameters), s_now));
        Assert.Equal(new AnswerStep(s_step, SiteReason.ParametersWrong), Assert.Single(core.Handle(new StepDeclined(s_step, SiteReason.ParametersWrong), s_now)));
    }

    private static GatewayCore Connected(System.Collections.Immutable.ImmutableArray<HeldTicket> held)
    {
        var core = new GatewayCore([]);
        core.Handle(new WorkerFound(held), s_now);
        core.NameHeld();
        core.Handle(new SessionOpened(s_now), s_now);
        return core;
    }
}
