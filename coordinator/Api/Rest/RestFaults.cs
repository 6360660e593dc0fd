using System.Text;
using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.Grpc.JsonTranscoding;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace FederatedClinicalMl.Coordinator.Api;

/// <summary>
/// Answers REST with the problems of the catalogue. The transcoder would write a status of gRPC in its place; its bytes are let go of, and what
/// <see cref="FaultInterceptor"/> has left is written instead: as the whole answer, or as the last line of a stream that has begun.
/// </summary>
internal static class RestFaults
{
    private const long LongestBody = 4 << 20; // as over gRPC

    public static async Task AnswerAsync(HttpContext context, RequestDelegate next)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<GrpcJsonTranscodingMetadata>() is null)
        {
            await next(context);
            return;
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = LongestBody;
        var response = context.Response;
        var body = response.Body;
        var kept = new UntilFault(body, context);
        response.Body = kept;
        try
        {
            await next(context);
        }
        finally
        {
            response.Body = body;
        }

        var fault = context.Features.Get<FaultException>();
        if (fault is null && !kept.Dropped)
            return;
        if (fault is null && response.StatusCode == StatusCodes.Status499ClientClosedRequest)
            return; // nobody is listening any more
        fault ??= new FaultException(Fault.RequestInvalid, "Its body, or a field in its path or query, is not as the call's message has it in JSON.");
        if (response.HasStarted)
            await response.WriteAsync(FaultWriter.Problem(fault.Fault, fault.Detail) + "\n", Encoding.UTF8, context.RequestAborted);
        else
            await FaultWriter.WriteAsync(context, fault);
    }

    /// <summary>Passes on what is written until something has gone wrong; from there on nothing.</summary>
    private sealed class UntilFault(Stream body, HttpContext context) : Stream
    {
        public bool Dropped { get; private set; }

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Dropped |= context.Response.StatusCode >= StatusCodes.Status400BadRequest || context.Features.Get<FaultException>() is not null;
            return Dropped ? default : body.WriteAsync(buffer, cancellationToken);
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override Task FlushAsync(CancellationToken cancellationToken) => Dropped ? Task.CompletedTask : body.FlushAsync(cancellationToken);

        public override void Flush() => throw new NotSupportedException();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
