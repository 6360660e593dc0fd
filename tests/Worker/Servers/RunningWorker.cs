using System.Net.Sockets;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Protos.Steward;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Coordinator;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;

namespace FederatedClinicalMl.Tests.Worker.Servers;

/// <summary>The production worker on its two sockets.</summary>
internal sealed class RunningWorker : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private WebApplication? _app;
    private GrpcChannel? _steward;
    private GrpcChannel? _gateway;

    private RunningWorker() => Folder = new WorkerFolder(_folder.Of("worker"));

    public WorkerFolder Folder { get; }

    /// <summary>The log's file.</summary>
    public string Log => Path.Combine(Folder.Root, WorkerCore.LogPath);

    /// <summary>The folder that it shares with the gateway.</summary>
    public string Exchange => _folder.Of("exchange");

    /// <summary>What a steward calls.</summary>
    public Steward.StewardClient Steward { get; private set; } = null!;

    /// <summary>What the gateway calls.</summary>
    public WorkerPort.WorkerPortClient Gateway { get; private set; } = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static async Task<RunningWorker> StartAsync()
    {
        var worker = new RunningWorker();
        worker.Folder.Initialise(new WorkerConfiguration(Site.Name, null, []));
        await worker.StartAgainAsync();
        return worker;
    }

    /// <summary>Starts the worker that was stopped.</summary>
    public async Task StartAgainAsync()
    {
        _app = WorkerHost.Build(Folder, Exchange);
        await _app.StartAsync(Stop);
        (_steward, _gateway) = (Connect(Folder.StewardSocket), Connect(Path.Combine(Exchange, ExchangePaths.Socket)));
        (Steward, Gateway) = (new Steward.StewardClient(_steward), new WorkerPort.WorkerPortClient(_gateway));
    }

    public async Task StopAsync()
    {
        if (_app is null)
            return;
        _steward!.Dispose();
        _gateway!.Dispose();
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
        _app = null;
    }

    /// <summary>A release, as the gateway reads it.</summary>
    public byte[] Read(string release) =>
        DurableFile.Read(OutboxKey.OpenOrMake(Exchange, KeyFile.Credentials, forGroup: false).Seal(new FileDisk(Exchange)), $"{ExchangePaths.Outgoing}/{release}");

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _folder.Dispose();
    }

    private static GrpcChannel Connect(string path) => GrpcChannel.ForAddress("http://worker.invalid", new GrpcChannelOptions
    {
        DisposeHttpClient = true,
        HttpHandler = new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (_, cancel) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancel);
                return new NetworkStream(socket, ownsSocket: true);
            },
        },
    });
}
