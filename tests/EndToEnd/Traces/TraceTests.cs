using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Tests.Launching;

namespace FederatedClinicalMl.Tests.EndToEnd;

/// <summary>Real processes that send their spans to a collector; the workers have no network.</summary>
public sealed class TraceTests(TracedFederation fixture) : IClassFixture<TracedFederation>
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1); // until a span that will never come is given up; exporters send every second

    private static readonly string[] OfTheCoordinator = ["fold", "round", "step", "upload"], OfTheGateway = ["fetch", "perform", "upload"], OfTheWorker = ["features", "protect", "release", "train"];

    [Fact]
    public async Task Round_is_one_trace_over_coordinator_gateways_and_workers()
    {
        var run = await fixture.Federation.StartRunAsync(fixture.Digest, TestContext.Current.CancellationToken);
        Assert.Equal(RunStatus.Registered, (await fixture.FollowAsync(run)).State.Status);

        var spans = new List<ReceivedSpan>();
        while (!IsWhole(spans.GroupBy(span => span.Trace).Select(trace => trace.ToList())))
            spans.Add(await fixture.Collector.Spans.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Patience, TestContext.Current.CancellationToken));

        var round = spans.GroupBy(span => span.Trace).First(trace => IsWhole([[.. trace]])).ToDictionary(span => span.Id);
        Assert.Equal("round", Assert.Single(round.Values, span => span.Parent.Length == 0).Name);
        Assert.All(round.Values.Where(span => span.Parent.Length > 0), span => Assert.True(round.ContainsKey(span.Parent), $"{span} has a parent that did not arrive."));
        Assert.All(round.Values.Where(span => span.Service == "site-worker"), span => Assert.Equal(("site-agent", "perform"), (round[span.Parent].Service, round[span.Parent].Name)));
        Assert.All(round.Values.Where(span => span.Service == "site-agent"), span => Assert.Equal(("coordinator", "step"), (round[span.Parent].Service, round[span.Parent].Name)));
        Assert.All(spans.Where(span => span.Service == "site-worker"), span => Assert.Equal("", span.Attributes));
    }

    // Two sites: each part of the training step comes twice, and both sites' last span belongs to the trace.
    private static bool IsWhole(IEnumerable<List<ReceivedSpan>> traces) => traces.Any(trace =>
        Names(trace, "coordinator").SequenceEqual(OfTheCoordinator) && Names(trace, "site-agent").SequenceEqual(OfTheGateway) && Names(trace, "site-worker").SequenceEqual(OfTheWorker)
        && trace.All(span => span.Parent.Length == 0 || trace.Any(parent => parent.Id == span.Parent)));

    private static IEnumerable<string> Names(List<ReceivedSpan> trace, string service) => trace.Where(span => span.Service == service).Select(span => span.Name).Distinct().Order();
}

/// <summary>Two hospitals and a coordinator that tell a collector of their rounds.</summary>
public sealed class TracedFederation : TestFederation, IAsyncDisposable
{
    internal TestCollector Collector { get; private set; } = null!;

    async ValueTask IAsyncDisposable.DisposeAsync()
    {
        await DisposeAsync();
        await Collector.DisposeAsync();
    }

    protected override async Task<string[]> TelemetryAsync()
    {
        Collector = await TestCollector.StartAsync();
        return ["--traces", Collector.Address];
    }
}
