using System.Net.Sockets;
using FederatedClinicalMl.Protos.Steward;
using Grpc.Core;
using Grpc.Net.Client;

namespace FederatedClinicalMl.SiteAgent.StewardConsole;

/// <summary>The worker's steward socket. Everything that a page shows or does goes through here; the worker decides, and logs it.</summary>
internal sealed class StewardPort : IDisposable
{
    private readonly string _socket;
    private readonly GrpcChannel _channel;
    private readonly Steward.StewardClient _client;

    public StewardPort(ConsoleSettings settings)
    {
        _socket = settings.WorkerSocket;
        _channel = GrpcChannel.ForAddress("http://steward.invalid", new GrpcChannelOptions
        {
            DisposeHttpClient = true,
            MaxReceiveMessageSize = null, // the worker is trusted with more than this process's memory
            HttpHandler = new SocketsHttpHandler { UseProxy = false, ConnectCallback = async (_, cancel) => await ConnectAsync(_socket, cancel) },
        });
        _client = new Steward.StewardClient(_channel);
    }

    /// <summary>Asks the worker one thing.</summary>
    /// <exception cref="WorkerException">It refused, or did not answer.</exception>
    public async Task<T> AskAsync<T>(Func<Steward.StewardClient, CallOptions, AsyncUnaryCall<T>> call, CancellationToken cancel)
    {
        try
        {
            return await call(_client, new CallOptions(cancellationToken: cancel));
        }
        catch (RpcException fault)
        {
            throw Said(fault);
        }
    }

    /// <summary>Reads the worker's log, entry by entry.</summary>
    /// <exception cref="WorkerException">It refused, or did not answer.</exception>
    public async IAsyncEnumerable<string> LogAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        using var call = _client.ShowAudit(new ShowAuditRequest(), new CallOptions(cancellationToken: cancel));
        while (await NextAsync(call.ResponseStream, cancel))
            yield return call.ResponseStream.Current.Json;
    }

    /// <summary>Hears of changes: at once, and each time.</summary>
    /// <exception cref="WorkerException">It does not answer, or not any more.</exception>
    public async IAsyncEnumerable<Changed> WatchAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        using var call = _client.Watch(new WatchChangesRequest(), new CallOptions(cancellationToken: cancel));
        while (await NextAsync(call.ResponseStream, cancel))
            yield return call.ResponseStream.Current;
    }

    public void Dispose() => _channel.Dispose();

    private async Task<bool> NextAsync<T>(IAsyncStreamReader<T> entries, CancellationToken cancel)
    {
        try
        {
            return await entries.MoveNext(cancel);
        }
        catch (RpcException fault)
        {
            throw Said(fault);
        }
    }

    private WorkerException Said(RpcException fault) => fault.StatusCode switch
    {
        StatusCode.FailedPrecondition => new WorkerException(fault.Status.Detail, isRefusal: true),
        StatusCode.Unimplemented => new WorkerException("The worker that runs is older than this console, and does not know what was asked of it: restart it, so that both are of one version."),
        _ => new WorkerException(
            $"The worker does not answer on its steward socket, {_socket} ({fault.StatusCode}). Is 'site-worker run' running on this folder, and may the account '{Environment.UserName}' use it (steward-uids in worker.yaml)? If you had just decided something, look here again whether the worker has it."),
    };

    private static async Task<Stream> ConnectAsync(string path, CancellationToken cancel)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancel);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
