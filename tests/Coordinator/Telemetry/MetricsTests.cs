using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Telemetry;

namespace FederatedClinicalMl.Tests.Coordinator;

/// <summary>What a scraper reads of a coordinator, line by line as Prometheus' text format has it (https://prometheus.io/docs/instrumenting/exposition_formats/).</summary>
public sealed partial class MetricsTests : IAsyncLifetime
{
    private static readonly string Root = Path.Combine(Path.GetDirectoryName(Here())!, "../../..");

    private readonly SigningKey _worker = SigningKey.Create();
    private readonly HttpClient _http = new();
    private RunningCoordinator _coordinator = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() =>
        _coordinator = await RunningCoordinator.StartAsync(telemetry: new TelemetryOptions(new IPEndPoint(IPAddress.Loopback, 0)));

    [Fact]
    public async Task Scrape_counts_sites_runs_faults_bytes_and_entries()
    {
        using var site = await _coordinator.EnrolSiteAsync("north", _worker);
        using var session = await SiteStream.OpenAsync(_coordinator, site, _worker);
        using var admin = await Person.EnrolAsync(_coordinator, Roles.Admin, "ada");
        var study = BenchmarkStudy.For("north");
        await admin.SubmitAsync(study);
        await session.ApproveAsync(study.Digest);
        var run = await admin.StartRunAsync(study.Digest);
        await Person.FaultOfAsync(async () => await admin.Calls.ControlRunAsync(new Protos.Federation.ControlRunRequest { Run = "none", Action = Protos.Federation.ControlRunRequest.Types.Action.Cancel }, cancellationToken: Stop));
        await admin.Calls.ControlRunAsync(new Protos.Federation.ControlRunRequest { Run = run, Action = Protos.Federation.ControlRunRequest.Types.Action.Cancel }, cancellationToken: Stop);

        var samples = await ScrapeAsync();

        Assert.Equal(1, samples["fcml_sites_connected"]);
        Assert.Equal(0, samples["fcml_runs_open"]);
        Assert.Equal(File.ReadLines(_coordinator.PathOf("audit.log")).Count(), samples["fcml_audit_entries"]);
        Assert.True(samples["fcml_runs_ended_total{how=\"RunCancelled\"}"] >= 1); // instruments are the process's: other tests count too
        Assert.True(samples["fcml_faults_total{code=\"RUN_UNKNOWN\"}"] >= 1);
        Assert.Contains(samples.Keys, name => name.StartsWith("dotnet_process_memory_working_set", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Health_says_that_it_lives_and_serves()
    {
        Assert.Equal(HttpStatusCode.OK, (await _http.GetAsync(new Uri(_coordinator.Metrics!, "/health/live"), Stop)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await _http.GetAsync(new Uri(_coordinator.Metrics!, "/health/ready"), Stop)).StatusCode);

        await _coordinator.StopAsync();

        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await _http.GetAsync(new Uri(_coordinator.Metrics!, "/health/ready"), Stop)).StatusCode);
    }

    [Fact]
    public async Task Port_of_clients_has_no_metrics_and_the_scrapers_port_nothing_of_clients()
    {
        using var admin = await Person.EnrolAsync(_coordinator, Roles.Admin, "ada");
        using var client = new Api.BareClient(_coordinator, admin.Identity.Certificate);

        Assert.Equal("CALL_UNKNOWN", await client.SendAsync(HttpMethod.Get, "/metrics"));
        Assert.Equal(HttpStatusCode.NotFound, (await _http.GetAsync(new Uri(_coordinator.Metrics!, "/v1/runs"), Stop)).StatusCode);
    }

    [Theory]
    [InlineData("0.0.0.0:9464", null)]
    [InlineData("10.1.2.3:9464", null)]
    [InlineData("nowhere", null)]
    [InlineData(null, "collector")]
    [InlineData(null, "ftp://collector")]
    public void Telemetry_that_others_could_read_or_that_leads_nowhere_is_refused(string? metrics, string? traces) =>
        Assert.Throws<ArgumentException>(() => TelemetryOptions.Parse(metrics, traces));

    [Fact]
    public void Dashboard_asks_for_every_metric_of_the_reference_and_for_no_other()
    {
        var dashboard = JsonNode.Parse(File.ReadAllText(Path.Combine(Root, "deploy/grafana/federation.json")))!;
        var asked = dashboard["panels"]!.AsArray().SelectMany(panel => panel!["targets"]!.AsArray()).SelectMany(target => Names((string)target!["expr"]!));

        Assert.Equal(OfTheReference().Order(), asked.Distinct().Order());
    }

    [Fact]
    public void Metrics_of_the_reference_are_those_that_the_code_registers() => Assert.Equal(
        new[] { "coordinator/Telemetry.cs", "site-agent/Gateway/Telemetry.cs" }
            .SelectMany(file => Registered().Matches(File.ReadAllText(Path.Combine(Root, file)))).Select(match => Scraped(match.Groups["kind"].Value, match.Groups["name"].Value, match.Groups["unit"].Value)).Order(),
        OfTheReference().Order());

    private static IEnumerable<string> OfTheReference() => Names(File.ReadAllText(Path.Combine(Root, "docs/reference/telemetry.md"))).Distinct();

    private static IEnumerable<string> Names(string text) => MetricName().Matches(text).Select(match => match.Value.Replace("_bucket", "", StringComparison.Ordinal));

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _coordinator.DisposeAsync();
        _worker.Dispose();
    }

    private async Task<Dictionary<string, double>> ScrapeAsync()
    {
        var samples = new Dictionary<string, double>();
        foreach (var line in (await _http.GetStringAsync(_coordinator.Metrics, Stop)).Split('\n').Where(line => line.Length > 0 && line[0] != '#'))
        {
            var sample = Sample().Match(line);
            Assert.True(sample.Success, line);
            var labels = string.Join(',', Label().Matches(sample.Groups["labels"].Value).Where(label => !label.Value.StartsWith("otel_", StringComparison.Ordinal)));
            samples[sample.Groups["name"].Value + (labels.Length > 0 ? $"{{{labels}}}" : "")] = double.Parse(sample.Groups["value"].Value, CultureInfo.InvariantCulture);
        }

        return samples;
    }

    // As the exporter names them: unit, then _total for a counter.
    private static string Scraped(string kind, string name, string unit) =>
        name + (unit switch { "s" => "_seconds", "By" => "_bytes", _ => "" }) + (kind == "Counter" ? "_total" : "");

    [GeneratedRegex("""^(?<name>[a-zA-Z_:][\w:]*)(?:\{(?<labels>.*)\})? (?<value>\S+)(?: \d+)?$""")]
    private static partial Regex Sample();

    [GeneratedRegex("""\w+="[^"]*"(?=,|$)""")]
    private static partial Regex Label();

    [GeneratedRegex(@"\bfcml_\w+")]
    private static partial Regex MetricName();

    [GeneratedRegex("""Create(?<kind>Counter|Histogram|ObservableGauge)(?:<\w+>)?\("(?<name>fcml_\w+)"(?:, "(?<unit>s|By)")?""")]
    private static partial Regex Registered();

    private static string Here([CallerFilePath] string file = "") => file;
}
