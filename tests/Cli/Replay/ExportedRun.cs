using System.Text.Json;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Cli;
using FederatedClinicalMl.Cli.Models;
using FederatedClinicalMl.Cli.Simulation;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Cli.Simulation;

namespace FederatedClinicalMl.Tests.Cli.Replay;

/// <summary>A run of a simulated federation, in a folder as <c>fcml models export --rounds</c> writes it.</summary>
internal sealed class ExportedRun : IDisposable
{
    private readonly SimulatedFederation _federation;

    /// <summary>Runs four hospitals to a model, and writes it.</summary>
    public ExportedRun(string aggregation, SpoilingHospital? hospital = null, string gate = "", string run = "5100000000000001")
    {
        var study = Study(aggregation, gate);
        _federation = new SimulatedFederation(
            study, SimulatedKeys.Sign(study), RunId.Parse(run), new Timeline(), new Weather(), Keys,
            [.. study.Federation.Sites.Select(site => new SimulatedSite(site, (hospital ?? new SpoilingHospital { SpoiltRound = 9 }).At(site)))], new MemoryDisks().Open);
        Model = _federation.RunToModel(null, TestContext.Current.CancellationToken).Model!.Value;
        SimulateCommand.Store(_federation.Coordinator.Registry, Model, Folder, Terminal.Silent);
        Directory.CreateDirectory(Path.Combine(Folder, RoundResults.Folder));
        foreach (var digest in RoundResults.Of(study, Check().Rounds))
            WriteResult(_federation.Coordinator.Result(digest));
    }

    public SimulatedKeys Keys { get; } = new();

    public Sha256Digest Model { get; }

    public string Folder { get; } = Directory.CreateTempSubdirectory("fcml-exported-").FullName;

    /// <summary>The committed steps that made parameters, in order.</summary>
    public IReadOnlyList<RecordedStep> Trained => [.. Check().Rounds.Select(round => round.ParametersFrom(_federation.Coordinator.Study)).OfType<RecordedStep>()];

    /// <summary>The committed evaluations, in order.</summary>
    public IReadOnlyList<RecordedStep> Evaluated => [.. Check().Rounds.SelectMany(round => round.Committed).Where(step => step.Id.Kind == StepKind.Evaluation)];

    public static Study Study(string aggregation, string gate = "") => SimulatedKeys.Name(StudyChecker.CheckYaml($$$"""
        protocol: 1
        name: in-parts
        title: A run that is replayed in parts
        purpose: A test of this software
        ethics: Made-up data; no approval needed
        data:
          dataset: rows
          features:
            - {name: age, range: [0, 120], constants: {mean: 60, sd: 10}}
          label: {name: ill}
        model: {kind: logistic-regression}
        federation: {rounds: 4, sites: [east, north, south, west], quorum: 4, weighting: equal, aggregation: {{{aggregation}}}}
        evaluation: {every: 1, {{{gate}}} }
        """).Study!, []);

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    public ModelCheck Check() => ModelFiles.Check(new DirectoryInfo(Folder), fingerprint: null);

    /// <summary>A result of the coordinator's, whether the export has it or not.</summary>
    public byte[] Result(Sha256Digest digest) => _federation.Coordinator.Result(digest);

    public string PathOf(Sha256Digest result) => Path.Combine(Folder, RoundResults.NameOf(result));

    public Sha256Digest WriteResult(byte[] content)
    {
        var digest = Sha256Digest.Of(content);
        File.WriteAllBytes(PathOf(digest), content);
        return digest;
    }

    /// <summary>Changes a step's record, and has the coordinator sign record and manifest anew.</summary>
    public void Forge(StepId step, Action<JsonNode> change) => Forge(records =>
    {
        foreach (var recorded in records.SelectMany(record => record["steps"]!.AsArray()).Where(recorded => (string?)recorded!["step"] == step.ToString()))
            change(recorded!);
    });

    /// <summary>Changes the round records, and has the coordinator sign them and the manifest anew.</summary>
    public void Forge(Action<IEnumerable<JsonNode>> change)
    {
        var rounds = JsonNode.Parse(File.ReadAllBytes(Path.Combine(Folder, ModelFileNames.Rounds)))!.AsArray();
        change(rounds.Select(round => round!["record"]!));
        foreach (var round in rounds)
            round!["signature"] = Convert.ToBase64String(Keys.Coordinator.Sign(SignatureContext.RoundRecord, Canonical(round["record"]!)));
        var records = Canonical(rounds);
        File.WriteAllBytes(Path.Combine(Folder, ModelFileNames.Rounds), records);
        var manifest = JsonNode.Parse(File.ReadAllBytes(Path.Combine(Folder, ModelFileNames.Manifest)))!;
        var file = manifest["manifest"]!["files"]!.AsArray().Single(entry => (string?)entry!["name"] == ModelFileNames.Rounds)!;
        (file["digest"], file["length"]) = (Sha256Digest.Of(records).ToString(), records.Length);
        manifest["signature"] = Convert.ToBase64String(Keys.Coordinator.Sign(SignatureContext.Model, Canonical(manifest["manifest"]!)));
        File.WriteAllBytes(Path.Combine(Folder, ModelFileNames.Manifest), Canonical(manifest));
    }

    /// <summary>Writes the statement of a site's worker: all that the record names is equal, unless it is said what else.</summary>
    public void State(string folder, string site, Func<ReplayedRelease, ReplayedRelease?>? otherwise = null, SigningKey? key = null, string? run = null, string? file = null)
    {
        var (id, of) = (SiteId.Parse(site), RunId.Parse(run ?? _federation.Coordinator.Run.Value));
        var releases = from round in Check().Rounds
                       from step in round.Committed
                       from part in step.Participants
                       where part.Site == id && step.Id.Kind.ReadsData()
                       select new ReplayedRelease(step.Id with { Run = of }, part.Release, ReplayOutcome.Equal);
        Directory.CreateDirectory(folder);
        File.WriteAllBytes(
            Path.Combine(folder, file ?? $"{site}.json"),
            ReplayStatement.Sign(id, of, _federation.Coordinator.Study.Digest, [.. releases.Select(release => otherwise is null ? release : otherwise(release)).OfType<ReplayedRelease>()], key ?? Keys.Worker(id)));
    }

    private static byte[] Canonical(JsonNode node) => CanonicalJson.Write(JsonSerializer.Deserialize<JsonNode>(node.ToJsonString()));
}
