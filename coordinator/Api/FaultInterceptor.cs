using Grpc.Core;
using Grpc.Core.Interceptors;
using FederatedClinicalMl.Coordinator.Registry;
using Microsoft.Extensions.Logging;

namespace FederatedClinicalMl.Coordinator.Api;

/// <summary>
/// The one place where what goes wrong inside a gRPC call becomes what the caller hears: a fault of the catalogue as itself, anything
/// else as INTERNAL with the cause in the log only.
/// </summary>
public sealed partial class FaultInterceptor(ILogger<FaultInterceptor> log) : Interceptor
{
    /// <inheritdoc/>
    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation) =>
        Guard(() => continuation(request, context), context);

    /// <inheritdoc/>
    public override Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation) =>
        Guard(() => Wrap(continuation(request, responseStream, context)), context);

    /// <inheritdoc/>
    public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation) =>
        Guard(() => Wrap(continuation(requestStream, responseStream, context)), context);

    private static async Task<bool> Wrap(Task call)
    {
        await call;
        return true;
    }

    private async Task<T> Guard<T>(Func<Task<T>> call, ServerCallContext context)
    {
        try
        {
            return await call();
        }
        catch (FaultException refused)
        {
            LogRefused(context.Method, refused.Fault.Code, refused.Message);
            throw Told(refused, context);
        }
        catch (DamagedModelException damage)
        {
            LogDamaged(context.Method, damage.Message);
            throw Told(new FaultException(Fault.ModelDamaged, damage.Message), context);
        }
        catch (RpcException)
        {
            throw;
        }
        catch (Exception) when (context.CancellationToken.IsCancellationRequested)
        {
            throw; // nobody is listening any more
        }
        catch (Exception cause)
        {
            LogFailed(cause, context.Method);
            throw Told(new FaultException(Fault.Internal), context);
        }
    }

    // REST has no trailers: RestFaults finds it here.
    private static RpcException Told(FaultException fault, ServerCallContext context)
    {
        Telemetry.Refused(fault.Fault.Code);
        context.GetHttpContext().Features.Set(fault);
        return fault.ToRpc();
    }

    [LoggerMessage(1001, LogLevel.Information, "{Method} was refused with {Code}: {Sentence}")]
    private partial void LogRefused(string method, string code, string sentence);

    [LoggerMessage(1003, LogLevel.Error, "{Method} found a damaged model: {What}")]
    private partial void LogDamaged(string method, string what);

    [LoggerMessage(1002, LogLevel.Error, "{Method} failed")]
    private partial void LogFailed(Exception cause, string method);
}
