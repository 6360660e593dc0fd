using System.Runtime.InteropServices;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Durability.Simulation;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Coordinator.Rounds;

public sealed class StagingAreaTests : IDisposable
{
    private const int Values = 1000;

    private static readonly Study s_study = BenchmarkStudy.For("north");
    private static readonly StepId s_step = new(RunId.Parse("0123456789abcdef"), new RoundNumber(1), StepKind.Training, 1);
    private static readonly SiteId s_site = SiteId.Parse("north");

    private readonly SigningKey _worker = SigningKey.Create();
    private readonly SimulatedDisk _disk = new(1);
    private readonly byte[] _release;
    private StagingArea _staging;

    public StagingAreaTests()
    {
        _staging = new StagingArea(_disk, new LedgerWitness(_disk, _worker));
        _release = Release(MemoryMarshal.AsBytes<float>(Enumerable.Range(0, Values).Select(i => i / 1024f).ToArray()));
    }

    private UploadRule Rule => new(s_study, s_step, s_site, _worker.PublicKey, KeyRenewals.None, Sha256Digest.Of("parameters"u8), Sha256Digest.Of("constants"u8), Values);

    public void Dispose()
    {
        _staging.Dispose();
        _worker.Dispose();
    }

    [Fact]
    public void Upload_in_pieces_is_whole_with_its_last_byte_and_is_there_after_a_loss_of_power()
    {
        Assert.Equal(new UploadAppended(700), Append(0, 700));
        var whole = Assert.IsType<UploadWhole>(Append(700, _release.Length));

        Restart();

        Assert.Equal(whole.Release, _staging.Status(Rule).Whole);
    }

    [Fact]
    public void Upload_goes_on_at_the_last_byte_after_a_restart()
    {
        Append(0, 2000);

        Restart(powerLoss: false);

        var status = _staging.Status(Rule);
        Assert.Equal((2000, Sha256Digest.Of(_release.AsSpan(0, 2000))), (status.Offset, status.Prefix));
        Assert.IsType<UploadWhole>(Append(2000, _release.Length));
    }

    [Theory]
    [InlineData(300)] // in the head
    [InlineData(2500)] // in the payload
    public void Upload_whose_staged_bytes_a_loss_of_power_changed_is_asked_for_again_and_not_refused(int changed)
    {
        Append(0, 3000);
        Restart(powerLoss: false);
        using (var part = _disk.Open($"staging/{s_step}/{s_site}.part", DiskMode.Write))
            part.Write(changed, [(byte)(_release[changed] ^ 1)]);

        // The site was told 3000 before the loss, and goes on there without asking again.
        var result = Append(3000, _release.Length);

        Assert.Equal(new UploadMisplaced(0), result);
        Assert.IsType<UploadWhole>(Append(0, _release.Length));
    }

    [Fact]
    public void Upload_that_came_whole_and_is_not_what_its_head_says_is_refused()
    {
        _release[^1] ^= 1;

        Append(0, 1500);
        var refused = Assert.IsType<UploadRefused>(Append(1500, _release.Length));

        Assert.Equal(RoundFault.PayloadDigestWrong, refused.Fault);
        Assert.Empty(_disk.List($"staging/{s_step}"));
    }

    [Fact]
    public void Bytes_at_another_place_than_the_next_are_not_taken()
    {
        Append(0, 500);
        Assert.Equal(new UploadMisplaced(500), Append(600, 700));
        Assert.Equal(new UploadAppended(400), Append(0, 400)); // from the start: anew
    }

    private UploadResult Append(int from, int to) => _staging.Append(Rule, from, _release.Length, _release.AsSpan(from..to));

    private void Restart(bool powerLoss = true)
    {
        _staging.Dispose();
        _disk.Restart(powerLoss);
        _staging = new StagingArea(_disk, new LedgerWitness(_disk, _worker));
    }

    private byte[] Release(ReadOnlySpan<byte> payload)
    {
        var head = ReleaseHead.Sign(
            new ReleaseManifest(
                s_site, s_step, s_study.Digest, Rule.Parameters, Rule.Constants, payload.Length, Sha256Digest.Of(payload), "float32", Values, 1, 0, "1.0.0", "managed", MinimumCell: 0),
            _worker);
        return [.. head.Bytes.Span, .. payload];
    }
}
