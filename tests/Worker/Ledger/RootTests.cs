using System.Security.Cryptography;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Worker;
using static FederatedClinicalMl.Tests.Worker.Ledger.Spending;

namespace FederatedClinicalMl.Tests.Worker.Ledger;

public sealed class RootTests : IDisposable
{
    private readonly Site _site = new Site().WithCeilings();

    public void Dispose() => _site.Dispose();

    [Fact]
    public void Stream_is_keyed_by_root_purpose_and_the_digest_of_all_inputs()
    {
        _site.Ledger.Reserve(Plan());
        var root = new byte[32];
        root.AsSpan().Fill(1); // what the site's first root is filled with

        using var expected = KeyStream.Derive(root, "fcml-test-v1", Inputs().Digest.Span);
        var bytes = new byte[32];
        expected.Fill(bytes);

        Assert.Equal(bytes, _site.Noise(Inputs()));
    }

    [Fact]
    public void Roots_are_sealed_each_run_has_its_own_and_the_operating_systems_generator_draws_them()
    {
        _site.Ledger.Reserve(Plan(rounds: 1));
        _site.Ledger.Reserve(Plan(run: 2, rounds: 1));
        Assert.NotEqual(_site.Noise(Inputs()), _site.Noise(Inputs(run: 2)));
        var stored = DurableFile.Read(_site.Disk, $"roots/{Run(1)}.root");
        Assert.Equal(-1, stored.AsSpan().IndexOf(Enumerable.Repeat((byte)1, 16).ToArray()));

        var roots = new RootStore(_site.Disk, keepDays: 1);
        var commitment = roots.Make(Run(9));
        Assert.NotEqual(commitment, roots.Make(Run(9)));
        Assert.Null(roots.Read(Run(9), commitment));
    }

    [Fact]
    public void Root_that_is_gone_or_of_another_run_or_damaged_computes_nothing_and_charges_nothing()
    {
        _site.Ledger.Reserve(Plan(rounds: 1));
        _site.Ledger.Reserve(Plan(run: 2, rounds: 1));
        var (path, whole) = ($"roots/{Run(1)}.root", DurableFile.Read(_site.Disk, $"roots/{Run(1)}.root"));

        DurableFile.Write(_site.Disk, path, DurableFile.Read(_site.Disk, $"roots/{Run(2)}.root"));
        Refuses(Reason.PrivacyLedgerUnresolved, () => _site.Noise(Inputs()));
        DurableFile.Write(_site.Disk, path, whole.AsSpan(..^1));
        Refuses(Reason.PrivacyLedgerUnresolved, () => _site.Noise(Inputs()));
        _site.Disk.Delete(path);
        Refuses(Reason.PrivacyLedgerUnresolved, () => _site.Noise(Inputs()));

        Assert.DoesNotContain(LedgerEntries.Charged, _site.Kinds);
        DurableFile.Write(_site.Disk, path, whole);
        _site.Noise(Inputs());
    }

    [Fact]
    public void Root_is_kept_through_its_last_day_and_erased_after_it_wherever_the_worker_is_killed()
    {
        byte[] noise = [];
        KillPoints.Each(
            site =>
            {
                site.WithCeilings();
                site.Ledger.Reserve(Plan());
                noise = site.Noise(Inputs());
                site.Time.Advance(TimeSpan.FromDays(30));
                site.Core.Roots.Erase();
                Assert.Equal(noise, site.Noise(Inputs()));
                site.Time.Advance(TimeSpan.FromDays(1));
            },
            site => site.Core.Roots.Erase(),
            (site, finished) =>
            {
                var erased = site.Kinds.Contains(WorkerEntries.RootErased);
                Assert.True(erased || !finished);
                if (erased)
                    Refuses(Reason.PrivacyLedgerUnresolved, () => site.Noise(Inputs()));
                else
                    Assert.Equal(noise, site.Noise(Inputs()));
                site.Core.Roots.Erase();
                Assert.Empty(site.Disk.List("roots"));
                Refuses(Reason.RoundOutOfOrder, () => site.Noise(Inputs(round: 2)));
                Assert.Single(site.Kinds, WorkerEntries.RootErased);
            },
            beforeStart: site =>
            {
                // The entry comes first: a root that is gone was not lost.
                if (!site.Disk.Exists($"roots/{Run(1)}.root"))
                    Assert.Contains(LineLog.Read(site.Disk, WorkerCore.LogPath, out _), line => System.Text.Encoding.UTF8.GetString(line.Span).Contains(WorkerEntries.RootErased, StringComparison.Ordinal));
            });
    }
}
