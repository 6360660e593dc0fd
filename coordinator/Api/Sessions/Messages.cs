using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using Google.Protobuf;
using Step = FederatedClinicalMl.Protos.Federation.Step;
using StepSettled = FederatedClinicalMl.Protos.Federation.StepSettled;

namespace FederatedClinicalMl.Coordinator.Api.Sessions;

/// <summary>Between the rounds' words and the wire's.</summary>
internal static class Messages
{
    public static CoordinatorMessage Offer(StepInvitation invitation, string traceParent) => new()
    {
        StepOffer = new StepOffer
        {
            Step = ToMessage(invitation.Step),
            StudyDigest = ByteString.CopyFrom(invitation.Study.Value.Span),
            ParametersDigest = invitation.Parameters is { } digest ? ByteString.CopyFrom(digest.Span) : ByteString.Empty,
            ParametersLength = (ulong)invitation.ParametersLength,
            Constants = UnsafeByteOperations.UnsafeWrap(invitation.Constants),
            DeadlineUnixMilliseconds = invitation.Deadline.ToUnixTimeMilliseconds(),
            Inputs = UnsafeByteOperations.UnsafeWrap(invitation.Inputs),
            FileDigest = invitation.File is { } file ? ByteString.CopyFrom(file.Digest.Span) : ByteString.Empty,
            FileLength = (ulong)(invitation.File?.Length ?? 0),
            TraceParent = traceParent,
            Ledger = UnsafeByteOperations.UnsafeWrap(invitation.Ledger),
        },
    };

    public static CoordinatorMessage Settled(StepId step, Settlement settlement) => new()
    {
        StepSettled = new StepSettled
        {
            Step = ToMessage(step),
            Outcome = (StepSettled.Types.Outcome)settlement.Outcome,
            Fault = settlement.Fault is { } fault
                ? new Protos.Federation.Fault { Code = RoundFaults.Code(fault), Sentence = RoundFaults.Sentence(fault) }
                : null,
        },
    };

    public static CoordinatorMessage Serve(byte[] order) => new() { ServingOffer = new ServingOffer { Order = UnsafeByteOperations.UnsafeWrap(order) } };

    public static Step ToMessage(StepId step) => new()
    {
        Run = step.Run.Value, Round = (uint)step.Round.Value, Kind = (Step.Types.Kind)step.Kind, Attempt = (uint)step.Attempt,
    };

    /// <summary>Reads a step from the wire.</summary>
    public static bool TryParse(Step? message, out StepId step)
    {
        step = default;
        if (message is null || !RunId.TryParse(message.Run, out var run) || message.Round > int.MaxValue || message.Attempt is 0 or > int.MaxValue
            || message.Kind == Step.Types.Kind.Unspecified || !Enum.IsDefined((StepKind)message.Kind))
            return false;
        step = new StepId(run, new RoundNumber((int)message.Round), (StepKind)message.Kind, (int)message.Attempt);
        return true;
    }
}
