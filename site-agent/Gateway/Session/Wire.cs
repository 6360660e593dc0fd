using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using Google.Protobuf;

namespace FederatedClinicalMl.SiteAgent.Gateway;

/// <summary>Between the wire's messages and this room's words. Whatever does not check is refused here, before anything acts on it.</summary>
internal static class Wire
{
    public static bool TryStep(string run, uint round, int kind, uint attempt, out StepId step)
    {
        step = default;
        if (!RunId.TryParse(run, out var id) || round > int.MaxValue || attempt is 0 or > int.MaxValue || !Enum.IsDefined((StepKind)kind))
            return false;
        step = new StepId(id, new RoundNumber((int)round), (StepKind)kind, (int)attempt);
        return true;
    }

    public static Step ToWire(StepId step) => new()
    {
        Run = step.Run.Value,
        Round = (uint)step.Round.Value,
        Kind = (Step.Types.Kind)step.Kind,
        Attempt = (uint)step.Attempt,
    };

    public static HeldRelease ToWire(HeldTicket ticket) => new() { Step = ToWire(ticket.Step), ReleaseDigest = ByteString.CopyFrom(ticket.Digest.Span) };

    /// <summary>What a message means to the core; null where it means nothing to it (Ping) or is malformed, which <paramref name="flaw"/> then says.</summary>
    public static GatewayEvent? Read(CoordinatorMessage message, out string? flaw)
    {
        flaw = null;
        switch (message.BodyCase)
        {
            case CoordinatorMessage.BodyOneofCase.StudyOffer when message.StudyOffer.Study is { Canonical.IsEmpty: false } study:
                return new StudyOffered(study, message.StudyOffer.Withdrawn);
            case CoordinatorMessage.BodyOneofCase.StepOffer when Offer(message.StepOffer) is { } offer:
                return new StepOffered(offer);
            case CoordinatorMessage.BodyOneofCase.StepSettled when TryStep(message.StepSettled.Step, out var step)
                && message.StepSettled.Outcome != StepSettled.Types.Outcome.Unspecified && Enum.IsDefined(message.StepSettled.Outcome):
                return new StepEnded(step, message.StepSettled.Outcome);
            case CoordinatorMessage.BodyOneofCase.ServingOffer when Order(message.ServingOffer.Order) is { } order:
                return new ServingOrdered(order);
            case CoordinatorMessage.BodyOneofCase.Ping:
                return null;
            default:
                flaw = message.BodyCase.ToString();
                return null;
        }
    }

    private static OfferedOrder? Order(ByteString signed)
    {
        try
        {
            var (order, _) = ServingOrder.Read(signed.Span);
            return new OfferedOrder(order, signed.Memory, order.Digest);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static OfferedStep? Offer(StepOffer offer)
    {
        if (!TryStep(offer.Step, out var step) || offer.StudyDigest.Length != Sha256Digest.Length || offer.ParametersLength > long.MaxValue
            || offer.Inputs.Length > OfferedStep.LongestInputs || offer.Ledger.Length > OfferedStep.LongestLedger
            || offer.FileLength > long.MaxValue || offer.FileDigest.Length is not (0 or Sha256Digest.Length)
            || offer.DeadlineUnixMilliseconds < 0 || offer.DeadlineUnixMilliseconds > DateTimeOffset.MaxValue.ToUnixTimeMilliseconds() / 2)
            return null;
        Sha256Digest? parameters = null;
        if (offer.ParametersDigest.Length == Sha256Digest.Length)
            parameters = new Sha256Digest(offer.ParametersDigest.Span);
        else if (!offer.ParametersDigest.IsEmpty || !step.Kind.IsWithoutParameters())
            return null;
        return new OfferedStep(
            step,
            new StudyDigest(new Sha256Digest(offer.StudyDigest.Span)),
            parameters,
            (long)offer.ParametersLength,
            offer.Constants.Memory,
            DateTimeOffset.FromUnixTimeMilliseconds(offer.DeadlineUnixMilliseconds),
            offer.Inputs.Memory,
            offer.Ledger.Memory,
            offer.FileDigest.IsEmpty ? null : new StepFile(new Sha256Digest(offer.FileDigest.Span), (long)offer.FileLength),
            offer.TraceParent);
    }

    private static bool TryStep(Step? step, out StepId id)
    {
        id = default;
        return step is not null && TryStep(step.Run, step.Round, (int)step.Kind, step.Attempt, out id);
    }
}
