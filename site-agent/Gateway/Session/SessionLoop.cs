using System.Collections.Immutable;
using System.Threading.Channels;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace FederatedClinicalMl.SiteAgent.Gateway;

/// <summary>
/// Keeps one outbound stream to the coordinator open: Hello, Welcome, then whatever comes. When it ends, another is opened after a jittered
/// wait; a stream on which nothing arrives for three ping intervals is taken for dead. Nothing is ever polled.
/// </summary>
internal sealed partial class SessionLoop(
    Func<CancellationToken, Task<(CoordinatorChannel Channel, WorkerKey Proof)>> link,
    Func<Task<ImmutableArray<HeldTicket>>> nameHeld,
    Action<GatewayEvent> post,
    Backoff waits,
    TimeProvider time,
    ILogger log)
{
    private static readonly TimeSpan PatienceForWelcome = TimeSpan.FromSeconds(30);
    private const int MissedPings = 3;

    private readonly Lock _gate = new(); // guards the two below
    private ChannelWriter<SiteMessage>? _out;
    private CancellationTokenSource? _present;

    /// <summary>Runs until <paramref name="stop"/>.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (true)
        {
            using var present = CancellationTokenSource.CreateLinkedTokenSource(stop);
            lock (_gate)
                _present = present; // before the link is asked for: whoever wants another one from here on is heard
            try
            {
                var (channel, proof) = await link(stop);
                await TryAsync(channel, proof, present);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (OperationCanceledException)
            {
                LogSessionSilentOrReopened();
            }
            finally
            {
                lock (_gate)
                    _present = null;
            }

            try
            {
                await Task.Delay(waits.Next(), time, stop);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>Sends on the present session; without one the message is dropped, as <see cref="GatewayCore"/> expects.</summary>
    public void Send(SiteMessage message)
    {
        lock (_gate)
            _out?.TryWrite(message);
    }

    /// <summary>Ends the present session, so that another is opened.</summary>
    public void Reopen()
    {
        lock (_gate)
            _present?.Cancel();
    }

    private async Task TryAsync(CoordinatorChannel used, WorkerKey proof, CancellationTokenSource present)
    {
        try
        {
            await HoldAsync(used, proof, present);
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.Cancelled)
        {
            throw new OperationCanceledException("The session was ended from here.", e); // silence, a reason to open another, or the end of the gateway
        }
        catch (RpcException e)
        {
            var fault = used.Explain(e);
            if (!fault.Passes)
                waits.Despair();
            LogSessionBroke(fault.Code, fault.Sentence);
        }
    }

    private async Task HoldAsync(CoordinatorChannel used, WorkerKey proof, CancellationTokenSource present)
    {
        var outgoing = Channel.CreateUnbounded<SiteMessage>(new UnboundedChannelOptions { SingleReader = true });
        using var silence = time.CreateTimer(_ => present.Cancel(), null, PatienceForWelcome, Timeout.InfiniteTimeSpan);
        using var call = new Session.SessionClient(used.Grpc).Connect(cancellationToken: present.Token);
        var hello = new Hello
        {
            OldestProtocol = SoftwareVersion.OldestProtocol,
            NewestProtocol = SoftwareVersion.NewestProtocol,
            SoftwareVersion = SoftwareVersion.Text,
            WorkerKey = proof,
            ClockUnixMilliseconds = time.GetUtcNow().ToUnixTimeMilliseconds(),
        };
        hello.Held.AddRange((await nameHeld()).Select(Wire.ToWire));
        outgoing.Writer.TryWrite(new SiteMessage { Hello = hello });
        lock (_gate)
            _out = outgoing.Writer;
        var writing = WriteAsync(call.RequestStream, outgoing.Reader, present.Token);
        var opened = false;
        try
        {
            var patience = PatienceForWelcome;
            await foreach (var message in call.ResponseStream.ReadAllAsync(present.Token))
            {
                if (message.BodyCase == CoordinatorMessage.BodyOneofCase.Welcome && !opened)
                {
                    opened = true;
                    waits.Reset();
                    patience = MissedPings * TimeSpan.FromSeconds(Math.Clamp(message.Welcome.PingSeconds, 1, 3600));
                    var clock = DateTimeOffset.UnixEpoch.AddMilliseconds(message.Welcome.ClockUnixMilliseconds);
                    LogOpened(used.Coordinator, message.Welcome.Protocol, message.Welcome.CoordinatorId, Math.Round((clock - time.GetUtcNow()).TotalSeconds));
                    post(new SessionOpened(clock));
                }
                else if (message.BodyCase == CoordinatorMessage.BodyOneofCase.Farewell)
                {
                    OnFarewell(message.Farewell.Fault);
                    return;
                }
                else if (opened)
                {
                    Receive(message, outgoing.Writer);
                }
                else
                {
                    LogNotUnderstood(message.BodyCase.ToString());
                }

                silence.Change(patience, Timeout.InfiniteTimeSpan);
            }

            LogEnded();
        }
        finally
        {
            lock (_gate)
                _out = null;
            await present.CancelAsync();
            await writing;
            if (opened)
                post(new SessionClosed());
        }
    }

    private void Receive(CoordinatorMessage message, ChannelWriter<SiteMessage> outgoing)
    {
        if (message.BodyCase == CoordinatorMessage.BodyOneofCase.Ping)
        {
            outgoing.TryWrite(new SiteMessage { Pong = new Pong { Number = message.Ping.Number } });
            return;
        }

        if (Wire.Read(message, out var flaw) is { } happened)
        {
            if (happened is StepEnded { Outcome: StepSettled.Types.Outcome.Refused } refused)
                LogReleaseRefused(refused.Step, message.StepSettled.Fault?.Code ?? "", message.StepSettled.Fault?.Sentence ?? "");
            post(happened);
        }
        else if (flaw is not null)
        {
            LogNotUnderstood(flaw);
        }
    }

    private void OnFarewell(Fault? fault)
    {
        if (fault is null || fault.Code is "COORDINATOR_STOPPING" or "SESSION_TOO_SLOW" or "SESSION_SILENT")
        {
            LogFarewell(fault?.Code ?? "", fault?.Sentence ?? "");
            return;
        }

        waits.Despair(); // revoked, replaced by a twin, of the wrong version: coming back at once would only be sent away again
        LogSentAway(fault.Code, fault.Sentence);
    }

    private static async Task WriteAsync(IClientStreamWriter<SiteMessage> stream, ChannelReader<SiteMessage> outgoing, CancellationToken stop)
    {
        try
        {
            await foreach (var message in outgoing.ReadAllAsync(stop))
                await stream.WriteAsync(message, stop);
        }
        catch (Exception e) when (e is OperationCanceledException or RpcException or InvalidOperationException or IOException)
        {
            // The stream has ended; why it did, the reading side learns and says.
        }
    }

    [LoggerMessage(2201, LogLevel.Information, "Session with {Coordinator} open: protocol {Protocol}, coordinator {CoordinatorId}, its clock {ClockAheadSeconds} s ahead")]
    private partial void LogOpened(Uri coordinator, uint protocol, string coordinatorId, double clockAheadSeconds);

    [LoggerMessage(2202, LogLevel.Warning, "Session broke: {Code}: {Sentence}")]
    private partial void LogSessionBroke(string code, string sentence);

    [LoggerMessage(2203, LogLevel.Information, "Session ends and is opened again: nothing arrived for three ping intervals, or held releases or a new certificate are to be shown")]
    private partial void LogSessionSilentOrReopened();

    [LoggerMessage(2204, LogLevel.Information, "The coordinator took leave: {Code} {Sentence}")]
    private partial void LogFarewell(string code, string sentence);

    [LoggerMessage(2205, LogLevel.Error, "The coordinator sent us away: {Code}: {Sentence}")]
    private partial void LogSentAway(string code, string sentence);

    [LoggerMessage(2206, LogLevel.Warning, "A message of the coordinator was not understood and is passed over: {Kind}")]
    private partial void LogNotUnderstood(string kind);

    [LoggerMessage(2207, LogLevel.Information, "The coordinator ended the stream")]
    private partial void LogEnded();

    [LoggerMessage(2208, LogLevel.Error, "The release of {Step} was refused: {Code}: {Sentence}")]
    private partial void LogReleaseRefused(StepId step, string code, string sentence);
}
