using System.Buffers.Binary;
using System.Globalization;
using System.IO.Hashing;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using FederatedClinicalMl.Cli.Launching;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Protos.Steward;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Gateway;
using FederatedClinicalMl.Tests.Launching;
using Google.Protobuf.Reflection;

namespace FederatedClinicalMl.Tests.Fuzz;

/// <summary>
/// Malformed bytes, frames and messages to everything that listens, in real processes: a clear refusal each time, nothing of the inside in it,
/// nobody falls, memory stays bounded, and afterwards a run ends with the same model as before. Seeded; more with
/// <c>FCML_FUZZ_CASES=1000 FCML_FUZZ_SEED=7 ./test.sh Fuzz</c>.
/// </summary>
public sealed class EndpointTests(TestFederation fixture) : IClassFixture<TestFederation>, IAsyncLifetime
{
    private const int Patience = 180_000;
    private const long MostGrowth = 128L << 20; // of the coordinator: buffers and threads of many connections at once, and no more

    // What gRPC itself says of a request that it cannot read, where nobody translates it.
    private const string Unreadable = "Exception was thrown by handler.";

    private static readonly int Cases = Number("FCML_FUZZ_CASES", 40);
    private static readonly int Seed = Number("FCML_FUZZ_SEED", 1);

    private RunState _before = null!;
    private long _peak;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private LocalFederation Federation => fixture.Federation;

    private IEnumerable<Child> Processes => Federation.Sites.SelectMany(site => (Child[])[site.Worker!, site.Gateway!]).Prepend(Federation.Coordinator!);

    public async ValueTask InitializeAsync()
    {
        _before = await RunAsync();
        _peak = PeakOf(Federation.Coordinator!);
    }

    [Fact(Timeout = Patience)]
    public async Task Calls_of_strangers_sites_and_admins()
    {
        var methods = new[] { FederationReflection.Descriptor, AdministrationReflection.Descriptor }.SelectMany(MethodsOf).ToList();
        foreach (var (role, identity) in ((string, string?)[])[("stranger", null), ("site", Path.Combine(Federation.Sites[1].GatewayFolder, "identity")), ("admin", Federation.AdminIdentity)])
        {
            using var endpoint = Coordinator(role, identity);
            foreach (var answer in await FuzzAsync(endpoint, methods))
                Assert.DoesNotContain(Unreadable, answer.Text, StringComparison.Ordinal);
        }
    }

    [Fact(Timeout = Patience)]
    public async Task Calls_to_the_workers_two_sockets()
    {
        var site = Federation.Sites[0];
        using var port = Endpoint.OfSocket("worker port", Path.Combine(site.Exchange, "worker.sock"));
        await FuzzAsync(port, [.. MethodsOf(WorkerPortReflection.Descriptor)]);
        using var steward = Endpoint.OfSocket("steward port", Path.Combine(site.WorkerFolder, "steward.sock"));
        await FuzzAsync(steward, [.. MethodsOf(StewardReflection.Descriptor)]);
        Assert.StartsWith("intact", await site.VerifyAuditAsync(Cancel), StringComparison.Ordinal);
    }

    [Fact(Timeout = Patience)]
    public async Task Transfers_with_wrong_paths_ranges_frames_and_lengths()
    {
        var noise = new Noise(Seed);
        using var endpoint = Coordinator("site", Path.Combine(Federation.Sites[1].GatewayFolder, "identity"));
        var steps = _before.History.Select(step => step.Id.ToString()).Concat(["x", "0000000000000000.1.training.1"]).ToArray();
        for (var number = 0; number < Cases; number++)
        {
            using var request = noise.Below(3) switch
            {
                0 => new HttpRequestMessage(HttpMethod.Head, $"/v1/releases/{Uri.EscapeDataString(noise.Below(2) == 0 ? noise.Text() : noise.OneOf<string>(steps))}"),
                1 => new HttpRequestMessage(HttpMethod.Get, $"/v1/parameters/{noise.OneOf<string>(Uri.EscapeDataString(noise.Text()), _before.Parameters.ToString(), new string('0', 64))}"),
                _ => new HttpRequestMessage(HttpMethod.Put, $"/v1/releases/{noise.OneOf<string>(steps)}") { Content = new ByteArrayContent(Frames(noise)) },
            };
            if (request.Content is { } content)
                content.Headers.TryAddWithoutValidation("Content-Range", noise.OneOf("bytes 0-9/10", "bytes 5-1/2", "bytes 0-9223372036854775807/9223372036854775807", "bytes */*", Ascii(noise)));
            else if (noise.Below(2) == 0)
                request.Headers.TryAddWithoutValidation("Range", noise.OneOf("bytes=0-", "bytes=-5", "bytes=9223372036854775807-", "bytes=0-1,3-4", Ascii(noise)));

            var what = $"{endpoint}, case {number} of seed {Seed}: {request.Method} {request.RequestUri}";
            var answer = await endpoint.SendAsync(request, Cancel);
            Assert.True((int)answer.Http is >= 400 and < 500 || (request.Method == HttpMethod.Head && answer.Http == HttpStatusCode.OK), $"{what}: {answer}");
            AssertNothingLeaks(what, answer.Text);
        }
    }

    [Fact(Timeout = Patience)]
    public async Task Bytes_that_are_no_protocol()
    {
        var noise = new Noise(Seed);
        for (var number = 0; number < Cases; number++)
        {
            using var socket = new TcpClient();
            await socket.ConnectAsync(Federation.Address, Cancel);
            Stream stream = socket.GetStream();
            if (noise.Below(2) == 0)
            {
                // Through TLS, so that what speaks HTTP gets it.
                var tls = new SslStream(stream);
                await tls.AuthenticateAsClientAsync(
                    new SslClientAuthenticationOptions
                    {
                        TargetHost = "127.0.0.1",
#pragma warning disable CA5359 // the coordinator is examined here, not trusted
                        RemoteCertificateValidationCallback = (_, _, _, _) => true,
#pragma warning restore CA5359
                        ApplicationProtocols = [noise.Below(2) == 0 ? SslApplicationProtocol.Http2 : SslApplicationProtocol.Http11],
                    },
                    Cancel);
                stream = tls;
            }

            await using (stream)
            {
                try
                {
                    if (noise.Below(2) == 0)
                        await stream.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray(), Cancel);
                    await stream.WriteAsync(noise.Bytes(), Cancel);
                    socket.Client.Shutdown(SocketShutdown.Send);
                    await stream.CopyToAsync(Stream.Null, Cancel); // until the coordinator ends it: it must not stay open
                }
                catch (IOException)
                {
                    // Refused in the middle: as good an answer as any.
                }
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        Assert.All(Processes, process => Assert.False(process.Ended.IsCompleted, $"{process.Specification.Name} has ended."));
        Assert.InRange(PeakOf(Federation.Coordinator!) - _peak, 0, MostGrowth);
        var after = await RunAsync();
        Assert.Equal(_before.Parameters, after.Parameters);
        Assert.DoesNotContain("Unhandled exception", await File.ReadAllTextAsync(Federation.Coordinator!.Specification.Log, Cancel), StringComparison.Ordinal);
    }

    private async Task<IReadOnlyList<Answer>> FuzzAsync(Endpoint endpoint, IReadOnlyList<MethodDescriptor> methods)
    {
        Assert.NotEmpty(methods);
        var noise = new Noise(Seed);
        var answers = new List<Answer>();
        foreach (var method in methods)
        {
            for (var number = 0; number < Cases; number++)
            {
                var path = $"/{method.Service.FullName}/{method.Name}";
                var what = $"{endpoint}, {path}, case {number} of seed {Seed}";
                var answer = await endpoint.CallAsync(path, method.IsServerStreaming, noise.GrpcBody(method.InputType), Cancel);
                answers.Add(answer);
                Assert.True(answer.Grpc is not null || (int)answer.Http is >= 400 and < 500, $"{what} got no status: {answer}");
                if (answer.Text.Contains("fcml-fault: INTERNAL", StringComparison.Ordinal))
                    Assert.Fail($"{what}: nobody had thought of it. {await LastErrorAsync()}");
                AssertNothingLeaks(what, answer.Text.Replace(Unreadable, "", StringComparison.Ordinal));
            }
        }

        return answers;
    }

    private async Task<string> LastErrorAsync()
    {
        var log = await File.ReadAllTextAsync(Federation.Coordinator!.Specification.Log, Cancel);
        return log[Math.Max(0, log.LastIndexOf(" ERR]", StringComparison.Ordinal))..];
    }

    private Endpoint Coordinator(string role, string? identity)
    {
        using var own = identity is null ? null : ClientIdentity.Load(identity);
        var certificate = own is null ? null : SslStreamCertificateContext.Create(new System.Security.Cryptography.X509Certificates.X509Certificate2(own.Certificate), null, offline: true);
        return new Endpoint(role, new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            SslOptions = new SslClientAuthenticationOptions
            {
                ClientCertificateContext = certificate,
#pragma warning disable CA5359 // the coordinator is examined here, not trusted
                RemoteCertificateValidationCallback = (_, _, _, _) => true,
#pragma warning restore CA5359
            },
        })
        { BaseAddress = new Uri($"https://{Federation.Address}/") });
    }

    // HttpClient lets nothing else into a header.
    private static string Ascii(Noise noise) => string.Concat(noise.Text().Where(char.IsAscii));

    private static byte[] Frames(Noise noise)
    {
        var payload = noise.Bytes(64);
        var frame = new byte[12 + payload.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(frame, noise.OneOf((uint)payload.Length, 0u, uint.MaxValue, (uint)payload.Length + 1));
        BinaryPrimitives.WriteUInt64LittleEndian(frame.AsSpan(4), noise.Below(2) == 0 ? XxHash3.HashToUInt64(payload) : 1);
        payload.CopyTo(frame, 12);
        return noise.Below(3) == 0 ? noise.Bytes(64) : frame;
    }

    // A refusal is for people far away: no stack, no type, no path of the inside belongs into it.
    private void AssertNothingLeaks(string what, string text)
    {
        foreach (var inside in (ReadOnlySpan<string>)["   at ", "Exception", "FederatedClinicalMl.", Federation.Folder])
            Assert.False(text.Contains(inside, StringComparison.Ordinal), $"{what} shows '{inside}': {text}");
    }

    private static IEnumerable<MethodDescriptor> MethodsOf(FileDescriptor file) => file.Services.SelectMany(service => service.Methods);

    private static long PeakOf(Child child)
    {
        using var process = System.Diagnostics.Process.GetProcessById(child.Id);
        return process.PeakWorkingSet64;
    }

    private async Task<RunState> RunAsync()
    {
        var state = (await fixture.FollowAsync(await Federation.StartRunAsync(fixture.Digest, Cancel))).State;
        Assert.Equal(RunStatus.Registered, state.Status);
        return state;
    }

    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number : otherwise;
}
