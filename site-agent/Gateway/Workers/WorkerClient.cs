using System.Collections.Immutable;
using System.Net;
using System.Runtime.CompilerServices;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.Studies;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Outcome = FederatedClinicalMl.Protos.Federation.StepSettled.Types.Outcome;

namespace FederatedClinicalMl.SiteAgent.Gateway;

/// <summary>
/// The worker, as the gateway sees it: the calls of WorkerPort in this room's words. What the worker says is checked like anything that
/// comes from outside. Every method throws <see cref="RpcException"/> where the worker cannot be reached.
/// </summary>
internal sealed class WorkerClient : IDisposable
{
    private readonly SocketsHttpHandler _handler;
    private readonly GrpcChannel _channel;
    private readonly WorkerPort.WorkerPortClient _port;

    public WorkerClient(string socketPath)
    {
        _handler = new SocketsHttpHandler
        {
            ConnectCallback = (_, stop) => WorkerSocket.ConnectAsync(socketPath, stop),
            UseProxy = false,
            ActivityHeadersPropagator = null, // an order says whether spans are wanted; identifiers are not the worker's business
            InitialHttp2StreamWindowSize = 1024 * 1024,
        };
        _channel = GrpcChannel.ForAddress("http://worker", new GrpcChannelOptions
        {
            HttpHandler = _handler,
            // Constants and studies are small, but nothing says how small.
            MaxReceiveMessageSize = null,
            MaxSendMessageSize = null,
            HttpVersion = HttpVersion.Version20,
        });
        _port = new WorkerPort.WorkerPortClient(_channel);
    }

    /// <summary>The worker's public key and its proof over <paramref name="challenge"/>, checked.</summary>
    /// <exception cref="AgentException">WORKER_PROOF_WRONG.</exception>
    public async Task<WorkerKey> ProveAsync(Sha256Digest challenge, CancellationToken stop)
    {
        var reply = await _port.IdentifyAsync(new IdentifyRequest { Challenge = ByteString.CopyFrom(challenge.Span) }, cancellationToken: stop);
        if (!new VerifyingKey(reply.PublicKey.ToByteArray()).Verify(SignatureContext.WorkerKey, challenge.Span, reply.Proof.Span))
            throw new AgentException("WORKER_PROOF_WRONG", "The process at the worker's socket does not hold the key that it names. Check that site-worker, and nothing else, listens there.");
        return new WorkerKey { PublicKey = reply.PublicKey, Proof = reply.Proof, Renewals = reply.Renewals };
    }

    public async Task<StudyVerdict> OfferStudyAsync(SignedStudy study, bool withdrawn, CancellationToken stop)
    {
        var request = new OfferStudyRequest { Canonical = study.Canonical, Signature = study.Signature, Certificate = study.Certificate, Withdrawn = withdrawn };
        return Verdict(await _port.OfferStudyAsync(request, cancellationToken: stop));
    }

    public async Task<GatewayEvent> PerformAsync(OfferedStep offer, string site, CancellationToken stop)
    {
        using var span = Telemetry.Start("perform", offer.TraceParent);
        var order = new StepOrder
        {
            Trace = span is not null,
            Run = offer.Step.Run.Value,
            Round = (uint)offer.Step.Round.Value,
            Kind = (StepOrder.Types.Kind)offer.Step.Kind,
            Attempt = (uint)offer.Step.Attempt,
            StudyDigest = ByteString.CopyFrom(offer.Study.Value.Span),
            ParametersDigest = offer.Parameters is { } parameters ? ByteString.CopyFrom(parameters.Span) : ByteString.Empty,
            Constants = UnsafeByteOperations.UnsafeWrap(offer.Constants),
            Site = site,
            Inputs = UnsafeByteOperations.UnsafeWrap(offer.Inputs),
            Ledger = UnsafeByteOperations.UnsafeWrap(offer.Ledger),
            FileDigest = offer.File is { } file ? ByteString.CopyFrom(file.Digest.Span) : ByteString.Empty,
        };
        var result = await _port.PerformAsync(order, cancellationToken: stop);
        Telemetry.Report(span, result.Spans);
        switch (result.BodyCase)
        {
            case StepResult.BodyOneofCase.Ticket when TryTicket(result.Ticket, out var ticket) && ticket.Step == offer.Step:
                return new StepPerformed(ticket);
            case StepResult.BodyOneofCase.Declined when result.Declined != Reason.Unspecified:
                return new StepDeclined(offer.Step, (SiteReason)result.Declined);
            default:
                throw new RpcException(new Status(StatusCode.DataLoss, $"The worker answered the order for {offer.Step} with neither a ticket for it nor a reason."));
        }
    }

    public async Task<ImmutableArray<HeldTicket>> ListHeldAsync(CancellationToken stop)
    {
        var reply = await _port.ListHeldAsync(new ListHeldRequest(), cancellationToken: stop);
        return [.. reply.Held.Select(t => TryTicket(t, out var ticket) ? ticket
            : throw new RpcException(new Status(StatusCode.DataLoss, "The worker listed a release whose ticket is malformed.")))];
    }

    public async Task SettleAsync(HeldTicket ticket, Outcome outcome, CancellationToken stop)
    {
        var request = new SettleRequest { ReleaseDigest = ByteString.CopyFrom(ticket.Digest.Span), Outcome = (SettleRequest.Types.Outcome)outcome };
        await _port.SettleAsync(request, cancellationToken: stop);
    }

    public async Task<OrderAnswered> OfferServingAsync(OfferedOrder order, CancellationToken stop)
    {
        var status = await AskAsync(new OfferServingRequest { Order = UnsafeByteOperations.UnsafeWrap(order.Signed) }, order, stop);
        return Answer(status) is { } answer && answer.Order == order.Digest ? answer : throw new RpcException(new Status(StatusCode.DataLoss, $"The worker did not answer the order {order.Order.Sequence} for {order.Order.Line}."));
    }

    // A worker of the version before knows no orders: it serves nothing, which is an answer too.
    private async Task<ServingStatus> AskAsync(OfferServingRequest request, OfferedOrder order, CancellationToken stop)
    {
        try
        {
            return await _port.OfferServingAsync(request, cancellationToken: stop);
        }
        catch (RpcException unknown) when (unknown.StatusCode == StatusCode.Unimplemented)
        {
            return new ServingStatus { OrderDigest = ByteString.CopyFrom(order.Digest.Span), State = ServingStatus.Types.State.NotAllowed };
        }
    }

    /// <summary>What the worker says by itself, as it comes; ends or throws when the worker goes.</summary>
    public async IAsyncEnumerable<GatewayEvent> WatchAsync([EnumeratorCancellation] CancellationToken stop)
    {
        using var call = _port.Watch(new WatchRequest(), cancellationToken: stop);
        await foreach (var status in call.ResponseStream.ReadAllAsync(stop))
        {
            if (status.Study is { } study)
                yield return new VerdictGiven(Verdict(study));
            if (status.Serving is { } serving && Answer(serving) is { } answer)
                yield return answer;
            if (status.Withdrawal is { ModelDigest.Length: Sha256Digest.Length } withdrawal && Enum.IsDefined((ModelWithdrawn.Types.Reason)withdrawal.Reason))
            {
                yield return new ModelTakenBack(new ModelWithdrawn
                {
                    ModelDigest = withdrawal.ModelDigest, Reason = (ModelWithdrawn.Types.Reason)withdrawal.Reason, AtUnixSeconds = withdrawal.AtUnixSeconds,
                });
            }
        }
    }

    public void Dispose()
    {
        _channel.Dispose();
        _handler.Dispose();
    }

    private static StudyVerdict Verdict(StudyStatus status) => new()
    {
        StudyDigest = status.StudyDigest,
        State = (StudyVerdict.Types.State)status.State,
        Reason = (SiteReason)status.Reason,
        Signature = status.Signature,
    };

    // Null where it is none.
    private static OrderAnswered? Answer(ServingStatus status) =>
        status.OrderDigest.Length == Sha256Digest.Length && status.State != ServingStatus.Types.State.Unspecified && Enum.IsDefined((ServingReport.Types.State)status.State) && status.Missing.All(model => model.Length == Sha256Digest.Length)
            ? new OrderAnswered(new Sha256Digest(status.OrderDigest.Span), (ServingReport.Types.State)status.State, [.. status.Missing.Select(model => new Sha256Digest(model.Span))], status.SinceUnixSeconds) : null;

    private static bool TryTicket(ReleaseTicket ticket, out HeldTicket held)
    {
        held = null!;
        if (!Wire.TryStep(ticket.Run, ticket.Round, (int)ticket.Kind, ticket.Attempt, out var step)
            || ticket.ReleaseDigest.Length != Sha256Digest.Length || ticket.Length is 0 or > long.MaxValue)
            return false;
        held = new HeldTicket(step, new Sha256Digest(ticket.ReleaseDigest.Span), ticket.File, (long)ticket.Length);
        return true;
    }
}
