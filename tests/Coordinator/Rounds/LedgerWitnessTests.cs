using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Durability.Simulation;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Coordinator.Rounds;

public sealed class LedgerWitnessTests : IDisposable
{
    private static readonly SiteId s_north = SiteId.Parse("north");

    private readonly SigningKey _coordinator = SigningKey.Create();
    private readonly SigningKey _worker = SigningKey.Create();
    private readonly SimulatedDisk _disk = new(1);

    public void Dispose()
    {
        _coordinator.Dispose();
        _worker.Dispose();
    }

    [Fact]
    public void Newest_head_of_a_site_is_countersigned_and_there_after_a_loss_of_power()
    {
        var witness = Witness();
        Assert.Null(witness.Of(s_north));
        See(witness, Head(7, "seventh"));
        See(witness, Head(9, "ninth"));
        See(witness, Head(8, "eighth"));
        _disk.Crash();
        _disk.Restart(powerLoss: true);

        var receipt = Witness().Of(s_north)!;

        Assert.Equal(new LedgerHead(9, Sha256Digest.Of("ninth"u8)), receipt.Own.Head);
        Assert.True(receipt.Own.IsBy(_worker.PublicKey));
        Assert.True(receipt.Countersigned.IsBy(_coordinator.PublicKey));
        Assert.Equal(receipt.Own.Head, receipt.Countersigned.Head);
        Assert.Equal(_coordinator.PublicKey, receipt.By);
        Assert.Null(Witness().Of(SiteId.Parse("south")));
    }

    [Fact]
    public void Ledger_of_a_worker_that_enrolled_anew_with_another_key_takes_the_place_of_the_older_one()
    {
        using var anew = SigningKey.Create();
        var (witness, first) = (Witness(), SignedHead.Sign(s_north, new LedgerHead(2, Sha256Digest.Of("second"u8)), anew));
        See(witness, Head(900, "of the older ledger"));

        witness.See(first, anew.PublicKey, KeyRenewals.None);

        Assert.Equal(first.Head, Witness().Of(s_north)!.Own.Head);
    }

    /// <summary>A backup from before, restored under the renewed key, must be found by the newest head, which the old key has signed.</summary>
    [Fact]
    public void Older_head_under_a_renewed_key_is_of_the_same_ledger_and_changes_nothing()
    {
        using var renewed = SigningKey.Create();
        var renewals = KeyRenewals.None.Add(KeyRenewal.Sign(s_north, 1, _worker, renewed, DateTimeOffset.UnixEpoch))!;
        var (witness, older, newer) = (Witness(), SignedHead.Sign(s_north, new LedgerHead(2, Sha256Digest.Of("second"u8)), renewed), SignedHead.Sign(s_north, new LedgerHead(901, Sha256Digest.Of("next"u8)), renewed));
        See(witness, Head(900, "newest"));

        witness.See(older, renewed.PublicKey, renewals);
        Assert.Equal(900, Witness().Of(s_north)!.Own.Head.Sequence);

        witness.See(newer, renewed.PublicKey, renewals);
        Assert.Equal(newer.Head, Witness().Of(s_north)!.Own.Head);
    }

    [Fact]
    public void Receipt_is_read_as_it_was_written_and_nothing_else_is()
    {
        var bytes = LedgerReceipt.For(Head(7, "seventh"), _coordinator).Write();

        Assert.Equal(bytes, LedgerReceipt.Read(bytes).Write());
        Assert.ThrowsAny<FormatException>(() => LedgerReceipt.Read(bytes.AsSpan(..^1)));
        Assert.ThrowsAny<FormatException>(() => LedgerReceipt.Read(new byte[LedgerReceipt.MaximumLength + 1]));
        Assert.ThrowsAny<FormatException>(() => LedgerReceipt.Read("{}"u8));
    }

    private void See(LedgerWitness witness, SignedHead head) => witness.See(head, _worker.PublicKey, KeyRenewals.None);

    private LedgerWitness Witness() => new(_disk, _coordinator);

    private SignedHead Head(long sequence, string entry) =>
        SignedHead.Sign(s_north, new LedgerHead(sequence, Sha256Digest.Of(System.Text.Encoding.ASCII.GetBytes(entry))), _worker);
}
