using System.Threading.Channels;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.Studies;
using Google.Protobuf;
using Grpc.Core;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>The gateway's socket. Only closed reasons, tickets and signatures go back.</summary>
internal sealed class WorkerPortService(WorkerCore core, ServingDesk serving, Retention retention, TimeProvider time, ILogger<WorkerPortService> log) : WorkerPort.WorkerPortBase
{
    // One computation at a time, on threads that live on: a new thread for each finds none of the array pool's blocks.
    private static readonly TaskScheduler Computing = new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler;

    public override Task<IdentifyReply> Identify(IdentifyRequest request, ServerCallContext context) => Task.FromResult(core.Identify(request));

    public override Task<StudyStatus> OfferStudy(OfferStudyRequest request, ServerCallContext context) => Task.FromResult(core.Offer(request));

    public override Task<ServingStatus> OfferServing(OfferServingRequest request, ServerCallContext context) => Task.Run(() => ServingWire.Write(serving.Offer(request.Order.Span)));

    // Not bound to the call: losing the call loses nothing, the same order finds the release that this one makes.
    public override Task<StepResult> Perform(StepOrder request, ServerCallContext context) => Task.Factory.StartNew(
        () =>
        {
            retention.Check();
            using var spans = request.Trace ? new StepSpans() : null;
            var result = core.Perform(request, decline => log.Declined(request.Run, request.Round, request.Kind, request.Attempt, decline.Reason, decline.Message),
                why => log.StatementIgnored(request.Run, request.Round, request.Attempt, why));
            spans?.AddTo(result);
            if (result.Ticket is { } ticket)
                log.Released(ticket.File, ticket.Length);
            return result;
        },
        CancellationToken.None, TaskCreationOptions.None, Computing);

    public override Task<ListHeldReply> ListHeld(ListHeldRequest request, ServerCallContext context)
    {
        var reply = new ListHeldReply();
        reply.Held.AddRange(core.Held());
        return Task.FromResult(reply);
    }

    public override Task<SettleReply> Settle(SettleRequest request, ServerCallContext context)
    {
        if (core.Broken is not null)
            throw new RpcException(new Status(StatusCode.FailedPrecondition, nameof(Reason.LogBroken)));
        core.Settle(request);
        return Task.FromResult(new SettleReply());
    }

    public override async Task Watch(WatchRequest request, IServerStreamWriter<WorkerStatus> responseStream, ServerCallContext context)
    {
        var changes = Channel.CreateUnbounded<WorkerStatus>();
        void Changed(StudyDigest study) => changes.Writer.TryWrite(new WorkerStatus { Study = new StudyStatus { StudyDigest = ByteString.CopyFrom(study.Value.Span) } });
        void Served(ServingAnswer answer) => changes.Writer.TryWrite(new WorkerStatus { Serving = ServingWire.Write(answer) });
        void Withdrawn(Withdrawal withdrawal) => changes.Writer.TryWrite(new WorkerStatus { Withdrawal = ServingWire.Write(withdrawal) });
        core.StudyChanged += Changed; // before the present state is sent: nothing may fall between
        serving.Changed += Served;
        serving.WithdrawnHere += Withdrawn;
        try
        {
            foreach (var status in core.Statuses())
                await Send(responseStream, new WorkerStatus { Study = status }, context.CancellationToken);
            foreach (var answer in serving.Answers())
                await Send(responseStream, new WorkerStatus { Serving = ServingWire.Write(answer) }, context.CancellationToken);
            foreach (var withdrawal in serving.Withdrawals())
                await Send(responseStream, new WorkerStatus { Withdrawal = ServingWire.Write(withdrawal) }, context.CancellationToken);
            await foreach (var change in changes.Reader.ReadAllAsync(context.CancellationToken))
            {
                // A study's status is signed as it is when it is sent: it may have changed again.
                if (change.Study is { } study)
                    change.Study = core.StatusOf(new StudyDigest(new Sha256Digest(study.StudyDigest.Span)));
                if (change is not { Study: null, Serving: null, Withdrawal: null })
                    await Send(responseStream, change, context.CancellationToken);
            }
        }
        catch (OperationCanceledException) when (context.CancellationToken.IsCancellationRequested)
        {
            // the watcher left
        }
        finally
        {
            core.StudyChanged -= Changed;
            serving.Changed -= Served;
            serving.WithdrawnHere -= Withdrawn;
        }
    }

    private Task Send(IServerStreamWriter<WorkerStatus> stream, WorkerStatus status, CancellationToken cancel)
    {
        status.AtUnixSeconds = time.GetUtcNow().ToUnixTimeSeconds();
        return stream.WriteAsync(status, cancel);
    }
}
