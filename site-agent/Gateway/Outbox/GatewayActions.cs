using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Gateway;

/// <summary>What <see cref="GatewayCore"/> wants done. The shell does it and reports by a <see cref="GatewayEvent"/>.</summary>
public abstract record GatewayAction
{
    private protected GatewayAction()
    {
    }
}

/// <summary>Hand a study over to the worker. Ends in <see cref="StudyHandedOver"/> or <see cref="WorkerLost"/>.</summary>
public sealed record HandOverStudy(StudyDigest Digest, SignedStudy Study, bool Withdrawn) : GatewayAction;

/// <summary>Fetch parameters, or another file of a step, into the incoming directory. Ends in <see cref="ParametersArrived"/> or <see cref="ParametersFailed"/>.</summary>
public sealed record FetchParameters(Sha256Digest Parameters, long Length) : GatewayAction;

/// <summary>Stop fetching these parameters and remove their files, whole or in part. Never ends in an event.</summary>
public sealed record DropParameters(Sha256Digest Parameters) : GatewayAction;

/// <summary>Have the worker compute a step. Ends in <see cref="StepPerformed"/>, <see cref="StepDeclined"/> or <see cref="WorkerLost"/>.</summary>
public sealed record PerformStep(OfferedStep Offer) : GatewayAction;

/// <summary>Bring a release to the coordinator, resuming where it left off, until it is there. Ends in
/// <see cref="ReleaseDelivered"/>, <see cref="ReleaseRefused"/> or <see cref="ReleaseMissing"/>.</summary>
/// <param name="Ticket">Which.</param>
/// <param name="IsNew">It has just been made: the coordinator need not be asked what it has of it.</param>
public sealed record DeliverRelease(HeldTicket Ticket, bool IsNew) : GatewayAction;

/// <summary>Call off a <see cref="DeliverRelease"/>. The file stays.</summary>
public sealed record CancelDelivery(StepId Step) : GatewayAction;

/// <summary>Tell the worker the end of a release. Ends in <see cref="ReleaseLetGo"/> or <see cref="WorkerLost"/>.</summary>
public sealed record LetGoOfRelease(HeldTicket Ticket, StepSettled.Types.Outcome Outcome) : GatewayAction;

/// <summary>Say on the session that a step is declined. Lost if the session ends: the coordinator offers again.</summary>
/// <param name="Step">The step.</param>
/// <param name="Declined">Why.</param>
public sealed record AnswerStep(StepId Step, SiteReason Declined) : GatewayAction;

/// <summary>Send a verdict on the session.</summary>
public sealed record SendVerdict(StudyVerdict Verdict) : GatewayAction;

/// <summary>Hand an order over to the worker. Ends in <see cref="OrderAnswered"/> or <see cref="WorkerLost"/>.</summary>
public sealed record HandOverOrder(OfferedOrder Order) : GatewayAction;

/// <summary>Fetch a model's files into the incoming directory. Ends in <see cref="ModelArrived"/> or <see cref="ModelFailed"/>.</summary>
public sealed record FetchModel(Sha256Digest Model) : GatewayAction;

/// <summary>Remove a model's files from the incoming directory, whole or in part. Never ends in an event.</summary>
public sealed record DropModel(Sha256Digest Model) : GatewayAction;

/// <summary>Say on the session what became of an order. Lost if the session ends: the coordinator sends the order again.</summary>
public sealed record SendServing(ServingReport Report) : GatewayAction;

/// <summary>Say on the session that the site's scoring has withdrawn a version. Lost if the session ends: it is said again on the next.</summary>
public sealed record SendWithdrawal(ModelWithdrawn Withdrawal) : GatewayAction;

/// <summary>End the session and open another: the worker holds releases that the last Hello did not name.</summary>
public sealed record Reconnect : GatewayAction;

/// <summary>Report <see cref="Reminded"/> at <paramref name="At"/>, by the site's clock.</summary>
public sealed record Remind(StepId Step, DateTimeOffset At) : GatewayAction;
