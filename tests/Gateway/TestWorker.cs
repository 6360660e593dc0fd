using System.Threading.Channels;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Coordinator;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace FederatedClinicalMl.Tests.Gateway;

/// <summary>
/// A worker on a Unix socket: proves its key, approves every study, and takes orders without ever answering them. What it is asked can be awaited.
/// </summary>
internal sealed class TestWorker : WorkerPort.WorkerPortBase, IAsyncDisposable
{
    private readonly string _site;
    private readonly KeyRenewal[] _renewals;
    private readonly WebApplication _app;
    private readonly Channel<Sha256Digest> _challenges = Channel.CreateUnbounded<Sha256Digest>();
    private readonly Channel<StudyDigest> _studies = Channel.CreateUnbounded<StudyDigest>();
    private readonly Channel<StepOrder> _orders = Channel.CreateUnbounded<StepOrder>();
    private readonly CancellationTokenSource _stop = new();

    private TestWorker(string socket, string site, SigningKey key, KeyRenewal[] renewals)
    {
        (_site, Key, _renewals) = (site, key, renewals);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(this);
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(socket, endpoint => endpoint.Protocols = HttpProtocols.Http2));
        _app = builder.Build();
        _app.UseRouting();
        _app.MapGrpcService<TestWorker>();
    }

    /// <summary>The signing key.</summary>
    public SigningKey Key { get; }

    /// <summary>Whether its proofs are over something else than it was asked.</summary>
    public bool Lies { get; set; }

    /// <summary>What the key is to be proved for, in turn.</summary>
    public ChannelReader<Sha256Digest> Challenges => _challenges.Reader;

    /// <summary>The studies that were offered, in turn.</summary>
    public ChannelReader<StudyDigest> Studies => _studies.Reader;

    /// <summary>The steps that were ordered, in turn.</summary>
    public ChannelReader<StepOrder> Orders => _orders.Reader;

    /// <summary>A worker that listens.</summary>
    /// <param name="socket">Where.</param>
    /// <param name="site">Its site.</param>
    /// <param name="key">Its key; null: a new one.</param>
    /// <param name="renewals">What led to that.</param>
    public static async Task<TestWorker> StartAsync(string socket, string site, SigningKey? key = null, params KeyRenewal[] renewals)
    {
        var worker = new TestWorker(socket, site, key ?? SigningKey.Create(), renewals);
        await worker._app.StartAsync(TestContext.Current.CancellationToken);
        return worker;
    }

    public override Task<IdentifyReply> Identify(IdentifyRequest request, ServerCallContext context)
    {
        var challenge = new Sha256Digest(request.Challenge.Span);
        _challenges.Writer.TryWrite(challenge);
        var proof = RunningCoordinator.Prove(Key, Lies ? default : challenge, _renewals);
        return Task.FromResult(new IdentifyReply { PublicKey = proof.PublicKey, Proof = proof.Proof, Protocol = 1, Renewals = proof.Renewals });
    }

    public override Task<StudyStatus> OfferStudy(OfferStudyRequest request, ServerCallContext context)
    {
        var study = new StudyDigest(Sha256Digest.Of(request.Canonical.Span));
        _studies.Writer.TryWrite(study);
        return Task.FromResult(new StudyStatus
        {
            StudyDigest = ByteString.CopyFrom(study.Value.Span), State = StudyStatus.Types.State.Approved, Signature = Verdicts.Approve(study, _site, Key).Signature,
        });
    }

    public override async Task<StepResult> Perform(StepOrder request, ServerCallContext context)
    {
        _orders.Writer.TryWrite(request);
        await UntilGoneAsync(context);
        throw new RpcException(Status.DefaultCancelled);
    }

    public override Task<ListHeldReply> ListHeld(ListHeldRequest request, ServerCallContext context) => Task.FromResult(new ListHeldReply());

    public override Task Watch(WatchRequest request, IServerStreamWriter<WorkerStatus> responseStream, ServerCallContext context) => UntilGoneAsync(context);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync(); // or it would wait for the calls that it never answers
        await _app.StopAsync(TestContext.Current.CancellationToken);
        await _app.DisposeAsync();
        _stop.Dispose();
        Key.Dispose();
    }

    private async Task UntilGoneAsync(ServerCallContext context)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, _stop.Token);
        var gone = new TaskCompletionSource();
        await using var registration = either.Token.Register(gone.SetResult);
        await gone.Task;
    }
}
