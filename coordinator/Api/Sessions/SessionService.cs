using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.Coordinator.Studies;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace FederatedClinicalMl.Coordinator.Api.Sessions;

/// <summary>How sessions are kept alive.</summary>
/// <param name="PingEvery">Between pings; a site that leaves three unanswered is taken for gone.</param>
/// <param name="Versions">Protocol versions that the coordinator speaks.</param>
public sealed record SessionOptions(TimeSpan PingEvery, ProtocolVersions Versions)
{
    /// <summary>A ping every 20 seconds.</summary>
    public static readonly SessionOptions Default = new(TimeSpan.FromSeconds(20), ProtocolVersions.Ours);
}

/// <summary>
/// The one stream of a site.
/// 1. Hello: versions, the enrolled worker's key, or what that was renewed to, with a proof for this certificate. What does not fit ends in a Farewell.
/// 2. Welcome. 3. The session takes the place of an older one. 4. All studies that involve the site, all steps open for it, and for every
/// release that it holds what became of it; and every serving order. 5. Whatever happens from then on, until one side ends.
/// Between 3 and 4 live messages may come first or twice; every message is idempotent by its step or study.
/// </summary>
public sealed partial class SessionService(
    SessionHub hub, StudyDesk studies, ServingOrders orders, SiteReports reports, ModelLines lines, Runs runs, RoundTraces traces, MemberStore members, EnrolmentDesk enrolment, CoordinatorIdentity identity, SessionOptions options, TimeProvider time,
    ILogger<SessionService> log) : Session.SessionBase
{
    private const int UnansweredPings = 3;
    private const int MostHeld = 10_000;
    private const long LatestUnixSeconds = 4_102_444_800; // the year 2100
    private static readonly TimeSpan HelloWithin = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(30);

    /// <inheritdoc/>
    public override async Task Connect(
        IAsyncStreamReader<SiteMessage> requestStream, IServerStreamWriter<CoordinatorMessage> responseStream, ServerCallContext context)
    {
        var caller = Caller.Of(context);
        var site = caller.Member.Site;
        if (await ReadHelloAsync(requestStream, context.CancellationToken) is not { } hello)
        {
            await RefuseAsync(responseStream, site, Fault.RequestInvalid, "The first message must be Hello.");
            return;
        }

        var (version, fault, detail) = options.Versions.Negotiate(hello);
        if (fault is null && hello.Held.Count > MostHeld)
            (fault, detail) = (Fault.RequestInvalid, $"Hello names {hello.Held.Count} releases; at most {MostHeld} are answered.");
        if (fault is null && hello.WorkerKey is null)
        {
            // So asks `site-agent doctor`, which must not take a running session's place: a Hello that claims no key is refused without alarm.
            LogAsked(site, version);
            await SayFarewellAsync(responseStream, Fault.WorkerKeyWrong, null);
            return;
        }

        if (fault is null && CheckWorker(caller, hello.WorkerKey) is null)
            fault = Fault.WorkerKeyWrong;
        if (fault is not null)
        {
            await RefuseAsync(responseStream, site, fault, detail);
            return;
        }

        var worker = new VerifyingKey(hello.WorkerKey.PublicKey.ToByteArray());
        var now = time.GetUtcNow();
        var behind = TimeSpan.FromMilliseconds(Math.Clamp(now.ToUnixTimeMilliseconds() - (double)hello.ClockUnixMilliseconds, -1e15, 1e15));
        if (behind.Duration() > Skew)
            LogSkew(site, behind);
        members.Contact(caller.Member, EnrolmentDesk.Trim(hello.SoftwareVersion), now);
        await responseStream.WriteAsync(new CoordinatorMessage
        {
            Welcome = new Welcome
            {
                Protocol = version, CoordinatorId = identity.Id, ClockUnixMilliseconds = now.ToUnixTimeMilliseconds(),
                PingSeconds = (uint)options.PingEvery.TotalSeconds,
            },
        });

        var session = hub.Open(site, context.GetHttpContext().Connection.Id);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken);
        var pings = new Pings();
        var reading = ReadAsync(requestStream, session, worker, pings, over.Token);
        try
        {
            await CatchUpAsync(session, hello);
            using var timer = time.CreateTimer(_ => Ping(session, pings), null, options.PingEvery, options.PingEvery);
            await WriteAsync(responseStream, session, over.Token);
        }
        finally
        {
            // The end of a stream may overtake its last message at the other side: after a farewell the site ends it, if it does so soon.
            if (session.Farewell is not null)
                await Task.WhenAny(reading, Task.Delay(Revocation.FarewellWithin, time, over.Token));
            await over.CancelAsync();
            await reading;
            hub.Ended(session);
            members.Contact(caller.Member, EnrolmentDesk.Trim(hello.SoftwareVersion), time.GetUtcNow());
        }
    }

    private static void Ping(SiteSession session, Pings pings)
    {
        if (pings.Sent - pings.Answered >= UnansweredPings)
            session.Close(Fault.SessionSilent);
        else
            session.Send(new CoordinatorMessage { Ping = new Ping { Number = pings.Next() } });
    }

    private static async Task WriteAsync(IServerStreamWriter<CoordinatorMessage> stream, SiteSession session, CancellationToken gone)
    {
        try
        {
            while (session.Farewell is null && await session.Outgoing.WaitToReadAsync(gone))
            {
                while (session.Farewell is null && session.Outgoing.TryRead(out var message))
                    await stream.WriteAsync(message, gone);
            }

            if (session.Farewell is { } fault)
                await stream.WriteAsync(new CoordinatorMessage { Farewell = new Farewell { Fault = fault } }, gone);
        }
        catch (OperationCanceledException) when (gone.IsCancellationRequested)
        {
            // The site went, or ended its side: there is nobody to write to.
        }
        catch (Exception error) when (error is IOException or InvalidOperationException)
        {
            // The stream broke while it was written to: for the session that is the same.
        }
    }

    /// <summary>Reads until the site ends its side, breaks a rule, or the session is over; then the queue is completed, which ends the writer.</summary>
    private async Task ReadAsync(
        IAsyncStreamReader<SiteMessage> stream, SiteSession session, VerifyingKey worker, Pings pings, CancellationToken over)
    {
        try
        {
            while (await stream.MoveNext(over))
            {
                if (session.Farewell is null) // after it nothing is taken: the site may be revoked
                    await TakeAsync(session, worker, pings, stream.Current);
            }
        }
        catch (FaultException refused)
        {
            LogRefused(session.Site, refused.Fault.Code, refused.Message);
            session.Close(refused.Fault);
        }
        catch (Exception) when (over.IsCancellationRequested)
        {
            // Over.
        }
        catch (Exception error) when (error is IOException or RpcException or InvalidOperationException)
        {
            LogBroke(error, session.Site);
        }
        catch (Exception error)
        {
            LogFailed(error, session.Site);
            session.Close(Fault.Internal);
        }
        finally
        {
            session.Complete();
        }
    }

    private async Task TakeAsync(SiteSession session, VerifyingKey worker, Pings pings, SiteMessage message)
    {
        switch (message.BodyCase)
        {
            case SiteMessage.BodyOneofCase.Pong:
                pings.Answer(message.Pong.Number);
                break;
            case SiteMessage.BodyOneofCase.StudyVerdict:
                await JudgeAsync(session.Site, worker, message.StudyVerdict);
                break;
            case SiteMessage.BodyOneofCase.StepAnswer:
                if (!Messages.TryParse(message.StepAnswer.Step, out var step))
                    throw new FaultException(Fault.RequestInvalid, "A step answer names no step.");
                if (message.StepAnswer.Declined != SiteReason.Unspecified)
                    await DeclineAsync(session.Site, step, message.StepAnswer.Declined);
                break;
            case SiteMessage.BodyOneofCase.ServingReport:
                Take(session.Site, message.ServingReport);
                break;
            case SiteMessage.BodyOneofCase.ModelWithdrawn:
                Withdraw(session.Site, message.ModelWithdrawn);
                break;
            default:
                throw new FaultException(Fault.RequestInvalid, "After Hello come verdicts, step answers, reports of what is served, withdrawals and pongs.");
        }
    }

    private async Task JudgeAsync(SiteId site, VerifyingKey worker, StudyVerdict verdict)
    {
        try
        {
            var (study, withdrawn) = studies.Judge(site, worker, verdict);
            if (withdrawn)
                await runs.RemoveAsync(site, GoneReason.ApprovalWithdrawn, study);
        }
        catch (FaultException refused)
        {
            // It counts for nothing, which is the safe side; ending the session would only make the gateway send it again.
            LogRefused(site, refused.Fault.Code, refused.Message);
        }
    }

    private async Task DeclineAsync(SiteId site, StepId step, SiteReason reason)
    {
        if (!Enum.IsDefined(reason))
            throw new FaultException(Fault.RequestInvalid, $"There is no reason {(int)reason}.");
        if (await runs.SendAsync(step.Run, now => new DeclineStep(now, step, site, reason)) is Refused refused)
            LogAnswerRefused(site, step, refused.Sentence); // late, or of an older attempt: the run has gone on
    }

    private void Take(SiteId site, ServingReport report)
    {
        if (!Enum.IsDefined((ServingState)report.State) || lines.Of(report.Line).Ordered.Sequence < report.Order || report.Order < 1 || Math.Abs(report.SinceUnixSeconds) > LatestUnixSeconds)
            throw new FaultException(Fault.RequestInvalid, "A report is of no order that there was, or has no state.");
        reports.Take(site, report.Line, new SiteReport(report.Order, (ServingState)report.State, DateTimeOffset.FromUnixTimeSeconds(report.SinceUnixSeconds)));
    }

    // Recorded before anything follows from it; where it ends a rollout, every site is ordered so at once.
    private void Withdraw(SiteId site, ModelWithdrawn message)
    {
        if (message.ModelDigest.Length != Sha256Digest.Length || !Enum.IsDefined((WithdrawalReason)message.Reason) || Math.Abs(message.AtUnixSeconds) > LatestUnixSeconds)
            throw new FaultException(Fault.RequestInvalid, "A withdrawal names no model, or has no reason.");
        var model = new Sha256Digest(message.ModelDigest.Span);
        if (lines.All.FirstOrDefault(line => line.Of(model) is not null) is not { } line)
        {
            LogRefused(site, Fault.ModelUnknown.Code, "It has withdrawn a model that is no version here.");
            return;
        }

        var (after, _) = lines.Handle(line.Name, null, _ => new WithdrawnAtSite(site, new Withdrawal(line.Name, model, (WithdrawalReason)message.Reason, DateTimeOffset.FromUnixTimeSeconds(message.AtUnixSeconds))));
        if (after.Withdrawals.Count > line.Withdrawals.Count)
            LogWithdrawn(site, model, line.Name, (WithdrawalReason)message.Reason);
    }

    private async Task CatchUpAsync(SiteSession session, Hello hello)
    {
        foreach (var study in studies.All.Where(s => s.Involves(session.Site)))
            session.Send(new CoordinatorMessage { StudyOffer = new StudyOffer { Study = study.Signed } });

        foreach (var order in orders.All)
            session.Send(Messages.Serve(order));

        var offers = await runs.OffersForAsync(session.Site);
        foreach (var offer in offers)
            session.Send(Messages.Offer(offer, traces.ParentOf(offer.Step)));

        foreach (var held in hello.Held)
        {
            if (!Messages.TryParse(held.Step, out var step) || held.ReleaseDigest.Length != Sha256Digest.Length)
            {
                session.Close(Fault.RequestInvalid, "Hello names a release that is none.");
                return;
            }

            if (await runs.SettlementForAsync(session.Site, step, new Sha256Digest(held.ReleaseDigest.Span)) is { } settlement)
                session.Send(Messages.Settled(step, settlement));
        }
    }

    private VerifyingKey? CheckWorker(Caller caller, WorkerKey? sent)
    {
        var challenge = Sha256Digest.Of(caller.Certificate.RawDataMemory.Span);
        return WorkerKeys.Check(sent, challenge) is { } key && enrolment.Recognise(caller.Member.Site, key, WorkerKeys.Renewals(sent!)) ? key : null;
    }

    private async Task<Hello?> ReadHelloAsync(IAsyncStreamReader<SiteMessage> stream, CancellationToken gone)
    {
        using var late = new CancellationTokenSource(HelloWithin, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(gone, late.Token);
        try
        {
            return await stream.MoveNext(either.Token) && stream.Current.BodyCase == SiteMessage.BodyOneofCase.Hello ? stream.Current.Hello : null;
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested)
        {
            return null;
        }
        catch (Exception unreadable) when (unreadable is IOException or InvalidDataException)
        {
            return null; // bytes that are no message are no Hello either
        }
    }

    private async Task RefuseAsync(IServerStreamWriter<CoordinatorMessage> stream, SiteId site, Fault fault, string? detail)
    {
        LogRefused(site, fault.Code, fault.Say(detail));
        await SayFarewellAsync(stream, fault, detail);
    }

    private static Task SayFarewellAsync(IServerStreamWriter<CoordinatorMessage> stream, Fault fault, string? detail) =>
        stream.WriteAsync(new CoordinatorMessage { Farewell = new Farewell { Fault = fault.ToMessage(detail) } });

    private sealed class Pings
    {
        private ulong _sent;
        private ulong _answered;

        public ulong Sent => Volatile.Read(ref _sent);

        public ulong Answered => Volatile.Read(ref _answered);

        public ulong Next() => Interlocked.Increment(ref _sent);

        // A number that was never sent answers nothing.
        public void Answer(ulong number) => Volatile.Write(ref _answered, Math.Max(Answered, number <= Sent ? number : 0));
    }

    [LoggerMessage(1410, LogLevel.Warning, "{Site}: what it sent was refused with {Code}: {Sentence}")]
    private partial void LogRefused(SiteId site, string code, string sentence);

    [LoggerMessage(1411, LogLevel.Warning, "{Site}: its clock is {Behind} behind the coordinator's; certificates and deadlines need clocks that agree")]
    private partial void LogSkew(SiteId site, TimeSpan behind);

    [LoggerMessage(1412, LogLevel.Information, "{Site}: the stream broke")]
    private partial void LogBroke(Exception error, SiteId site);

    [LoggerMessage(1413, LogLevel.Error, "{Site}: a message could not be handled")]
    private partial void LogFailed(Exception error, SiteId site);

    [LoggerMessage(1414, LogLevel.Information, "{Site}: its answer to {Step} changes nothing: {Sentence}")]
    private partial void LogAnswerRefused(SiteId site, StepId step, string sentence);

    [LoggerMessage(1416, LogLevel.Warning, "{Site}: its scoring has taken the model {Model} of {Line} out of use: {Reason}")]
    private partial void LogWithdrawn(SiteId site, Sha256Digest model, string line, WithdrawalReason reason);

    [LoggerMessage(1415, LogLevel.Information, "{Site} asked which versions are spoken, without a worker's key, as its doctor does; it was told {Version} and sent away")]
    private partial void LogAsked(SiteId site, uint version);
}
