using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using static FederatedClinicalMl.Tests.Worker.Ledger.Spending;

namespace FederatedClinicalMl.Tests.Worker.Ledger;

public sealed class HeadTests : IDisposable
{
    private readonly Site _site = new Site().WithCeilings();
    private readonly SigningKey _peer = SigningKey.Create();

    public HeadTests()
    {
        _site.Ledger.Reserve(Plan());
        _site.Noise(Inputs());
    }

    public void Dispose()
    {
        _site.Dispose();
        _peer.Dispose();
    }

    [Fact]
    public void Head_is_that_of_the_last_entry_of_the_ledger_and_other_entries_leave_it()
    {
        var head = _site.Ledger.Head();
        _site.Core.SetExclusions(["patient-1"], "grace");

        Assert.Equal(head.Head, _site.Ledger.Head().Head);
        Assert.Equal((string)_site.Entries[2]["hash"]!, head.Head.Digest.ToString());
        Assert.Equal((3, true), (head.Head.Sequence, head.IsBy(_site.Key.PublicKey)));
        Assert.False((head with { Head = head.Head with { Sequence = 4 } }).IsBy(_site.Key.PublicKey));
        Assert.False((head with { Site = SiteId.Parse("south") }).IsBy(_site.Key.PublicKey));
    }

    [Fact]
    public void Restored_backup_is_found_by_a_countersigned_head_refuses_and_goes_on_only_once_the_steward_has_said_what_was_lost()
    {
        var backup = _site.LogFile;
        _site.Noise(Inputs(round: 2));
        var head = _site.Ledger.Head();
        Assert.True(Show(head));
        Restore(backup);
        _site.Noise(Inputs(round: 3)); // it cannot know

        Assert.True(Show(head));

        Assert.Contains("ledger resolve", Refuses(Reason.PrivacyLedgerUnresolved, () => _site.Noise(Inputs())).Message, StringComparison.Ordinal);
        Refuses(Reason.PrivacyLedgerUnresolved, () => _site.Ledger.Reserve(Plan(run: 2)));
        _site.Restart();
        Refuses(Reason.PrivacyLedgerUnresolved, () => _site.Noise(Inputs(round: 4)));
        Assert.Equal(head.Head.ToString(), Assert.Single(_site.LedgerDesk.Show().Behind));
        Assert.True(Show(head));
        Assert.Single(_site.Kinds, LedgerEntries.Behind);

        var before = Total("heart").Spent;
        Assert.Throws<StewardException>(() => _site.LedgerDesk.Resolve("much", "grace", ""));
        Assert.Empty(_site.LedgerDesk.Resolve("0.75", "grace", "from the records of both runs").Behind);

        Assert.True(Total("heart").Spent > before);
        Assert.True(Total("ehr").Spent >= 0.75 - 1e-9); // nobody knows whose charges were lost
        Assert.True(Show(head)); // the others still hold it
        Assert.Empty(_site.LedgerDesk.Show().Behind);
        _site.Restart();
        _site.Noise(Inputs(round: 4));
        Assert.Throws<StewardException>(() => _site.LedgerDesk.Resolve("0", "grace", ""));
    }

    [Fact]
    public void Clone_that_went_another_way_is_found_by_the_heads_of_the_other_at_the_same_number()
    {
        var common = _site.LogFile;
        _site.Noise(Inputs(round: 2));
        var head = _site.Ledger.Head();
        Restore(common);
        _site.Noise(Inputs(round: 3));
        Assert.Equal(head.Head.Sequence, _site.Ledger.Head().Head.Sequence);

        Show(head);

        Refuses(Reason.PrivacyLedgerUnresolved, () => _site.Noise(Inputs(round: 4)));
    }

    [Fact]
    public void Older_head_that_is_shown_again_changes_nothing_and_a_newer_one_is_noted_once()
    {
        var older = _site.Ledger.Head();
        Assert.True(Show(older));
        _site.Noise(Inputs(round: 2));
        var newer = _site.Ledger.Head();
        Assert.True(Show(newer));

        Assert.True(Show(older));
        Assert.True(Show(newer));

        Assert.Equal(2, _site.Kinds.Count(kind => kind == LedgerEntries.Countersigned));
        Assert.Equal((ulong)newer.Head.Sequence, _site.LedgerDesk.Show().CountersignedSequence);
        _site.Noise(Inputs(round: 3));
    }

    [Fact]
    public void Head_that_this_worker_never_signed_or_nobody_else_has_is_not_heard()
    {
        var made = new LedgerHead(99, Sha256Digest.Of("made up"u8));
        var own = _site.Ledger.Head();
        var entries = _site.Kinds.Count();

        Assert.False(Show(SignedHead.Sign(Site.Name, made, _peer)));
        Assert.False(_site.Ledger.Countersigned(new LedgerReceipt(own, own, _site.Key.PublicKey)));
        Assert.False(_site.Ledger.Countersigned(new LedgerReceipt(own, own, _peer.PublicKey)));
        Assert.False(_site.Ledger.Countersigned(new LedgerReceipt(own, SignedHead.Sign(Site.Name, made, _peer), _peer.PublicKey)));
        Assert.False(Show(SignedHead.Sign(SiteId.Parse("south"), made, _site.Key)));

        Assert.Equal(entries, _site.Kinds.Count());
    }

    private bool Show(SignedHead head) => _site.Ledger.Countersigned(LedgerReceipt.Read(LedgerReceipt.For(head, _peer).Write()));

    private void Restore(byte[] log)
    {
        _site.Kill(powerLoss: false);
        _site.LogFile = log;
        _site.Start();
    }

    private Protos.Steward.LedgerAccount Total(string population) =>
        _site.LedgerDesk.Show().Populations.Single(one => one.Name == population).Accounts.Single(account => account.Scope == "total");
}
