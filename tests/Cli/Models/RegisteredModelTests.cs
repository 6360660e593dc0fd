using System.Text.Json.Nodes;
using FederatedClinicalMl.Cli;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Coordinator;

namespace FederatedClinicalMl.Tests.Cli.Models;

/// <summary>A model in a real coordinator's registry, over TLS: a stored simulation, signed with that coordinator's key.</summary>
public sealed class RegisteredModelTests : IDisposable
{
    private readonly Hospitals _hospitals = new("{every: 1, per-site: true}");

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

    private async Task EnrolAsync(RunningCoordinator coordinator) => Assert.Equal(
        (0, ""), await CommandRun.FcmlAsync("enrol", coordinator.Invite(new Member(Roles.Auditor, "eve")), "--identity", Identity));

    /// <summary>Puts the stored entry into a registry, signed anew.</summary>
    private Sha256Digest Register(DataFolder folder, SigningKey? with = null)
    {
        var key = with ?? folder.Key;
        var rounds = CanonicalJson.Read(File.ReadAllBytes(Path.Combine(Stored, "rounds.json")))!;
        foreach (var round in rounds.AsArray())
            round!["signature"] = Convert.ToBase64String(key.Sign(SignatureContext.RoundRecord, CanonicalJson.Write(round["record"])));
        var records = CanonicalJson.Write(rounds);
        var manifest = CanonicalJson.Read(File.ReadAllBytes(Path.Combine(Stored, "manifest.json")))!["manifest"]!;
        var file = manifest["files"]!.AsArray().Single(entry => (string?)entry!["name"] == "rounds.json")!;
        (file["digest"], file["length"]) = (Sha256Digest.Of(records).ToString(), records.Length);
        var canonical = CanonicalJson.Write(manifest);
        var model = Sha256Digest.Of(canonical);
        var entry = Directory.CreateDirectory(Path.Combine(folder.Disk.Root, "models", model.ToString())).FullName;
        foreach (var path in Directory.GetFiles(Stored))
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
