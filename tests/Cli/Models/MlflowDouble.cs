using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace FederatedClinicalMl.Tests.Cli.Models;

/// <summary>
/// A tracking server as its documentation describes it (https://mlflow.org/docs/latest/rest-api.html, 2.0, with its limits on batches and keys), strict: what is not documented is refused as the real one refuses it.
/// </summary>
internal sealed partial class MlflowDouble : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Dictionary<string, string> _experiments = [];
    private readonly List<string> _models = [];
    private int _next;

    private MlflowDouble(WebApplication app) => _app = app;

    /// <summary>Where it listens.</summary>
    public Uri Address => new(_app.Urls.Single());

    public List<Run> Runs { get; } = [];

    public List<JsonObject> Versions { get; } = [];

    /// <summary>Answers a request in the server's place, where it answers at all.</summary>
    public Func<string, IResult?> Instead { get; set; } = _ => null;

    /// <summary>What a request carried as credentials, of the last one.</summary>
    public string? Authorization { get; private set; }

    /// <summary>Where artifacts go.</summary>
    public string ArtifactRoot { get; set; } = "mlflow-artifacts:/";

    public static async Task<MlflowDouble> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var server = new MlflowDouble(app);
        app.MapGet("/api/2.0/mlflow/experiments/get-by-name", server.Answer(request => server._experiments.TryGetValue(request.Query["experiment_name"]!, out var id)
            ? Ok(("experiment", new JsonObject { ["experiment_id"] = id })) : Fault(404, "RESOURCE_DOES_NOT_EXIST")));
        app.MapPost("/api/2.0/mlflow/experiments/create", server.AnswerJson(body => server._experiments.TryAdd(Need(body, "name"), $"{++server._next}") ? Ok(("experiment_id", $"{server._next}")) : Fault(400, "RESOURCE_ALREADY_EXISTS")));
        app.MapPost("/api/2.0/mlflow/runs/create", server.AnswerJson(server.Begin));
        app.MapPost("/api/2.0/mlflow/runs/search", server.AnswerJson(server.Search));
        app.MapPost("/api/2.0/mlflow/runs/delete", server.AnswerJson(body => server.Runs.RemoveAll(run => run.Id == Need(body, "run_id")) == 1 ? Ok() : Fault(404, "RESOURCE_DOES_NOT_EXIST")));
        app.MapPost("/api/2.0/mlflow/runs/log-batch", server.AnswerJson(server.Log));
        app.MapPost("/api/2.0/mlflow/runs/update", server.AnswerJson(body =>
        {
            server.Of(body).Status = Need(body, "status");
            return Ok(("run_info", new JsonObject()));
        }));
        app.MapPost("/api/2.0/mlflow/registered-models/create", server.AnswerJson(body =>
        {
            if (server._models.Contains(Need(body, "name")))
                return Fault(400, "RESOURCE_ALREADY_EXISTS");
            server._models.Add(Need(body, "name"));
            return Ok(("registered_model", new JsonObject()));
        }));
        app.MapGet("/api/2.0/mlflow/model-versions/search", server.Answer(request => Ok(("model_versions", new JsonArray([.. server.Versions
            .Where(version => request.Query["filter"] == $"run_id = '{version["run_id"]}'").Select(version => version.DeepClone())])))));
        app.MapPost("/api/2.0/mlflow/model-versions/create", server.AnswerJson(body =>
        {
            var (name, _) = (Need(body, "name"), Need(body, "source"));
            body["version"] = $"{server.Versions.Count(version => (string)version["name"]! == name) + 1}";
            server.Versions.Add(body);
            return server._models.Contains(name) ? Ok(("model_version", body.DeepClone())) : Fault(404, "RESOURCE_DOES_NOT_EXIST");
        }));
        app.MapPut("/api/2.0/mlflow-artifacts/artifacts/{**path}", async context =>
        {
            var path = (string)context.Request.RouteValues["path"]!;
            var run = server.Runs.Single(known => path.StartsWith($"{known.Experiment}/{known.Id}/artifacts/", StringComparison.Ordinal));
            var content = new MemoryStream();
            await context.Request.Body.CopyToAsync(content, context.RequestAborted);
            run.Artifacts[Path.GetFileName(path)] = content.ToArray();
            await (server.Instead(context.Request.Path) ?? Ok()).ExecuteAsync(context);
        });
        await app.StartAsync(TestContext.Current.CancellationToken);
        return server;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private RequestDelegate Answer(Func<HttpRequest, IResult> answer) => async context =>
    {
        Authorization = context.Request.Headers.Authorization;
        await (Instead(context.Request.Path) ?? answer(context.Request)).ExecuteAsync(context);
    };

    private RequestDelegate AnswerJson(Func<JsonObject, IResult> answer) => async context =>
    {
        var body = (JsonObject)(await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted))!;
        await Answer(_ => answer(body))(context);
    };

    private IResult Begin(JsonObject body)
    {
        var (id, experiment) = ($"run{++_next}", Need(body, "experiment_id"));
        var run = new Run(id, experiment, $"{ArtifactRoot}{experiment}/{id}/artifacts");
        foreach (var tag in body["tags"]!.AsArray())
            run.Tags.Add(Need(tag!.AsObject(), "key"), (string)tag["value"]!);
        Runs.Add(run);
        return Ok(("run", run.ToJson()));
    }

    private IResult Search(JsonObject body)
    {
        var filter = TagFilter().Match(Need(body, "filter"));
        if (!filter.Success)
            return Fault(400, "INVALID_PARAMETER_VALUE");
        return Ok(("runs", new JsonArray([.. Runs.Where(run => run.Tags.GetValueOrDefault(filter.Groups[1].Value) == filter.Groups[2].Value).Select(run => run.ToJson())])));
    }

    private IResult Log(JsonObject body)
    {
        var run = Of(body);
        var (metrics, parameters) = (body["metrics"]?.AsArray() ?? [], body["params"]?.AsArray() ?? []);
        if (metrics.Count > 1000 || parameters.Count > 100)
            return Fault(400, "INVALID_PARAMETER_VALUE");
        foreach (var parameter in parameters.Select(node => node!.AsObject()))
        {
            if (!Key().IsMatch(Need(parameter, "key")) || ((string)parameter["value"]!).Length > 6000 || !run.Parameters.TryAdd((string)parameter["key"]!, (string)parameter["value"]!))
                return Fault(400, "INVALID_PARAMETER_VALUE");
        }

        foreach (var metric in metrics.Select(node => node!.AsObject()))
        {
            if (!Key().IsMatch(Need(metric, "key")))
                return Fault(400, "INVALID_PARAMETER_VALUE");
            run.Metrics.Add(((string)metric["key"]!, (double)metric["value"]!, (long)metric["timestamp"]!, (long)metric["step"]!));
        }

        return Ok();
    }

    private Run Of(JsonObject body) => Runs.Single(run => run.Id == Need(body, "run_id"));

    private static string Need(JsonObject body, string field) => (string?)body[field] is { Length: > 0 } value ? value : throw new BadHttpRequestException($"{field} is required");

    private static IResult Ok(params (string Name, JsonNode Value)[] fields) => Results.Content(new JsonObject(fields.Select(field => KeyValuePair.Create(field.Name, (JsonNode?)field.Value))).ToJsonString(), "application/json");

    public static IResult Fault(int status, string code) => Results.Content(new JsonObject { ["error_code"] = code, ["message"] = "it says why" }.ToJsonString(), "application/json", Encoding.UTF8, status);

    [GeneratedRegex(@"^tags\.`([\w.]+)` = '(\w+)'$")]
    private static partial Regex TagFilter();

    // mlflow.utils.validation: alphanumerics, underscores, dashes, periods, spaces, slashes, colons; at most 250.
    [GeneratedRegex(@"^[\w./ :-]{1,250}$")]
    private static partial Regex Key();

    internal sealed record Run(string Id, string Experiment, string ArtifactUri)
    {
        public string Status { get; set; } = "RUNNING";

        public Dictionary<string, string> Tags { get; } = [];

        public Dictionary<string, string> Parameters { get; } = [];

        public List<(string Key, double Value, long Timestamp, long Step)> Metrics { get; } = [];

        public Dictionary<string, byte[]> Artifacts { get; } = [];

        public JsonObject ToJson() => new() { ["info"] = new JsonObject { ["run_id"] = Id, ["experiment_id"] = Experiment, ["artifact_uri"] = ArtifactUri, ["status"] = Status } };
    }
}
