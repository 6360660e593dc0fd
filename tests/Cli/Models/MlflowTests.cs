using FederatedClinicalMl.Cli;
using FederatedClinicalMl.Cli.Models.Mlflow;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Cli.Replay;
using Microsoft.AspNetCore.Http;

namespace FederatedClinicalMl.Tests.Cli.Models;

/// <summary>An exported model, told to a tracking server.</summary>
public sealed class MlflowTests : IDisposable
{
    private readonly ExportedRun _run = new("plain");

    public void Dispose() => _run.Dispose();

    [Fact]
    public async Task Server_is_told_parameters_metrics_of_every_round_files_and_a_version_once()
    {
        await using var server = await MlflowDouble.StartAsync();

        Assert.Equal((0, ""), await TellAsync(server));
        Assert.Equal((0, ""), await TellAsync(server));

        var run = Assert.Single(server.Runs);
        Assert.Equal("FINISHED", run.Status);
        Assert.Equal(4, _run.Evaluated.Count);
        Assert.Equal(
            _run.Evaluated.Select(step => ((long)step.Id.Round.Value, EvaluationReport.Read(_run.Result(step.Result!.Value)).Metrics.Brier!.Value, step.Ended.ToUnixTimeMilliseconds())),
            run.Metrics.Where(metric => metric.Key == "brier").Select(metric => (metric.Step, metric.Value, metric.Timestamp)));
        Assert.Equal([4, 4, 4, 4], run.Metrics.Where(metric => metric.Key == "sites").Select(metric => metric.Value));
        Assert.Equal(("logistic-regression", "4", "age", "plain"), (run.Parameters["model.kind"], run.Parameters["federation.rounds"], run.Parameters["data.features"], run.Parameters["federation.aggregation"]));
        Assert.Equal(_run.Model.ToString(), run.Tags["fcml.model"]);
        foreach (var file in Directory.GetFiles(_run.Folder))
            Assert.Equal(File.ReadAllBytes(file), run.Artifacts[Path.GetFileName(file)]);
        Assert.Contains("in-parts", System.Text.Encoding.UTF8.GetString(run.Artifacts["card.html"]), StringComparison.Ordinal);
        var version = Assert.Single(server.Versions);
        Assert.Equal(("in-parts", run.Id, run.ArtifactUri), ((string)version["name"]!, (string)version["run_id"]!, (string)version["source"]!));
    }

    [Fact]
    public async Task Run_that_was_broken_off_is_made_again_and_a_version_that_is_missing_is_registered()
    {
        await using var server = await MlflowDouble.StartAsync();
        server.Instead = path => path.EndsWith("card.md", StringComparison.Ordinal) ? MlflowDouble.Fault(500, "INTERNAL_ERROR") : null;
        await RefusedAsync(server, ExitCode.Refused, "INTERNAL_ERROR");
        var broken = Assert.Single(server.Runs).Id;

        server.Instead = path => path.EndsWith("model-versions/create", StringComparison.Ordinal) ? MlflowDouble.Fault(503, "TEMPORARILY_UNAVAILABLE") : null;
        await RefusedAsync(server, ExitCode.Refused, "TEMPORARILY_UNAVAILABLE");
        var whole = Assert.Single(server.Runs);
        Assert.NotEqual(broken, whole.Id);

        server.Instead = _ => null;
        Assert.Equal((0, ""), await TellAsync(server));
        Assert.Same(whole, Assert.Single(server.Runs));
        Assert.Equal(whole.Id, (string)Assert.Single(server.Versions)["run_id"]!);
    }

    [Fact]
    public async Task Server_that_is_none_or_keeps_artifacts_elsewhere_is_refused_in_a_sentence_that_helps()
    {
        await using var server = await MlflowDouble.StartAsync();
        server.ArtifactRoot = "s3://bucket/";
        await RefusedAsync(server, ExitCode.Refused, "--serve-artifacts");
        server.Instead = _ => Results.Text("<html>", "text/html");
        await RefusedAsync(server, ExitCode.Refused, "is no MLflow tracking server");
        server.Instead = _ => Results.StatusCode(401);
        await RefusedAsync(server, ExitCode.Refused, "MLFLOW_TRACKING_TOKEN");
        var address = server.Address;
        await server.DisposeAsync();
        await RefusedAsync(address, ExitCode.Unreachable, "cannot be reached");
        await RefusedAsync(new Uri("ftp://127.0.0.1"), ExitCode.Usage, "is no address of a server");
    }

    [Fact]
    public async Task Model_that_was_changed_is_told_to_nobody()
    {
        await using var server = await MlflowDouble.StartAsync();
        var evaluation = _run.Evaluated[0].Result!.Value;
        await File.WriteAllBytesAsync(_run.PathOf(evaluation), _run.Result(evaluation)[..^1], TestContext.Current.CancellationToken);

        await RefusedAsync(server, ExitCode.NotVerified, evaluation.ToString());
        Directory.Delete(Path.Combine(_run.Folder, RoundResults.Folder), recursive: true);
        await RefusedAsync(server, ExitCode.Usage, "--rounds");

        Assert.Empty(server.Runs);
    }

    [Fact]
    public async Task Hanging_server_is_given_up_and_credentials_travel_under_TLS_or_to_this_machine_only()
    {
        await using var server = await MlflowDouble.StartAsync();
        using (var patient = new MlflowServer(server.Address, name => name == "MLFLOW_TRACKING_TOKEN" ? "secret" : null, TimeSpan.FromSeconds(30)))
            await patient.ExperimentAsync("e", TestContext.Current.CancellationToken);
        Assert.Equal("Bearer secret", server.Authorization);
        var clear = Assert.Throws<CliException>(() => new MlflowServer(new Uri("http://mlflow.example.org"), _ => "secret", TimeSpan.FromSeconds(30)));
        Assert.DoesNotContain("secret", clear.Message, StringComparison.Ordinal);

        var hangs = new TaskCompletionSource<IResult>();
        server.Instead = _ => hangs.Task.Result;
        using var hasty = new MlflowServer(server.Address, _ => null, TimeSpan.FromMilliseconds(50));
        var given = await Assert.ThrowsAsync<CliException>(() => hasty.ExperimentAsync("e", TestContext.Current.CancellationToken));
        hangs.SetResult(Results.Ok());
        Assert.Equal(ExitCode.Unreachable, given.Code);
    }

    private Task<(int Code, string Error)> TellAsync(MlflowDouble server) => TellAsync(server.Address);

    private Task<(int Code, string Error)> TellAsync(Uri server) => CommandRun.FcmlAsync("models", "mlflow", "--folder", _run.Folder, "--server", server.ToString());

    private Task RefusedAsync(MlflowDouble server, ExitCode expected, string sentence) => RefusedAsync(server.Address, expected, sentence);

    private async Task RefusedAsync(Uri server, ExitCode expected, string sentence)
    {
        var (code, error) = await TellAsync(server);
        Assert.Equal((int)expected, code);
        Assert.Contains(sentence, error, StringComparison.Ordinal);
    }
}
