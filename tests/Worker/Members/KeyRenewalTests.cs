using System.Text;
using System.Text.Json.Nodes;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Durability.Simulation;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Worker.Ledger;
using Google.Protobuf;
using Microsoft.Extensions.Time.Testing;

namespace FederatedClinicalMl.Tests.Worker.Members;

/// <summary>A worker's renewal of its own key. What others make of it: <c>tests/Adversary</c>.</summary>
public sealed class KeyRenewalTests
{
    [Fact]
    public void Renewal_that_is_killed_at_any_operation_leaves_the_old_key_or_the_new_one_whole_and_the_log_sound()
    {
        var (renewed, kept) = (0, 0);
        foreach (var seed in Enumerable.Range(0, 4))
        {
            for (var (operation, finished) = (0, false); !finished; operation++)
            {
                for (var (second, recovered) = (0, false); !recovered; second++)
                {
                    using var folder = new Folder(seed);
                    folder.Disk.CrashAt = folder.Disk.Operations + operation;
                    finished = folder.Ends(() => folder.Renew());
                    try
                    {
                        // The first time the process alone may be gone: what it had not synced is seen by the next one, which the power fails in the midst of taking it up.
                        folder.Crash(powerLoss: seed % 2 == 1);
                        folder.Disk.CrashAt = folder.Disk.Operations + second;
                        recovered = folder.Ends(folder.Recover);
                        folder.Crash(powerLoss: true);
                        folder.Recover();
                        _ = Check(folder, finished) ? renewed++ : kept++;
                    }
                    catch (Exception failure)
                    {
                        throw new InvalidOperationException($"seed {seed}, operation {operation}, then {second}: {failure.Message}", failure);
                    }
                }
            }
        }

        Assert.True(renewed > 50 && kept > 50, $"{renewed} renewed, {kept} kept");

        static bool Check(Folder folder, bool finished)
        {
            var key = folder.Fingerprint();
            Assert.True(!finished || key != folder.First);
            using var worker = folder.Start();
            Assert.Null(worker.Broken);
            Assert.Equal(key == folder.First ? [] : [key], worker.State.Renewals.All.Select(renewal => renewal.New.Fingerprint));
            Assert.Equal([WorkerKeyFile.FileName], folder.Disk.List("").Where(name => name.StartsWith(WorkerKeyFile.FileName, StringComparison.Ordinal)));
            worker.SetExclusions(["patient"], "grace");
            Assert.True(worker.VerifyLog().Intact);
            return key != folder.First;
        }
    }

    [Fact]
    public void Renewed_key_signs_from_there_on_names_its_renewal_and_what_the_old_one_signed_stays_right()
    {
        using var folder = new Folder(1);
        var (first, unsettled) = folder.Renew();
        var (second, _) = folder.Renew();
        using var worker = folder.Start();

        var identity = worker.Identify(new IdentifyRequest { Challenge = ByteString.CopyFrom(new byte[32]) });
        Assert.Equal(second.New, new VerifyingKey(identity.PublicKey.ToByteArray()));
        Assert.Equal(second.New.Fingerprint, KeyRenewals.Read(identity.Renewals.Span)!.Newest(Site.Name, folder.First));
        Assert.Equal((1, 2, 0), (first.Number, second.Number, unsettled));
        Assert.Equal(["exclusions-set", "key-renewed", "key-erased", "key-renewed", "key-erased"], worker.Log(1).Select(line => (string)JsonNode.Parse(line)!["kind"]!));
    }

    [Fact]
    public void Older_log_beside_a_renewed_key_and_a_newer_one_beside_the_old_key_are_broken()
    {
        using var folder = new Folder(1);
        var (log, key) = (DurableFile.Read(folder.Disk, WorkerCore.LogPath), DurableFile.Read(folder.Disk, WorkerKeyFile.FileName));
        folder.Renew();
        var renewed = DurableFile.Read(folder.Disk, WorkerCore.LogPath);

        DurableFile.Write(folder.Disk, WorkerCore.LogPath, log);
        folder.Recover();
        using (var worker = folder.Start())
            Assert.NotNull(worker.Broken);
        Assert.Throws<StewardException>(() => folder.Renew());

        DurableFile.Write(folder.Disk, WorkerCore.LogPath, renewed);
        DurableFile.Write(folder.Disk, WorkerKeyFile.FileName, key);
        folder.Recover();
        using (var worker = folder.Start())
            Assert.NotNull(worker.Broken);
    }

    [Fact]
    public void Renewal_whose_new_key_is_gone_before_it_was_taken_into_use_is_said_and_nothing_is_started()
    {
        using var folder = new Folder(1);
        folder.Disk.CrashAt = null;
        DurableFile.Write(folder.Disk, "spare", DurableFile.Read(folder.Disk, WorkerKeyFile.FileName));
        folder.Renew();
        var lines = Encoding.UTF8.GetString(DurableFile.Read(folder.Disk, WorkerCore.LogPath)).Split('\n');
        DurableFile.Write(folder.Disk, WorkerCore.LogPath, Encoding.UTF8.GetBytes($"{lines[0]}\n{lines[1]}\n"));
        folder.Disk.Rename("spare", WorkerKeyFile.FileName);

        Assert.Contains("is not there", Assert.Throws<WorkerSetupException>(folder.Recover).Message, StringComparison.Ordinal);
    }

    /// <summary>Somebody else has seen a head that the old key has signed; the worker of the renewed key misses what it says.</summary>
    [Fact]
    public void Head_that_the_old_key_has_signed_finds_out_a_restored_log_under_the_renewed_key()
    {
        using var folder = new Folder(1);
        using var peer = SigningKey.Create();
        SignedHead ahead;
        using (var old = folder.Key())
            ahead = SignedHead.Sign(Site.Name, new LedgerHead(900, Sha256Digest.Of("an entry that is lost"u8)), old);
        folder.Renew();
        using var worker = folder.Start();

        Assert.True(worker.Ledger.Countersigned(LedgerReceipt.For(ahead, peer)));

        Assert.Single(worker.State.Ledger.Behind);
        using var stranger = SigningKey.Create();
        Assert.False(worker.Ledger.Countersigned(LedgerReceipt.For(SignedHead.Sign(Site.Name, ahead.Head, stranger), peer)));
    }

    [Fact]
    public void Study_that_names_this_workers_own_earlier_key_is_approved()
    {
        using var folder = new Folder(1);
        var study = MaskedStudy.Of((Site.Name, folder.First), (MaskedStudy.South, MaskedStudy.KeyOf("south")), (MaskedStudy.West, MaskedStudy.KeyOf("west")));
        folder.Renew();
        using var worker = folder.Start();

        worker.Offer(Site.OfferOf(study));

        Assert.Equal(Decision.Approved, worker.Approve(study.Digest, "grace", "").Decision);
    }

    [Fact]
    public void Worker_that_has_had_as_many_keys_as_others_follow_is_set_up_anew()
    {
        using var folder = new Folder(1);
        using (var old = folder.Key())
        using (var next = SigningKey.Create())
        using (var log = ChainedLog.Open(folder.Disk, WorkerCore.LogPath, old, TimeProvider.System))
        {
            var renewal = KeyRenewal.Sign(Site.Name, KeyRenewal.Most, old, next, DateTimeOffset.UnixEpoch);
            log.Append(ChainedLog.KeyRenewed, new JsonObject { ["renewal"] = renewal.ToJson(), ["steward"] = "grace", ["note"] = "" });
            DurableFile.Write(folder.Disk, WorkerKeyFile.FileName, Encoding.ASCII.GetBytes(next.ToPem()));
        }

        var last = folder.Fingerprint();

        Assert.Contains("enrolled again", Assert.Throws<StewardException>(() => folder.Renew()).Message, StringComparison.Ordinal);
        Assert.Equal(last, folder.Fingerprint());
    }

    // The folder of a worker that has run, and is stopped.
    private sealed class Folder : IDisposable
    {
        private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 24, 8, 0, 0, TimeSpan.Zero));
        private readonly SimulatedDisk _exchange;
        private SigningKey? _key;

        public Folder(int seed)
        {
            (Disk, _exchange) = (new SimulatedDisk(seed), new SimulatedDisk(seed + 1));
            using (var key = SigningKey.Create())
                DurableFile.Write(Disk, WorkerKeyFile.FileName, Encoding.ASCII.GetBytes(key.ToPem()));
            First = Fingerprint();
            using var worker = Start();
            worker.SetExclusions([], "grace");
        }

        public SimulatedDisk Disk { get; }

        public Sha256Digest First { get; }

        public (KeyRenewal Renewal, int Unsettled) Renew() => WorkerKeyFile.Renew(Disk, Site.Name, "grace", "yearly", _time);

        public void Recover() => WorkerKeyFile.Recover(Disk, _time);

        public SigningKey Key() => SigningKey.FromPem(Encoding.ASCII.GetString(DurableFile.Read(Disk, WorkerKeyFile.FileName)));

        public Sha256Digest Fingerprint()
        {
            using var key = Key();
            return key.PublicKey.Fingerprint;
        }

        public bool Ends(Action act)
        {
            try
            {
                act();
                return true;
            }
            catch (SimulatedCrash)
            {
                return false;
            }
        }

        public void Crash(bool powerLoss)
        {
            Disk.Crash();
            Disk.Restart(powerLoss);
        }

        public WorkerCore Start()
        {
            _key?.Dispose();
            _key = Key();
            return WorkerCore.Open(
                Disk, _exchange, Site.OutboxKey, new WorkerIdentity(Site.Name, _key, Site.Secret, "1.0.0"), new RootStore(Disk, keepDays: 30), new ContentStore(Disk, keepDays: 30),
                () => PolicyReader.Read(PolicyReader.Default), () => DatasetMap.Read("datasets: {}", "/srv"), new FakeComputer(), _time);
        }

        public void Dispose() => _key?.Dispose();
    }
}
