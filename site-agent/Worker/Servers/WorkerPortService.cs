using System.Threading.Channels;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.Studies;
using Google.Protobuf;
using Grpc.Core;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>The gateway's socket. Only closed reasons, tickets and signatures go back.</summary>
internal sealed class WorkerPortService(WorkerCore core, Retention retention, TimeProvider time, ILogger<WorkerPortService> log) : WorkerPort.WorkerPortBase
{
    // One computation at a time, on threads that live on: a new thread for each finds none of the array pool's blocks.
    private static readonly TaskScheduler Computing = new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler;

    public override Task<IdentifyReply> Identify(IdentifyRequest request, ServerCallContext context) => Task.FromResult(core.Identify(request));

    public override Task<StudyStatus> OfferStudy(OfferStudyRequest request, ServerCallContext context) => Task.FromResult(core.Offer(request));

    // Not bound to the call: losing the call loses nothing, the same order finds the release that this one makes.
    public override Task<StepResult> Perform(StepOrder request, ServerCallContext context) => Task.Factory.StartNew(
        () =>
        {
            retention.Check();
            var result = core.Perform(request, decline => log.Declined(request.Run, request.Round, request.Kind, request.Attempt, decline.Reason, decline.Message),
                why => log.StatementIgnored(request.Run, request.Round, request.Attempt, why));
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
        var changes = Channel.CreateUnbounded<StudyDigest>();
        void Changed(StudyDigest study) => changes.Writer.TryWrite(study);
        core.StudyChanged += Changed; // before the present state is sent: nothing may fall between
        try
        {
            foreach (var status in core.Statuses())
                await Send(responseStream, status, context.CancellationToken);
            await foreach (var study in changes.Reader.ReadAllAsync(context.CancellationToken))
            {
                if (core.StatusOf(study) is { } status)
                    await Send(responseStream, status, context.CancellationToken);
            }
        }
        catch (OperationCanceledException) when (context.CancellationToken.IsCancellationRequested)
        {
            // the watcher left
        }
        finally
        {
            core.StudyChanged -= Changed;
        }
    }

    private Task Send(IServerStreamWriter<WorkerStatus> stream, StudyStatus status, CancellationToken cancel) =>
        stream.WriteAsync(new WorkerStatus { Study = status, AtUnixSeconds = time.GetUtcNow().ToUnixTimeSeconds() }, cancel);
}
