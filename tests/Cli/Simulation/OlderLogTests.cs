using System.Text;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Cli.Simulation;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Durability.Simulation;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Cli.Simulation;

/// <summary>A worker is updated, its log is not: what earlier versions wrote means the same.</summary>
public sealed class OlderLogTests : IDisposable
{
    private readonly PrivateRows _rows = new();

    public void Dispose() => _rows.Dispose();

    /// <summary>Until 2026-11-26 what a site said in a masked round and its release were two entries.</summary>
    [Theory]
    [InlineData("secure")]
    [InlineData("encrypted-consortium")]
    public void Answer_and_release_in_two_entries_add_up_to_what_they_do_in_one(string aggregation)
    {
        var study = PrivateStudyText.Of(rounds: 2, aggregation, quorum: 4);
        var federation = new SimulatedFederation(
            study, SimulatedKeys.Sign(study), RunId.Parse("5100000000000001"), new Timeline(), new Weather(), new SimulatedKeys(),
            [.. study.Federation.Sites.Select(site => new SimulatedSite(site, _rows.Real(study)(site)))], new MemoryDisks().Open);
        federation.Coordinator.StartRun(federation.Sites);
        Assert.True(federation.Run(() => federation.Coordinator.State is { Ended: true }, 1_000_000));
        Assert.Equal(RunStatus.Registered, federation.Coordinator.State!.Status);
        var now = federation.Workers[SiteId.Parse("north")].Core;

        using var key = SigningKey.Create();
        using var older = ChainedLog.Open(new SimulatedDisk(1), WorkerCore.LogPath, key, federation.Time);
        var split = 0;
        foreach (var line in now.Log(1))
        {
            var entry = CanonicalJson.Read(Encoding.UTF8.GetBytes(line))!;
            var (kind, body) = ((string)entry["kind"]!, entry["body"]!.DeepClone().AsObject());
            if (kind == WorkerEntries.Released && body.Remove("entry", out var answer))
            {
                split++;
                var manifest = WorkerEntries.ReadHead(new FederatedClinicalMl.Numerics.JsonFields(body, kind)).Manifest;
                older.Append(WorkerEntries.Masked, new JsonObject { ["step"] = manifest.Step.ToString(), ["entry"] = answer });
            }

            older.Append(kind, body);
        }

        var (state, fault) = WorkerJournal.Fold(WorkerCore.LogPath, older.Entries);

        Assert.Null(fault);
        Assert.True(split >= 6);
        Assert.Equal(now.State.Releases.Keys.ToHashSet(), state.Releases.Keys.ToHashSet());
        Assert.Equal(now.State.Waiting, state.Waiting);
        Assert.Equal(2, state.Masked.Count);
        Assert.All(now.State.Masked, round =>
        {
            var read = state.Masked[round.Key];
            Assert.Equal((round.Value.Terms.Digest, round.Value.Inputs), (read.Terms.Digest, read.Inputs));
            Assert.Equal(round.Value.Keys.Encode(), read.Keys.Encode());
            Assert.Equal(round.Value.Input?.Encode(), read.Input?.Encode());
            Assert.Equal(round.Value.Given?.Encode(), read.Given?.Encode());
            Assert.Equal(round.Value.Opened?.Encode(), read.Opened?.Encode());
        });
    }
}
