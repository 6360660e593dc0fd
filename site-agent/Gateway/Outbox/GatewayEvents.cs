using System.Collections.Immutable;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Gateway;

/// <summary>A step as the coordinator offers it, its ids checked.</summary>
/// <param name="Step">The step.</param>
/// <param name="Study">The study that it belongs to.</param>
/// <param name="Parameters">SHA-256 of the parameters to start from; null for preparation.</param>
/// <param name="ParametersLength">Bytes of the parameters; 0 for preparation.</param>
/// <param name="Constants">Canonical JSON of the frozen constants; empty for preparation.</param>
/// <param name="Deadline">End of the step, by the coordinator's clock.</param>
/// <param name="Inputs">Of secure aggregation: what the worker is given for the step; empty otherwise.</param>
/// <param name="Ledger">Under differential privacy: the newest head of the worker's ledger that the coordinator has seen; the worker reads it.</param>
/// <param name="File">Of an encrypted round: what it is given besides, fetched as the parameters are; null otherwise.</param>
public sealed record OfferedStep(
    StepId Step,
    StudyDigest Study,
    Sha256Digest? Parameters,
    long ParametersLength,
    ReadOnlyMemory<byte> Constants,
    DateTimeOffset Deadline,
    ReadOnlyMemory<byte> Inputs = default,
    ReadOnlyMemory<byte> Ledger = default,
    StepFile? File = null,
    string TraceParent = "")
{
    /// <summary>Most bytes of <see cref="Inputs"/>.</summary>
    public const int LongestInputs = 1 << 20;

    /// <summary>Most bytes of <see cref="Ledger"/>.</summary>
    public const int LongestLedger = 2048;

    /// <summary>What has to lie in the incoming directory before the worker can do the step.</summary>
    public IEnumerable<StepFile> Files
    {
        get
        {
            if (Parameters is { } parameters)
                yield return new StepFile(parameters, ParametersLength);
            if (File is { } file)
                yield return file;
        }
    }

    /// <summary>Whether the other offer asks for the same computation; the deadline may differ.</summary>
    public bool SameWork(OfferedStep other) =>
        Step == other.Step && Study == other.Study && Parameters == other.Parameters && ParametersLength == other.ParametersLength
        && File == other.File && Constants.Span.SequenceEqual(other.Constants.Span) && Inputs.Span.SequenceEqual(other.Inputs.Span);
}

/// <summary>What the coordinator wants served of a line of models.</summary>
/// <param name="Order">The order. What it says counts at the worker alone, which looks at who has signed it.</param>
/// <param name="Signed">It, signed, as it came.</param>
/// <param name="Digest">SHA-256 of what is signed.</param>
public sealed record OfferedOrder(ServingOrder Order, ReadOnlyMemory<byte> Signed, Sha256Digest Digest);

/// <summary>A release that waits in the worker's outgoing directory.</summary>
/// <param name="Step">The step that it answers.</param>
/// <param name="Digest">SHA-256 of its signed manifest.</param>
/// <param name="File">Name of the file: exactly <c>{step}.release</c>.</param>
/// <param name="Length">Bytes of the file.</param>
public sealed record HeldTicket(StepId Step, Sha256Digest Digest, string File, long Length);

/// <summary>What happened, as <see cref="GatewayCore"/> hears of it.</summary>
public abstract record GatewayEvent
{
    private protected GatewayEvent()
    {
    }
}

/// <summary>The worker answers: what it holds.</summary>
public sealed record WorkerFound(ImmutableArray<HeldTicket> Held) : GatewayEvent;

/// <summary>The worker does not answer any more; calls under way are lost.</summary>
public sealed record WorkerLost : GatewayEvent;

/// <summary>The coordinator said Welcome.</summary>
/// <param name="Clock">The coordinator's clock at that moment.</param>
public sealed record SessionOpened(DateTimeOffset Clock) : GatewayEvent;

/// <summary>The stream to the coordinator ended, for whatever cause.</summary>
public sealed record SessionClosed : GatewayEvent;

/// <summary>The coordinator offers, or withdraws, a study.</summary>
public sealed record StudyOffered(SignedStudy Study, bool Withdrawn) : GatewayEvent;

/// <summary>The worker took a study over; <paramref name="Verdict"/> is what it says of it now.</summary>
/// <param name="Study">SHA-256 of the bytes that were handed over.</param>
/// <param name="Verdict">The worker's present verdict.</param>
public sealed record StudyHandedOver(StudyDigest Study, StudyVerdict Verdict) : GatewayEvent;

/// <summary>The worker's verdict on a study, new or repeated.</summary>
public sealed record VerdictGiven(StudyVerdict Verdict) : GatewayEvent;

/// <summary>The coordinator offers a step.</summary>
public sealed record StepOffered(OfferedStep Offer) : GatewayEvent;

/// <summary>The coordinator's last word on this site's part in a step.</summary>
public sealed record StepEnded(StepId Step, StepSettled.Types.Outcome Outcome) : GatewayEvent;

/// <summary>Parameters, or another file of a step, lie in the incoming directory, every byte of them; whether they are the right ones, the worker finds out.</summary>
public sealed record ParametersArrived(Sha256Digest Parameters) : GatewayEvent;

/// <summary>The coordinator does not have the parameters, or not in the length that it offered.</summary>
public sealed record ParametersFailed(Sha256Digest Parameters) : GatewayEvent;

/// <summary>The worker made the release of a step.</summary>
public sealed record StepPerformed(HeldTicket Ticket) : GatewayEvent;

/// <summary>The worker said no.</summary>
public sealed record StepDeclined(StepId Step, SiteReason Reason) : GatewayEvent;

/// <summary>The coordinator has the release: whole, verified, durable. <see cref="StepEnded"/> will follow.</summary>
public sealed record ReleaseDelivered(StepId Step) : GatewayEvent;

/// <summary>The coordinator refused the release for good. <see cref="StepEnded"/> should follow.</summary>
public sealed record ReleaseRefused(StepId Step) : GatewayEvent;

/// <summary>The file of a release is not there, or is not the one that its ticket names.</summary>
public sealed record ReleaseMissing(StepId Step) : GatewayEvent;

/// <summary>The worker recorded the end of a release and removed its file.</summary>
public sealed record ReleaseLetGo(StepId Step) : GatewayEvent;

/// <summary>The coordinator says what is to be served of a line of models.</summary>
/// <param name="Order">The order, read.</param>
public sealed record ServingOrdered(OfferedOrder Order) : GatewayEvent;

/// <summary>The worker says what became of an order, when it is handed over or later.</summary>
/// <param name="Order">SHA-256 of what the coordinator has signed.</param>
/// <param name="State">What became of it.</param>
/// <param name="Missing">Models that it wants in the incoming directory.</param>
/// <param name="SinceUnixSeconds">Since when.</param>
public sealed record OrderAnswered(Sha256Digest Order, ServingReport.Types.State State, ImmutableArray<Sha256Digest> Missing, long SinceUnixSeconds) : GatewayEvent;

/// <summary>A model's files lie in the incoming directory, every byte of them; whether they are the right ones, the worker finds out.</summary>
public sealed record ModelArrived(Sha256Digest Model) : GatewayEvent;

/// <summary>The coordinator does not have the model, or not as its manifest says.</summary>
public sealed record ModelFailed(Sha256Digest Model) : GatewayEvent;

/// <summary>The site's scoring has withdrawn a version, new or repeated.</summary>
public sealed record ModelTakenBack(ModelWithdrawn Withdrawal) : GatewayEvent;

/// <summary>The moment asked for by <see cref="Remind"/> has come.</summary>
public sealed record Reminded(StepId Step) : GatewayEvent;
