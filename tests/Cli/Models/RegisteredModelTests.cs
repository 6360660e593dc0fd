using System.Text.Json.Nodes;
using FederatedClinicalMl.Cli;
using FederatedClinicalMl.Cli.Connections;
using FederatedClinicalMl.Cli.Models;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Cli.Replay;
using FederatedClinicalMl.Tests.Cli.Simulation;
using FederatedClinicalMl.Tests.Coordinator;

namespace FederatedClinicalMl.Tests.Cli.Models;

/// <summary>A model in a real coordinator's registry, over TLS: a stored simulation, signed with that coordinator's key.</summary>
public sealed class RegisteredModelTests : IDisposable
{
    private readonly Hospitals _hospitals = new("{every: 1, per-site: true, gates: {baseline: 0.3, least-slope: 0.5, greatest-slope: 2, in-the-large: 0.2, ece: 0.4}}");

    private string Stored => Path.Combine(_hospitals.Root, "stored");

    private string Identity => Path.Combine(_hospitals.Root, "identity");

    public void Dispose() => _hospitals.Dispose();

    [Fact]
    public async Task Model_of_a_coordinator_is_verified_exported_and_replayed_over_its_API()
    {
        Assert.Equal((0, ""), await CommandRun.FcmlAsync("simulate", _hospitals.Study, "--data", _hospitals.Data, "--out", Stored));
        Sha256Digest model = default;
        await using var coordinator = await RunningCoordinator.StartAsync(prepare: folder => model = Register(folder));
        await EnrolAsync(coordinator);
        var exported = Path.Combine(_hospitals.Root, "exported");

        Assert.Equal((0, ""), await CommandRun.FcmlAsync("models", "verify", model.Short, "--identity", Identity));
        var (_, shown, _) = await CommandRun.FcmlWithOutputAsync("models", "show", model.Short, "--identity", Identity, "--json");
        Assert.Equal(["north", "south", "west"], JsonNode.Parse(shown)!["siteMetrics"]!["sites"]!.AsArray().Select(site => (string)site!["site"]!));
        Assert.Equal((0, ""), await CommandRun.FcmlAsync("models", "export", model.Short, "--out", exported, "--identity", Identity));
        Assert.Equal((0, ""), await CommandRun.FcmlAsync("models", "verify", "--folder", exported));
        Assert.Equal((0, ""), await CommandRun.FcmlAsync("replay", "5100000000000001", "--data", _hospitals.Data, "--identity", Identity));
    }

    [Fact]
    public async Task File_that_changed_on_the_coordinators_disk_is_named()
    {
        Assert.Equal((0, ""), await CommandRun.FcmlAsync("simulate", _hospitals.Study, "--data", _hospitals.Data, "--out", Stored));
        Sha256Digest model = default;
        await using var coordinator = await RunningCoordinator.StartAsync(prepare: folder => model = Register(folder));
        await EnrolAsync(coordinator);
        var parameters = coordinator.PathOf($"models/{model}/parameters.bin");
        var content = await File.ReadAllBytesAsync(parameters, TestContext.Current.CancellationToken);
        content[0] ^= 1;
        await File.WriteAllBytesAsync(parameters, content, TestContext.Current.CancellationToken);

        var (code, error) = await CommandRun.FcmlAsync("models", "verify", model.Short, "--identity", Identity);

        Assert.Equal((int)ExitCode.NotVerified, code);
        Assert.Contains("parameters.bin has the digest", error);
    }

    [Fact]
    public async Task Entry_that_another_key_signed_is_found_though_it_is_whole()
    {
        Assert.Equal((0, ""), await CommandRun.FcmlAsync("simulate", _hospitals.Study, "--data", _hospitals.Data, "--out", Stored));
        using var other = SigningKey.Create();
        Sha256Digest model = default;
        await using var coordinator = await RunningCoordinator.StartAsync(prepare: folder => model = Register(folder, other));
        await EnrolAsync(coordinator);

        var (code, error) = await CommandRun.FcmlAsync("models", "verify", model.Short, "--identity", Identity);

        Assert.Equal((int)ExitCode.NotVerified, code);
        Assert.Contains($"names the key {other.PublicKey.Fingerprint}", error);
    }

    [Fact]
    public async Task Sums_and_parameters_that_an_entrys_own_records_name_are_exported_and_no_other_result_is_handed_out()
    {
        using var run = new ExportedRun("secure");
        using var other = new ExportedRun("secure", new SpoilingHospital { SpoiltRound = 2 }, run: "5100000000000002");
        var masked = run.Result(run.Check().Rounds[1].Committed.Single(step => step.Id.Kind == StepKind.Training).Result!.Value);
        Sha256Digest model = default;
        await using var coordinator = await RunningCoordinator.StartAsync(prepare: folder =>
        {
            model = Register(folder, of: run.Folder);
            Register(folder, of: other.Folder);
            var results = new ResultStore(folder.Disk);
            foreach (var content in new[] { run, other }.SelectMany(exported => Directory.GetFiles(Path.Combine(exported.Folder, RoundResults.Folder))).Select(File.ReadAllBytes).Append(masked))
                results.Write(content);
        });
        await EnrolAsync(coordinator);
        var exported = Path.Combine(_hospitals.Root, "exported");

        Assert.Equal((0, ""), await CommandRun.FcmlAsync("replay", model.Short, "--identity", Identity));
        Assert.Equal((0, ""), await CommandRun.FcmlAsync("models", "export", model.Short, "--out", exported, "--rounds", "--identity", Identity));
        Assert.Equal((0, ""), await CommandRun.FcmlAsync("models", "verify", "--folder", exported));
        Assert.Equal((0, ""), await CommandRun.FcmlAsync("replay", "--folder", exported));
        var named = run.Trained.SelectMany(step => new[] { step.Sum, step.Result }).Concat(run.Evaluated.Select(step => step.Result)).Select(digest => digest.ToString()!).Distinct().Order();
        Assert.Equal(named, Directory.GetFiles(Path.Combine(exported, RoundResults.Folder)).Select(path => Path.GetFileName(path)).Order());

        using var connection = Connection.Open(Identity, TimeProvider.System);
        var foreign = other.Trained[1].Sum!.Value;
        Assert.DoesNotContain(foreign.ToString(), named);
        foreach (var file in new[] { RoundResults.NameOf(foreign), RoundResults.NameOf(Sha256Digest.Of(masked)), RoundResults.NameOf(Sha256Digest.Of("nothing"u8)), RoundResults.NameOf(run.Trained[0].Sum!.Value).ToUpperInvariant(), "results/../coordinator.db", "results/" })
        {
            var refused = await Assert.ThrowsAsync<CliException>(() => ModelFiles.FetchAsync(connection, model.ToString(), file, TestContext.Current.CancellationToken));
            Assert.Contains("MODEL_UNKNOWN", refused.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Model_is_given_a_version_goes_to_production_by_two_people_and_is_taken_back_by_one()
    {
        Assert.Equal((0, ""), await CommandRun.FcmlAsync("simulate", _hospitals.Study, "--data", _hospitals.Data, "--out", Stored));
        Sha256Digest model = default;
        await using var coordinator = await RunningCoordinator.StartAsync(prepare: folder => model = Register(folder));
        foreach (var (role, name) in new[] { (Roles.Admin, "ada"), (Roles.Clinician, "grace"), (Roles.Auditor, "eve"), (Roles.Researcher, "rosalind") })
            await EnrolAsync(coordinator, role, name);

        var (_, proposal, _) = await As("eve", "confirm", model.Short, "--json");
        Assert.Equal(("1.0.0", ""), ((string)JsonNode.Parse(proposal)!["version"]!, (string)JsonNode.Parse(proposal)!["confirmed"]!));
        await Refused("ROLE_MISSING", As("eve", "confirm", model.Short, "--as", "1.0.0"));
        await Refused("The first version", As("ada", "confirm", model.Short, "--as", "2.0.0"));
        await Done(As("ada", "confirm", model.Short, "--as", "1.0.0"));
        var (_, gates, _) = await As("eve", "gates", "small-study", "1.0.0", "--json");
        Assert.Equal(["auroc", "calibration-slope", "calibration-in-the-large", "ece", "sites"], JsonNode.Parse(gates)!["gates"]!.AsArray().Select(gate => (string)gate!["gate"]!));
        foreach (var stage in new[] { "staging", "production" })
        {
            await Done(As("ada", "promote", "small-study", "1.0.0", "--to", stage));
            await Done(As("ada", "agree", "small-study", "1.0.0", "--to", stage, "--reason", "Its card"));
            await Refused("has agreed already", As("ada", "agree", "small-study", "1.0.0", "--to", stage, "--reason", "Its card"));
            await Done(As("grace", "agree", "small-study", "1.0.0", "--to", stage, "--reason", "Fit for the ward"));
            if (stage == "staging")
            {
                // Whose word counts: a shadow is an admin's or a researcher's, what answers patients an admin's or a clinician's.
                await Refused("ROLE_MISSING", As("grace", "rollout", "small-study", "1.0.0", "--mode", "shadow", "--reason", "Try"));
                await Refused("ROLE_MISSING", As("rosalind", "rollout", "small-study", "1.0.0", "--mode", "canary", "--percent", "5", "--reason", "Try"));
                await Refused("it can only be a shadow", As("grace", "rollout", "small-study", "1.0.0", "--mode", "canary", "--percent", "5", "--reason", "Try"));
                await Done(As("rosalind", "rollout", "small-study", "1.0.0", "--mode", "shadow", "--reason", "Try"));
                Assert.Equal("shadow", (string?)JsonNode.Parse((await As("eve", "versions", "--json")).Output)!["rollout"]!["mode"]);
                await Done(As("grace", "rollout", "small-study", "1.0.0", "--end", "--reason", "Seen enough"));
            }
        }

        Assert.Equal("1.0.0", await ProductionAsync());
        var (_, card, _) = await As("eve", "card", model.Short);
        Assert.Contains("1.0.0, in production", card, StringComparison.Ordinal);
        var html = Path.Combine(_hospitals.Root, "report.html");
        await Done(As("eve", "report", model.Short, "--html", html));
        Assert.StartsWith("<!DOCTYPE html>", await File.ReadAllTextAsync(html, TestContext.Current.CancellationToken), StringComparison.OrdinalIgnoreCase);
        await Refused("is in production", As("ada", "retire", "small-study", "1.0.0", "--reason", "Old"));
        var (taken, said, _) = await As("grace", "rollback", "small-study", "1.0.0", "--reason", "Alarms");
        Assert.Equal(0, taken);
        Assert.StartsWith("1.0.0 leaves production, and no version takes its place", said, StringComparison.Ordinal);
        Assert.Equal("", await ProductionAsync());

        async Task<string> ProductionAsync() => (string)JsonNode.Parse((await As("eve", "versions", "--json")).Output)!["production"]!;
    }

    [Fact]
    public async Task Entry_with_one_changed_byte_gets_no_version_and_goes_to_no_stage()
    {
        Assert.Equal((0, ""), await CommandRun.FcmlAsync("simulate", _hospitals.Study, "--data", _hospitals.Data, "--out", Stored));
        Sha256Digest model = default;
        await using var coordinator = await RunningCoordinator.StartAsync(prepare: folder => model = Register(folder));
        foreach (var (role, name) in new[] { (Roles.Admin, "ada"), (Roles.Clinician, "grace") })
            await EnrolAsync(coordinator, role, name);
        var files = Directory.GetFiles(coordinator.PathOf($"models/{model}")).Order(StringComparer.Ordinal).ToList();
        Assert.Contains(files, file => Path.GetFileName(file) == "model.onnx");

        await RefusedOfEach(["confirm", model.Short, "--as", "1.0.0"], "ada");
        await Done(As("ada", "confirm", model.Short, "--as", "1.0.0"));
        await RefusedOfEach(["promote", "small-study", "1.0.0", "--to", "staging"], "ada");
        await Done(As("ada", "promote", "small-study", "1.0.0", "--to", "staging"));
        await Done(As("ada", "agree", "small-study", "1.0.0", "--to", "staging", "--reason", "Its card"));
        await RefusedOfEach(["agree", "small-study", "1.0.0", "--to", "staging", "--reason", "Fit for the ward"], "grace");
        await Done(As("grace", "agree", "small-study", "1.0.0", "--to", "staging", "--reason", "Fit for the ward"));

        async Task RefusedOfEach(string[] words, string person)
        {
            foreach (var file in files)
            {
                var content = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
                content[content.Length / 2] ^= 1;
                await File.WriteAllBytesAsync(file, content, TestContext.Current.CancellationToken);
                var (code, _, error) = await As(person, words);
                Assert.True(code != 0 && error.Contains("is not what was registered", StringComparison.Ordinal), $"{Path.GetFileName(file)}: {error}");
                content[content.Length / 2] ^= 1;
                await File.WriteAllBytesAsync(file, content, TestContext.Current.CancellationToken);
            }
        }
    }

    [Fact]
    public async Task Entry_whose_manifest_is_damaged_is_named_and_hides_no_other()
    {
        Assert.Equal((0, ""), await CommandRun.FcmlAsync("simulate", _hospitals.Study, "--data", _hospitals.Data, "--out", Stored));
        Sha256Digest model = default;
        var damaged = Sha256Digest.Of("damaged"u8);
        await using var coordinator = await RunningCoordinator.StartAsync(prepare: folder => model = Register(folder));
        await EnrolAsync(coordinator);
        Directory.CreateDirectory(coordinator.PathOf($"models/{damaged}"));
        await File.WriteAllTextAsync(coordinator.PathOf($"models/{damaged}/manifest.json"), "{\"key\":", TestContext.Current.CancellationToken);

        var (code, output, _) = await CommandRun.FcmlWithOutputAsync("models", "list", "--identity", Identity, "--json");
        Assert.Equal((int)ExitCode.NotVerified, code);
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!).ToList();
        Assert.Equal([(model.ToString(), "model"), (damaged.ToString(), "damaged")], lines.Select(line => ((string)line["digest"]!, (string)line["event"]!)));
        Assert.Equal((0, ""), await CommandRun.FcmlAsync("models", "verify", model.Short, "--identity", Identity));
        var (verified, error) = await CommandRun.FcmlAsync("models", "verify", damaged.Short, "--identity", Identity);
        Assert.Equal((int)ExitCode.NotVerified, verified);
        Assert.Contains("manifest.json cannot be read", error, StringComparison.Ordinal);
    }

    private string Of(string person) => Path.Combine(_hospitals.Root, person);

    private Task<(int Code, string Output, string Error)> As(string person, params string[] words) => CommandRun.FcmlWithOutputAsync(["models", .. words, "--identity", Of(person)]);

    private static async Task Done(Task<(int Code, string Output, string Error)> run) => Assert.Equal((0, ""), await run is var (code, _, error) ? (code, error) : default);

    private static async Task Refused(string sentence, Task<(int Code, string Output, string Error)> run)
    {
        var (code, _, error) = await run;
        Assert.Equal((int)ExitCode.Refused, code);
        Assert.Contains(sentence, error, StringComparison.Ordinal);
    }

    private Task EnrolAsync(RunningCoordinator coordinator) => EnrolAsync(coordinator, Roles.Auditor, "identity");

    private async Task EnrolAsync(RunningCoordinator coordinator, Roles role, string name) => Assert.Equal(
        (0, ""), await CommandRun.FcmlAsync("enrol", coordinator.Invite(new Member(role, name)), "--identity", Of(name)));

    /// <summary>Puts the stored entry, or another folder's, into a registry, signed anew.</summary>
    private Sha256Digest Register(DataFolder folder, SigningKey? with = null, string? of = null)
    {
        var (key, stored) = (with ?? folder.Key, of ?? Stored);
        var rounds = CanonicalJson.Read(File.ReadAllBytes(Path.Combine(stored, "rounds.json")))!;
        foreach (var round in rounds.AsArray())
            round!["signature"] = Convert.ToBase64String(key.Sign(SignatureContext.RoundRecord, CanonicalJson.Write(round["record"])));
        var records = CanonicalJson.Write(rounds);
        var manifest = CanonicalJson.Read(File.ReadAllBytes(Path.Combine(stored, "manifest.json")))!["manifest"]!;
        var file = manifest["files"]!.AsArray().Single(entry => (string?)entry!["name"] == "rounds.json")!;
        (file["digest"], file["length"]) = (Sha256Digest.Of(records).ToString(), records.Length);
        var canonical = CanonicalJson.Write(manifest);
        var model = Sha256Digest.Of(canonical);
        var entry = Directory.CreateDirectory(Path.Combine(folder.Disk.Root, "models", model.ToString())).FullName;
        foreach (var path in Directory.GetFiles(stored))
            File.Copy(path, Path.Combine(entry, Path.GetFileName(path)));
        File.WriteAllBytes(Path.Combine(entry, "rounds.json"), records);
        File.WriteAllBytes(Path.Combine(entry, "manifest.json"), CanonicalJson.Write(new JsonObject
        {
            ["key"] = Convert.ToBase64String(key.PublicKey.SubjectPublicKeyInfo.Span),
            ["manifest"] = manifest.DeepClone(),
            ["signature"] = Convert.ToBase64String(key.Sign(SignatureContext.Model, canonical)),
        }));
        return model;
    }
}
