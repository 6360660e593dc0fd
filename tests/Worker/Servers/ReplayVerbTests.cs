using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.Steward;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Worker.Computing;
using Google.Protobuf;
using Kind = FederatedClinicalMl.Protos.WorkerPort.StepOrder.Types.Kind;

namespace FederatedClinicalMl.Tests.Worker.Servers;

/// <summary><c>site-worker replay</c> over the real socket, with what trains in production, of a study without differential privacy whose constants were learned.</summary>
public sealed class ReplayVerbTests : IAsyncLifetime
{
    private static readonly Study s_study = Patients.OpenStudy;
    private static readonly float[] s_trained = [0.5f, -0.25f];

    private readonly Patients _patients = new();
    private RunningWorker _worker = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string Model => Path.Combine(_worker.Folder.Root, "model");

    private string Out => Path.Combine(_worker.Folder.Root, "statement.json");

    public async ValueTask InitializeAsync()
    {
        _worker = await RunningWorker.StartAsync();
        await File.WriteAllTextAsync(_worker.Folder.Datasets, $"datasets: {{test: {{path: '{_patients.File}', format: csv}}}}", Stop);
        await _worker.Gateway.OfferStudyAsync(Site.OfferOf(s_study), cancellationToken: Stop);
        await _worker.Steward.ApproveAsync(new DecisionRequest { Digest = s_study.Digest.ToString(), Steward = "grace" }, cancellationToken: Stop);
        var (initial, trained) = (MemoryMarshal.AsBytes(ModelPlan.For(s_study).InitialParameters().AsSpan()).ToArray(), MemoryMarshal.AsBytes<float>(s_trained).ToArray());
        var report = PreparationReport.Read(s_study, await PerformAsync(Site.Order(Kind.Preparation, study: s_study)));
        var constants = PreprocessingConstants.Freeze(s_study, report).Canonical.ToArray();
        await PerformAsync(Order(Kind.Training, 1, initial));
        await PerformAsync(Order(Kind.Evaluation, 1, trained));

        // As 'fcml models export --rounds' has them: results by their digests, and constants beside them.
        Directory.CreateDirectory(Path.Combine(Model, "results"));
        await File.WriteAllBytesAsync(Path.Combine(Model, "results", Sha256Digest.Of(trained).ToString()), trained, Stop);
        await File.WriteAllBytesAsync(Path.Combine(Model, "constants.json"), constants, Stop);

        StepOrder Order(Kind kind, int round, byte[] parameters)
        {
            var path = Path.Combine(_worker.Exchange, ExchangePaths.Incoming, Sha256Digest.Of(parameters).ToString());
            File.WriteAllBytes(path, parameters);
            return new StepOrder(Site.Order(kind, round, study: s_study)) { ParametersDigest = ByteString.CopyFrom(Sha256Digest.Of(parameters).Span), Constants = ByteString.CopyFrom(constants) };
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _worker.DisposeAsync();
        _patients.Dispose();
    }

    [Fact]
    public async Task Steward_has_the_sites_part_computed_again_and_gets_a_statement_that_the_log_names()
    {
        Assert.Equal(0, await ReplayAsync(Site.Run, "--out", Out));

        var statement = ReplayStatement.Read(await File.ReadAllBytesAsync(Out, Stop));
        Assert.Equal(["0.preparation.1", "1.training.1", "1.evaluation.1"], statement.Releases.Select(release => release.Step.ToString()[(Site.Run.Length + 1)..]));
        Assert.All(statement.Releases, release => Assert.Equal(ReplayOutcome.Equal, release.Outcome));
        var entry = JsonNode.Parse((await File.ReadAllLinesAsync(_worker.Log, Stop))[^1])!;
        Assert.Equal((WorkerEntries.ReplayStated, "grace"), ((string?)entry["kind"], (string?)entry["body"]!["steward"]));
        Assert.Equal((3, 0, 0), ((int)entry["body"]!["equal"]!, (int)entry["body"]!["unequal"]!, (int)entry["body"]!["unchecked"]!));
        Assert.Equal(Sha256Digest.Of(await File.ReadAllBytesAsync(Out, Stop)).ToString(), (string?)entry["body"]!["statement"]);
        await _worker.StopAsync();
        await _worker.StartAgainAsync(); // reads the entry again
        Assert.Equal(0, await CommandLine.RunAsync(["audit", "verify", "--data", _worker.Folder.Root]));
    }

    [Fact]
    public async Task Replay_without_the_models_rounds_leaves_what_needs_them_unchecked()
    {
        Directory.Delete(Path.Combine(Model, "results"), recursive: true);

        Assert.Equal(0, await ReplayAsync(Site.Run, "--out", Out));

        Assert.Equal(
            [ReplayOutcome.Equal, ReplayOutcome.Equal, ReplayOutcome.Unchecked], ReplayStatement.Read(await File.ReadAllBytesAsync(Out, Stop)).Releases.Select(release => release.Outcome));
    }

    [Fact]
    public async Task Replay_of_a_run_that_this_site_took_no_part_in_is_refused_and_so_is_a_file_that_was_changed()
    {
        Assert.Equal(1, await ReplayAsync(Site.AnotherRun));
        var parameters = Assert.Single(Directory.EnumerateFiles(Path.Combine(Model, "results")));
        await File.WriteAllBytesAsync(parameters, new byte[8], Stop);

        Assert.Equal(1, await ReplayAsync(Site.Run, "--out", Out));
        Assert.False(File.Exists(Out));
    }

    private Task<int> ReplayAsync(params string[] words) => CommandLine.RunAsync(["replay", .. words, "--model", Model, "--data", _worker.Folder.Root, "--steward", "grace"]);

    private async Task<byte[]> PerformAsync(StepOrder order)
    {
        var result = await _worker.Gateway.PerformAsync(order, cancellationToken: Stop);
        Assert.Equal(StepResult.BodyOneofCase.Ticket, result.BodyCase);
        var file = _worker.Read(result.Ticket.File);
        return file[ReleaseHead.LengthOf(file)..];
    }
}
