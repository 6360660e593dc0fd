using System.CommandLine;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.SiteAgent.Gateway;
using Grpc.Core;

namespace FederatedClinicalMl.Cli.Connections;

/// <summary>A person's way to the coordinator: their certificate, over the same pinned mutual TLS that sites use.</summary>
internal sealed class Connection : IDisposable
{
    private readonly CoordinatorChannel _channel;

    private Connection(ClientIdentity identity, CoordinatorChannel channel)
    {
        Identity = identity;
        _channel = channel;
        Administration = new Administration.AdministrationClient(channel.Grpc);
        Stages = new Stages.StagesClient(channel.Grpc);
        Monitoring = new Protos.Federation.Monitoring.MonitoringClient(channel.Grpc);
    }

    /// <summary>Who we are.</summary>
    public ClientIdentity Identity { get; }

    /// <summary>For streams; single calls go through <see cref="AskAsync{T}(Func{Administration.AdministrationClient, AsyncUnaryCall{T}}, CancellationToken)"/>.</summary>
    public Administration.AdministrationClient Administration { get; }

    /// <summary>Versions of models; calls go through <see cref="AskAsync{T}(AsyncUnaryCall{T}, CancellationToken)"/>.</summary>
    public Stages.StagesClient Stages { get; }

    /// <summary>Alerts, incidents and proposals; calls as above.</summary>
    public Protos.Federation.Monitoring.MonitoringClient Monitoring { get; }

    /// <summary>Opens the connection of the identity that the command line, the environment or the home folder names.</summary>
    public static Connection Open(ParseResult parsed, TimeProvider time) => Open(FolderOf(parsed), time);

    /// <summary>Opens the connection of the identity in <paramref name="folder"/>.</summary>
    public static Connection Open(string folder, TimeProvider time)
    {
        var identity = ClientIdentity.Load(folder);
        return new Connection(identity, CoordinatorChannel.Open(identity, ProxySettings.FromEnvironment(), time));
    }

    /// <summary>Where the identity lies: <c>--identity</c>, else <c>$FCML_IDENTITY</c>, else <c>~/.fcml/identity</c>.</summary>
    public static string FolderOf(ParseResult parsed) =>
        parsed.GetValue(FcmlCommand.Identity)?.FullName
        ?? (Environment.GetEnvironmentVariable("FCML_IDENTITY") is { Length: > 0 } named ? named : Path.Combine(FcmlHome.Path, "identity"));

    /// <summary>Makes one call; what goes wrong becomes a sentence and an exit code.</summary>
    public Task<T> AskAsync<T>(Func<Administration.AdministrationClient, AsyncUnaryCall<T>> call, CancellationToken cancel) => AskAsync(call(Administration), cancel);

    /// <summary>Waits for the answer to a call; what goes wrong becomes a sentence and an exit code.</summary>
    public async Task<T> AskAsync<T>(AsyncUnaryCall<T> call, CancellationToken cancel)
    {
        try
        {
            return await call;
        }
        catch (RpcException fault) when (!cancel.IsCancellationRequested)
        {
            throw Explain(fault);
        }
    }

    /// <summary>Reads a stream to its end; what goes wrong becomes a sentence and an exit code.</summary>
    public async IAsyncEnumerable<T> ReadAsync<T>(
        Func<Administration.AdministrationClient, AsyncServerStreamingCall<T>> open, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        using var call = open(Administration);
        while (true)
        {
            try
            {
                if (!await call.ResponseStream.MoveNext(cancel))
                    yield break;
            }
            catch (RpcException fault) when (!cancel.IsCancellationRequested)
            {
                throw Explain(fault);
            }

            yield return call.ResponseStream.Current;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _channel.Dispose();
        Identity.Dispose();
    }

    private CliException Explain(RpcException failure)
    {
        var fault = _channel.Explain(failure);
        var code = failure.Trailers.GetValue(CoordinatorFault.CodeTrailer) switch
        {
            null or "" or "COORDINATOR_STOPPING" => ExitCode.Unreachable,
            "STUDY_INVALID" or "REQUEST_INVALID" => ExitCode.InvalidInput,
            _ => ExitCode.Refused,
        };
        return new CliException(code, $"{fault.Sentence} ({fault.Code})", failure);
    }
}
