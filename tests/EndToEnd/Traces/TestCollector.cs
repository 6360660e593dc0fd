using System.Threading.Channels;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace FederatedClinicalMl.Tests.EndToEnd;

/// <summary>A span, as far as tests look at it.</summary>
internal sealed record ReceivedSpan(string Service, string Trace, string Id, string Parent, string Name, string Attributes);

/// <summary>
/// A collector on 127.0.0.1 that understands as much of OTLP (https://opentelemetry.io/docs/specs/otlp/, HTTP with protobuf) as these tests need. Field numbers are those of opentelemetry/proto/trace/v1/trace.proto.
/// </summary>
internal sealed class TestCollector : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Channel<ReceivedSpan> _spans = Channel.CreateUnbounded<ReceivedSpan>();

    private TestCollector(WebApplication app) => _app = app;

    public string Address { get; private set; } = "";

    public ChannelReader<ReceivedSpan> Spans => _spans.Reader;

    public static async Task<TestCollector> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var collector = new TestCollector(builder.Build());
        collector._app.Run(collector.TakeAsync);
        await collector._app.StartAsync(TestContext.Current.CancellationToken);
        collector.Address = collector._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return collector;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task TakeAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        if (context.Request.Path != "/v1/traces" || context.Request.ContentType != "application/x-protobuf")
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        foreach (var resource in Fields(body.ToArray(), 1))
        {
            var service = Fields(resource, 1).SelectMany(described => Fields(described, 1)).Where(attribute => Text(attribute, 1) == "service.name").Select(Value).Single();
            foreach (var span in Fields(resource, 2).SelectMany(scope => Fields(scope, 2)))
            {
                var attributes = string.Join(' ', Fields(span, 9).Select(attribute => $"{Text(attribute, 1)}={Value(attribute)}"));
                _spans.Writer.TryWrite(new ReceivedSpan(service, Hex(span, 1), Hex(span, 2), Hex(span, 4), Text(span, 5), attributes));
            }
        }
    }

    private static string Value(byte[] attribute) => Fields(attribute, 2).Select(value => Text(value, 1)).Single();

    private static string Text(byte[] message, int field) => string.Concat(Fields(message, field).Select(System.Text.Encoding.UTF8.GetString));

    private static string Hex(byte[] message, int field) => string.Concat(Fields(message, field).Select(Convert.ToHexStringLower));

    /// <summary>Every field of this number that is a message, a text or bytes.</summary>
    private static List<byte[]> Fields(byte[] message, int field)
    {
        var (found, input) = (new List<byte[]>(), new CodedInputStream(message));
        for (var tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            if (WireFormat.GetTagFieldNumber(tag) == field && WireFormat.GetTagWireType(tag) == WireFormat.WireType.LengthDelimited)
                found.Add(input.ReadBytes().ToByteArray());
            else
                input.SkipLastField();
        }

        return found;
    }
}
