using System.Collections.Immutable;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Gateway;
using FederatedClinicalMl.Studies;
using Google.Protobuf;

namespace FederatedClinicalMl.Cli.Simulation;

/// <summary>What the production shells do between wire and core: turns one side's words into the other's.</summary>
internal static class Messages
{
    public static OfferedStep Offered(StepInvitation invitation) => new(
        invitation.Step, invitation.Study, invitation.Parameters, invitation.ParametersLength, invitation.Constants, invitation.Deadline,
        invitation.Inputs, invitation.Ledger, invitation.File);

    public static StepOrder Order(OfferedStep offer, SiteId site) => new()
    {
        Run = offer.Step.Run.Value,
        Round = (uint)offer.Step.Round.Value,
        Kind = (StepOrder.Types.Kind)offer.Step.Kind,
        Attempt = (uint)offer.Step.Attempt,
        StudyDigest = ByteString.CopyFrom(offer.Study.Value.Span),
        ParametersDigest = offer.Parameters is { } parameters ? ByteString.CopyFrom(parameters.Span) : ByteString.Empty,
        Constants = ByteString.CopyFrom(offer.Constants.Span),
        Site = site.Value,
        Inputs = ByteString.CopyFrom(offer.Inputs.Span),
        FileDigest = offer.File is { } file ? ByteString.CopyFrom(file.Digest.Span) : ByteString.Empty,
        Ledger = ByteString.CopyFrom(offer.Ledger.Span),
    };

    public static HeldTicket Ticket(ReleaseTicket ticket) => new(
        new StepId(RunId.Parse(ticket.Run), new RoundNumber((int)ticket.Round), (StepKind)ticket.Kind, (int)ticket.Attempt),
        new Sha256Digest(ticket.ReleaseDigest.Span), ticket.File, (long)ticket.Length);

    public static ImmutableArray<HeldTicket> Tickets(IEnumerable<ReleaseTicket> tickets) => [.. tickets.Select(Ticket)];

    public static StudyVerdict Verdict(StudyStatus status) => new()
    {
        StudyDigest = status.StudyDigest,
        State = (StudyVerdict.Types.State)status.State,
        Reason = (SiteReason)status.Reason,
        Signature = status.Signature,
    };

    public static OfferStudyRequest Offer(SignedStudy study, bool withdrawn) =>
        new() { Canonical = study.Canonical, Signature = study.Signature, Certificate = study.Certificate, Withdrawn = withdrawn };

    public static SettleRequest Settle(HeldTicket ticket, StepSettled.Types.Outcome outcome) => new()
    {
        ReleaseDigest = ByteString.CopyFrom(ticket.Digest.Span),
        Outcome = (SettleRequest.Types.Outcome)outcome,
    };
}
