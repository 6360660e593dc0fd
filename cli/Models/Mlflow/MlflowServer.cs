using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace FederatedClinicalMl.Cli.Models.Mlflow;

/// <summary>A measured value. <paramref name="Step"/> is the round.</summary>
internal sealed record MlflowMetric(string Key, double Value, DateTimeOffset At, int Step);

/// <summary>A run of a tracking server.</summary>
/// <param name="Id">Its id there.</param>
/// <param name="Artifacts">Where its artifacts go: a URI.</param>
/// <param name="Finished">Whether it has everything.</param>
internal sealed record MlflowRun(string Id, string Artifacts, bool Finished);

/// <summary>
/// An MLflow tracking server, by its documented REST API (https://mlflow.org/docs/latest/rest-api.html, 2.0) and its proxied artifacts (mlflow-artifacts). Credentials are those that MLflow's own clients take from the
/// environment: MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.
/// </summary>
internal sealed class MlflowServer : IDisposable
{
    private const int MostInBatch = 100; // of parameters and of tags; 1,000 of metrics, 1,000 in all
    private const int LongestValue = 5000; // of a tag; a parameter may have 6,000
    private const string Artifacts = "mlflow-artifacts:";
    private readonly HttpClient _http;
    private readonly Uri _address;

    /// <param name="address">The server, http or https.</param>
    /// <param name="environment">Reads an environment variable.</param>
    /// <param name="patience">How long one request may take.</param>
    /// <exception cref="CliException">Credentials would travel in the clear.</exception>
    public MlflowServer(Uri address, Func<string, string?> environment, TimeSpan patience)
    {
        _address = address;
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = patience, BaseAddress = new Uri(address.AbsoluteUri.TrimEnd('/') + "/") };
        var credentials = (environment("MLFLOW_TRACKING_TOKEN"), environment("MLFLOW_TRACKING_USERNAME")) switch
        {
            ({ Length: > 0 } token, _) => new AuthenticationHeaderValue("Bearer", token),
            (_, { Length: > 0 } name) => new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{name}:{environment("MLFLOW_TRACKING_PASSWORD")}"))),
            _ => null,
        };
        if (credentials is not null && address.Scheme != Uri.UriSchemeHttps && !address.IsLoopback)
            throw new CliException(ExitCode.Usage, $"The environment names credentials for MLflow, and {address} would receive them in the clear. Use https, or unset MLFLOW_TRACKING_TOKEN and MLFLOW_TRACKING_USERNAME.");
        _http.DefaultRequestHeaders.Authorization = credentials;
    }

    /// <summary>The id of an experiment, which is made if it is not there.</summary>
    public async Task<string> ExperimentAsync(string name, CancellationToken cancel)
    {
        var (found, fault) = await SendAsync(HttpMethod.Get, $"mlflow/experiments/get-by-name?experiment_name={Uri.EscapeDataString(name)}", null, cancel, "RESOURCE_DOES_NOT_EXIST");
        if (fault is null)
            return Text(found, "experiment", "experiment_id");
        return Text(await AskAsync("mlflow/experiments/create", new JsonObject { ["name"] = name }, cancel), "experiment_id");
    }

    /// <summary>The latest run of an experiment with a tag; null where there is none.</summary>
    public async Task<MlflowRun?> FindAsync(string experiment, string tag, string value, CancellationToken cancel)
    {
        var found = await AskAsync(
            "mlflow/runs/search",
            new JsonObject { ["experiment_ids"] = new JsonArray(experiment), ["filter"] = $"tags.`{tag}` = '{value}'", ["max_results"] = 1, ["run_view_type"] = "ACTIVE_ONLY", ["order_by"] = new JsonArray("attributes.start_time DESC") }, cancel);
        return found["runs"] is JsonArray { Count: > 0 } runs ? RunOf(runs[0]) : null;
    }

    /// <summary>Begins a run.</summary>
    public async Task<MlflowRun> BeginAsync(string experiment, string name, DateTimeOffset at, IEnumerable<KeyValuePair<string, string>> tags, CancellationToken cancel) => RunOf((await AskAsync(
        "mlflow/runs/create",
        new JsonObject { ["experiment_id"] = experiment, ["run_name"] = name, ["start_time"] = at.ToUnixTimeMilliseconds(), ["tags"] = Pairs(tags) }, cancel))["run"]);

    /// <summary>Takes a run away that was broken off: metrics cannot be overwritten.</summary>
    public Task DeleteAsync(MlflowRun run, CancellationToken cancel) => AskAsync("mlflow/runs/delete", new JsonObject { ["run_id"] = run.Id }, cancel);

    /// <summary>Logs metrics and parameters, in as many requests as the API asks for.</summary>
    public async Task LogAsync(MlflowRun run, IEnumerable<MlflowMetric> metrics, IEnumerable<KeyValuePair<string, string>> parameters, CancellationToken cancel)
    {
        foreach (var some in parameters.Chunk(MostInBatch))
            await AskAsync("mlflow/runs/log-batch", new JsonObject { ["run_id"] = run.Id, ["params"] = Pairs(some) }, cancel);
        foreach (var some in metrics.Chunk(10 * MostInBatch))
        {
            await AskAsync("mlflow/runs/log-batch", new JsonObject
            {
                ["run_id"] = run.Id,
                ["metrics"] = new JsonArray([.. some.Select(metric => new JsonObject
                {
                    ["key"] = metric.Key, ["value"] = metric.Value, ["timestamp"] = metric.At.ToUnixTimeMilliseconds(), ["step"] = metric.Step,
                })]),
            }, cancel);
        }
    }

    /// <summary>Stores a file among a run's artifacts, through the server.</summary>
    /// <exception cref="CliException">The server does not proxy artifacts.</exception>
    public async Task UploadAsync(MlflowRun run, string name, Stream content, CancellationToken cancel)
    {
        if (!run.Artifacts.StartsWith(Artifacts, StringComparison.Ordinal))
            throw new CliException(ExitCode.Refused, $"The tracking server keeps artifacts at {run.Artifacts} and wants clients to write there themselves. Start it with --serve-artifacts and --default-artifact-root mlflow-artifacts:/, which is its default.");
        var path = new Uri(run.Artifacts).AbsolutePath.Trim('/');
        using var body = new StreamContent(content);
        body.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        await SendAsync(HttpMethod.Put, $"mlflow-artifacts/artifacts/{path}/{Uri.EscapeDataString(name)}", body, cancel);
    }

    /// <summary>Says that a run has everything.</summary>
    public Task FinishAsync(MlflowRun run, DateTimeOffset at, CancellationToken cancel) =>
        AskAsync("mlflow/runs/update", new JsonObject { ["run_id"] = run.Id, ["status"] = "FINISHED", ["end_time"] = at.ToUnixTimeMilliseconds() }, cancel);

    /// <summary>Registers a run's artifacts as a version of a model, once.</summary>
    /// <returns>The version's number there.</returns>
    public async Task<string> RegisterAsync(string name, MlflowRun run, string description, IEnumerable<KeyValuePair<string, string>> tags, CancellationToken cancel)
    {
        var (known, _) = await SendAsync(HttpMethod.Get, $"mlflow/model-versions/search?filter={Uri.EscapeDataString($"run_id = '{run.Id}'")}", null, cancel);
        if (known["model_versions"] is JsonArray { Count: > 0 } versions)
            return Text(versions[0], "version");
        await SendAsync(HttpMethod.Post, "mlflow/registered-models/create", JsonContent.Create(new JsonObject { ["name"] = name }), cancel, "RESOURCE_ALREADY_EXISTS");
        var made = await AskAsync(
            "mlflow/model-versions/create",
            new JsonObject { ["name"] = name, ["source"] = run.Artifacts, ["run_id"] = run.Id, ["description"] = description, ["tags"] = Pairs(tags) }, cancel);
        return Text(made, "model_version", "version");
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static JsonArray Pairs(IEnumerable<KeyValuePair<string, string>> pairs) =>
        new([.. pairs.Select(pair => new JsonObject { ["key"] = pair.Key, ["value"] = pair.Value.Length <= LongestValue ? pair.Value : pair.Value[..(LongestValue - 3)] + "..." })]);

    private MlflowRun RunOf(JsonNode? run) => new(Text(run, "info", "run_id"), Text(run, "info", "artifact_uri"), run!["info"]!["status"]?.ToString() == "FINISHED");

    private string Text(JsonNode? node, params IEnumerable<string> path)
    {
        foreach (var name in path)
            node = (node as JsonObject)?[name];
        return node is JsonValue value ? value.ToString() : throw Foreign($"its answer has no '{string.Join('.', path)}'");
    }

    private async Task<JsonNode> AskAsync(string path, JsonObject request, CancellationToken cancel) => (await SendAsync(HttpMethod.Post, path, JsonContent.Create(request), cancel)).Answer;

    // What MLflow answers, and its error code where that is the one that was expected.
    private async Task<(JsonNode Answer, string? Fault)> SendAsync(HttpMethod method, string path, HttpContent? content, CancellationToken cancel, string? expected = null)
    {
        using var request = new HttpRequestMessage(method, "api/2.0/" + path) { Content = content };
        try
        {
            using var response = await _http.SendAsync(request, cancel);
            var text = await response.Content.ReadAsStringAsync(cancel);
            var answer = Parse(text);
            if (response.IsSuccessStatusCode)
                return (answer ?? throw Foreign("it answers with something else than JSON"), null);
            var (code, message) = (answer?["error_code"]?.ToString(), answer?["message"]?.ToString());
            if (expected is not null && code == expected)
                return (answer!, code);
            throw response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden
                ? new CliException(ExitCode.Refused, $"The tracking server {_address} refuses these credentials ({(int)response.StatusCode}). Set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.")
                : code is null ? Foreign($"it answers {path.Split('?')[0]} with {(int)response.StatusCode}")
                : new CliException(ExitCode.Refused, $"The tracking server {_address} refused {path.Split('?')[0]}: {message} ({code})");
        }
        catch (HttpRequestException fault)
        {
            throw new CliException(ExitCode.Unreachable, $"The tracking server {_address} cannot be reached: {fault.Message} What was sent until now stays there; run the command again.", fault);
        }
        catch (TaskCanceledException fault) when (!cancel.IsCancellationRequested)
        {
            throw new CliException(ExitCode.Unreachable, $"The tracking server {_address} has not answered within {_http.Timeout.TotalSeconds.ToString(CultureInfo.InvariantCulture)} s. What was sent until now stays there; run the command again.", fault);
        }
    }

    private static JsonNode? Parse(string text)
    {
        try
        {
            return text.Length == 0 ? new JsonObject() : JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return null; // for the caller, who knows what was asked
        }
    }

    private CliException Foreign(string why) => new(ExitCode.Refused, $"{_address} is no MLflow tracking server, or one with another API: {why}. Give the address that its pages have, without /api.");
}
