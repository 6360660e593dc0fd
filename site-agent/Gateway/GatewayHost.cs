using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Threading.Channels;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace FederatedClinicalMl.SiteAgent.Gateway;

/// <summary>
/// The live gateway: the sockets, files and timers around <see cref="GatewayCore"/>. One reader feeds the core; whatever it wants done runs
/// beside it and reports back as an event. Embeddable: tests and the demo run it in their own process.
/// </summary>
/// <param name="options">Where its things are.</param>
/// <param name="loggers">Where its log goes.</param>
/// <param name="time">The clock.</param>
/// <param name="jitter">Uniform draws from [0, 1) for the waits between attempts; null: from the operating system's generator.</param>
public sealed partial class GatewayHost(GatewayOptions options, ILoggerFactory loggers, TimeProvider time, Func<double>? jitter = null)
{
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(200), LongestWait = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan FirstWorkerWait = TimeSpan.FromMilliseconds(50), LongestWorkerWait = TimeSpan.FromSeconds(2);

    private readonly GatewayOptions _options = options;
    private readonly TimeProvider _timeProvider = time;
    private readonly ILogger _log = loggers.CreateLogger<GatewayHost>();
    private readonly Func<double> _jitter = jitter ?? Backoff.Draw;
    private volatile bool _sessionOpen, _workerThere; // for who watches the process; the core has its own
    private readonly TaskCompletionSource _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Runs until <paramref name="stop"/>. Nothing has to be finished on the way out: everything resumes.</summary>
    /// <exception cref="AgentException">It cannot start, or has to be mended by a person.</exception>
    public async Task RunAsync(CancellationToken stop)
    {
        Directory.CreateDirectory(_options.Incoming);
        using var life = new Life(this, stop);
        await life.RunAsync();
    }

    /// <summary>Completes when the coordinator has let this site in for the first time.</summary>
    public Task Connected => _connected.Task;

    /// <summary>Whether the coordinator has let this site in.</summary>
    public bool HasSession => _sessionOpen;

    /// <summary>Whether the worker answers.</summary>
    public bool HasWorker => _workerThere;

    private Backoff NetworkBackoff() => new(FirstWait, LongestWait, _jitter);

    /// <summary>Everything that one call of <see cref="RunAsync"/> holds.</summary>
    private sealed class Life : IDisposable
    {
        private readonly GatewayHost _host;
        private readonly TimeProvider _time;
        private readonly CancellationTokenSource _stop;
        private readonly Channel<Action> _inbox = Channel.CreateUnbounded<Action>(new UnboundedChannelOptions { SingleReader = true });
        private readonly ConcurrentDictionary<Task, byte> _tasks = [];
        private readonly TaskCompletionSource _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        // Of the inbox's reader alone:
        private readonly GatewayCore _core;
        private readonly Dictionary<Sha256Digest, CancellationTokenSource> _fetches = [];
        private readonly Dictionary<Sha256Digest, CancellationTokenSource> _modelFetches = [];
        private readonly Dictionary<StepId, CancellationTokenSource> _deliveries = [];
        private readonly Dictionary<StepId, ITimer> _reminders = [];
        private readonly Dictionary<RunId, OfferedStep> _offered = []; // the newest of each run: whose span transfers belong to

        private readonly WorkerClient _worker;
        private readonly WorkerLoop _workerLoop;
        private readonly SessionLoop _session;
        private readonly ParameterDownload _download;
        private readonly ModelDownload _models;
        private readonly ReleaseUpload _upload;
        private readonly List<CoordinatorChannel> _channels = []; // all that were opened: transfers may still run on an older one
        private readonly List<ClientIdentity> _identities = [];
        private volatile Link _link;

        public Life(GatewayHost host, CancellationToken stop)
        {
            _host = host;
            _time = host._timeProvider;
            var (options, log) = (host._options, host._log);
            _link = Open(ClientIdentity.Load(options.IdentityDirectory));
            _stop = CancellationTokenSource.CreateLinkedTokenSource(stop);
            _core = new GatewayCore(ParameterDownload.ListFiles(options.Incoming), ModelDownload.List(options.Incoming));
            _worker = new WorkerClient(options.WorkerSocket);
            _workerLoop = new WorkerLoop(_worker, PostOfWorker, new Backoff(FirstWorkerWait, LongestWorkerWait, host._jitter), _time, log);
            _session = new SessionLoop(LinkAsync, NameHeldAsync, PostOfSession, host.NetworkBackoff(), _time, log);
            var files = new FileDownload(() => _link.Channel, host.NetworkBackoff, _time, log);
            (_download, _models) = (new ParameterDownload(options.Incoming, files), new ModelDownload(options.Incoming, files));
            _upload = new ReleaseUpload(new SealedOutbox(options), () => _link.Channel, host.NetworkBackoff, _time, log);
        }

        public async Task RunAsync()
        {
            var stop = _stop.Token;
            _host.LogStarted(_link.Identity.Subject, _link.Identity.Coordinator, _link.Identity.Certificate.NotAfter.ToUniversalTime());
            Start(() => _workerLoop.RunAsync(stop));
            Start(() => _session.RunAsync(stop));
            Start(() => RenewAsync(stop));
            Start(() => ReadInboxAsync(stop));
            try
            {
                await _failed.Task.WaitAsync(stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                // asked to stop
            }
            finally
            {
                await _stop.CancelAsync();
                while (_tasks.Keys.FirstOrDefault() is { } task)
                    await task;
            }
        }

        public void Dispose()
        {
            foreach (var timer in _reminders.Values)
                timer.Dispose();
            _worker.Dispose();
            _channels.ForEach(c => c.Dispose());
            _identities.ForEach(i => i.Dispose());
            _stop.Dispose();
        }

        private void Post(GatewayEvent happened) => _inbox.Writer.TryWrite(() =>
        {
            Watch(happened);
            foreach (var action in _core.Handle(happened, _time.GetUtcNow()))
                Do(action);
        });

        private void Watch(GatewayEvent happened)
        {
            switch (happened)
            {
                case StepOffered offered:
                    _offered[offered.Offer.Step.Run] = offered.Offer;
                    break;
                case SessionOpened or SessionClosed:
                    _host._sessionOpen = happened is SessionOpened;
                    break;
                case WorkerFound or WorkerLost:
                    _host._workerThere = happened is WorkerFound;
                    break;
            }
        }

        private string? ParentOf(Func<OfferedStep, bool> wants) => _offered.Values.FirstOrDefault(wants)?.TraceParent;

        private void PostOfWorker(GatewayEvent happened)
        {
            if (happened is WorkerFound)
                Call(ProveAgainAsync);
            Post(happened);
        }

        // A worker that was started again may have renewed its key, which the coordinator hears of at the beginning of a session.
        private async Task ProveAgainAsync(CancellationToken stop)
        {
            var link = _link;
            if (link.Proof is not { } before)
                return;
            var proof = await _worker.ProveAsync(Sha256Digest.Of(link.Identity.Certificate.RawData), stop);
            if (proof.PublicKey == before.PublicKey)
                return;
            link.Proof = proof;
            _host.LogKeyRenewed(new VerifyingKey(proof.PublicKey.ToByteArray()).Fingerprint);
            _session.Reopen();
        }

        private void PostOfSession(GatewayEvent happened)
        {
            if (happened is SessionOpened)
                _host._connected.TrySetResult();
            Post(happened);
        }

        private Task<ImmutableArray<HeldTicket>> NameHeldAsync()
        {
            var answer = new TaskCompletionSource<ImmutableArray<HeldTicket>>(TaskCreationOptions.RunContinuationsAsynchronously);
            _inbox.Writer.TryWrite(() => answer.SetResult(_core.NameHeld()));
            return answer.Task.WaitAsync(_stop.Token);
        }

        private async Task ReadInboxAsync(CancellationToken stop)
        {
            await foreach (var next in _inbox.Reader.ReadAllAsync(stop))
                next();
        }

        private void Do(GatewayAction action)
        {
            switch (action)
            {
                case HandOverStudy a:
                    Call(async stop => Post(new StudyHandedOver(a.Digest, await _worker.OfferStudyAsync(a.Study, a.Withdrawn, stop))));
                    break;
                case FetchParameters a:
                    var wanted = ParentOf(offer => offer.Files.Any(file => file.Digest == a.Parameters));
                    Track(_fetches, a.Parameters, async stop =>
                    {
                        using var span = Telemetry.Start("fetch", wanted);
                        var there = await _download.FetchAsync(a.Parameters, a.Length, stop);
                        FaultPoint.Reached("parameters-arrived");
                        Post(there ? new ParametersArrived(a.Parameters) : new ParametersFailed(a.Parameters));
                    });
                    break;
                case DropParameters a:
                    Drop(_fetches, a.Parameters, _download.Remove);
                    break;
                case HandOverOrder a:
                    Call(async stop =>
                    {
                        var answer = await _worker.OfferServingAsync(a.Order, stop);
                        _host.LogOrder(a.Order.Order.Line, a.Order.Order.Sequence, answer.State);
                        Post(answer);
                    });
                    break;
                case FetchModel a:
                    Track(_modelFetches, a.Model, async stop =>
                    {
                        var there = await _models.FetchAsync(a.Model, stop);
                        FaultPoint.Reached("model-arrived");
                        Post(there ? new ModelArrived(a.Model) : new ModelFailed(a.Model));
                    });
                    break;
                case DropModel a:
                    Drop(_modelFetches, a.Model, _models.Remove);
                    break;
                case SendServing a:
                    _session.Send(new SiteMessage { ServingReport = a.Report });
                    break;
                case SendWithdrawal a:
                    _session.Send(new SiteMessage { ModelWithdrawn = a.Withdrawal });
                    break;
                case PerformStep a:
                    _host.LogPerforming(a.Offer.Step);
                    Call(async stop =>
                    {
                        var result = await _worker.PerformAsync(a.Offer, _link.Identity.Name, stop);
                        Telemetry.Answered(result);
                        if (result is StepDeclined declined)
                            _host.LogDeclined(declined.Step, declined.Reason);
                        FaultPoint.Reached("release-ticket-received");
                        Post(result);
                    });
                    break;
                case DeliverRelease a:
                    var delivered = ParentOf(offer => offer.Step == a.Ticket.Step);
                    Track(_deliveries, a.Ticket.Step, async stop =>
                    {
                        using var span = Telemetry.Start("upload", delivered);
                        var result = await _upload.DeliverAsync(a.Ticket, a.IsNew, stop);
                        if (result is ReleaseDelivered)
                        {
                            Telemetry.DeliveredBytes.Add(a.Ticket.Length);
                            _host.LogDelivered(a.Ticket.Step, a.Ticket.Length);
                        }

                        FaultPoint.Reached("release-delivered");
                        Post(result);
                    });
                    break;
                case CancelDelivery a:
                    Cancel(_deliveries, a.Step);
                    break;
                case LetGoOfRelease a:
                    FaultPoint.Reached("step-settled-received");
                    Call(async stop =>
                    {
                        await _worker.SettleAsync(a.Ticket, a.Outcome, stop);
                        _host.LogSettled(a.Ticket.Step, a.Outcome);
                        Post(new ReleaseLetGo(a.Ticket.Step));
                    });
                    break;
                case AnswerStep a:
                    if (a.Declined == SiteReason.WorkerUnreachable)
                        _host.LogDeclined(a.Step, a.Declined);
                    _session.Send(new SiteMessage { StepAnswer = new StepAnswer { Step = Wire.ToWire(a.Step), Declined = a.Declined } });
                    break;
                case SendVerdict a:
                    _session.Send(new SiteMessage { StudyVerdict = a.Verdict });
                    break;
                case Reconnect:
                    _session.Reopen();
                    break;
                case Remind a:
                    SetReminder(a);
                    break;
                default:
                    throw new NotSupportedException($"{action.GetType().Name} is not an action that the host knows.");
            }
        }

        private void SetReminder(Remind reminder)
        {
            if (_reminders.Remove(reminder.Step, out var old))
                old.Dispose();
            foreach (var step in _reminders.Keys.Where(s => s.Run == reminder.Step.Run).ToArray())
            {
                _reminders.Remove(step, out var older); // a run has one live step
                older?.Dispose();
            }

            var wait = reminder.At - _time.GetUtcNow();
            var longest = TimeSpan.FromDays(40); // what a timer can wait
            _reminders[reminder.Step] = _time.CreateTimer(
                _ => Post(new Reminded(reminder.Step)), null, wait < TimeSpan.Zero ? TimeSpan.Zero : wait < longest ? wait : longest, Timeout.InfiniteTimeSpan);
        }

        /// <summary>A call to the worker: its failure is the worker's loss, which the core hears of from the loop.</summary>
        private void Call(Func<CancellationToken, Task> call) => Start(async () =>
        {
            try
            {
                await call(_stop.Token);
            }
            catch (RpcException e) when (!_stop.IsCancellationRequested)
            {
                _workerLoop.Break(e);
            }
        });

        private void Track<TKey>(Dictionary<TKey, CancellationTokenSource> running, TKey key, Func<CancellationToken, Task> work)
            where TKey : notnull
        {
            Cancel(running, key); // the same again takes the place of what ran
            var stop = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            running[key] = stop;
            Start(async () =>
            {
                try
                {
                    await work(stop.Token);
                }
                finally
                {
                    _inbox.Writer.TryWrite(() =>
                    {
                        if (running.TryGetValue(key, out var present) && present == stop)
                            running.Remove(key);
                        stop.Dispose();
                    });
                }
            });
        }

        private static void Cancel<TKey>(Dictionary<TKey, CancellationTokenSource> running, TKey key)
            where TKey : notnull
        {
            if (running.Remove(key, out var stop))
                stop.Cancel();
        }

        private void Drop(Dictionary<Sha256Digest, CancellationTokenSource> fetches, Sha256Digest digest, Action<Sha256Digest> remove)
        {
            Cancel(fetches, digest);
            try
            {
                remove(digest);
            }
            catch (IOException e)
            {
                _host.LogNotRemoved(digest, e.Message); // Windows: the cancelled download still holds it; it goes at the next start
            }
        }

        private async Task<(CoordinatorChannel Channel, WorkerKey Proof)> LinkAsync(CancellationToken stop)
        {
            var link = _link; // once: the proof is for the certificate that the channel shows
            link.Proof ??= await _workerLoop.ProveAsync(Sha256Digest.Of(link.Identity.Certificate.RawData), stop);
            return (link.Channel, link.Proof);
        }

        private async Task RenewAsync(CancellationToken stop)
        {
            var waits = new Backoff(TimeSpan.FromMinutes(1), TimeSpan.FromHours(1), _host._jitter);
            while (true)
            {
                await CertificateRenewal.WaitUntilDueAsync(_link.Identity.Certificate, _time, stop);
                var link = _link;
                try
                {
                    var renewed = await Redemption.RenewAsync(link.Identity, link.Channel, _time, stop);
                    renewed.Save(_host._options.IdentityDirectory);
                    _link = Open(renewed);
                    waits.Reset();
                    _host.LogRenewed(renewed.Certificate.NotAfter.ToUniversalTime());
                    _session.Reopen();
                    await Task.Delay(CertificateRenewal.LeastBetween, _time, stop);
                    continue;
                }
                catch (RpcException e) when (!stop.IsCancellationRequested)
                {
                    _host.LogNotRenewed(link.Channel.Explain(e).Sentence);
                }
                catch (AgentException e)
                {
                    _host.LogNotRenewed(e.Message);
                }

                await Task.Delay(waits.Next(), _time, stop);
            }
        }

        private Link Open(ClientIdentity identity)
        {
            var channel = CoordinatorChannel.Open(identity, _host._options.Proxy, _time);
            _identities.Add(identity);
            _channels.Add(channel);
            return new Link(identity, channel);
        }

        /// <summary>Runs work beside the reader. What it does not handle ends the host: nothing fails unseen.</summary>
        private void Start(Func<Task> work)
        {
            var task = Task.Run(async () =>
            {
                try
                {
                    await work();
                }
                catch (Exception e) when (_stop.IsCancellationRequested && e is OperationCanceledException or RpcException)
                {
                    // stopping
                }
                catch (OperationCanceledException)
                {
                    // this piece of work was called off
                }
                catch (Exception e)
                {
                    _failed.TrySetException(e);
                }
            });
            _tasks.TryAdd(task, 0);
            task.ContinueWith(t => _tasks.TryRemove(t, out _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    /// <summary>A certificate and the channel that shows it.</summary>
    private sealed class Link(ClientIdentity identity, CoordinatorChannel channel)
    {
        public ClientIdentity Identity { get; } = identity;

        public CoordinatorChannel Channel { get; } = channel;

        /// <summary>The worker's proof for this certificate: once given it holds while the certificate and the worker's key do, also while the worker is away.</summary>
        public WorkerKey? Proof { get; set; }
    }

    [LoggerMessage(2001, LogLevel.Information, "Gateway of {Subject} runs; coordinator {Coordinator}; certificate good until {NotAfter:u}")]
    private partial void LogStarted(string subject, Uri coordinator, DateTime notAfter);

    [LoggerMessage(2002, LogLevel.Information, "Step {Step} is with the worker")]
    private partial void LogPerforming(StepId step);

    [LoggerMessage(2003, LogLevel.Warning, "Step {Step} declined: {Reason}")]
    private partial void LogDeclined(StepId step, SiteReason reason);

    [LoggerMessage(2004, LogLevel.Information, "Release of {Step} delivered: {Length} bytes, whole and verified at the coordinator")]
    private partial void LogDelivered(StepId step, long length);

    [LoggerMessage(2005, LogLevel.Information, "Step {Step} ended for this site: {Outcome}; the worker let go of its release")]
    private partial void LogSettled(StepId step, StepSettled.Types.Outcome outcome);

    [LoggerMessage(2006, LogLevel.Information, "Certificate renewed; good until {NotAfter:u}")]
    private partial void LogRenewed(DateTime notAfter);

    [LoggerMessage(2007, LogLevel.Warning, "Certificate not renewed, will try again: {Why}")]
    private partial void LogNotRenewed(string why);

    [LoggerMessage(2008, LogLevel.Warning, "What was fetched as {Digest} could not be removed: {Why}")]
    private partial void LogNotRemoved(Sha256Digest digest, string why);

    [LoggerMessage(2010, LogLevel.Information, "The order {Order} for the models {Line} is with the worker: {State}")]
    private partial void LogOrder(string line, long order, ServingReport.Types.State state);

    [LoggerMessage(2009, LogLevel.Information, "The worker has another key, {Fingerprint}: the session is opened again with it")]
    private partial void LogKeyRenewed(Sha256Digest fingerprint);
}
