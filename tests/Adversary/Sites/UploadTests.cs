using System.Buffers.Binary;
using System.IO.Hashing;
using System.Net;
using System.Net.Http.Headers;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.SiteAgent.Gateway;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Coordinator;

namespace FederatedClinicalMl.Tests.Adversary.Sites;

/// <summary>A site that sends 10 GB: refused by what it declares, before its bytes are taken; and where it declares little and sends on, by its bytes.</summary>
public sealed class UploadTests
{
    private const long TenGigabytes = 10L << 30;

    // What may be on its way in the buffers of both ends when the refusal is sent.
    private const long MostSent = 64L << 20;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("secure", StepKind.KeyAgreement)]
    [InlineData("secure", StepKind.Training)]
    [InlineData("encrypted-consortium", StepKind.Training)]
    [InlineData("plain", StepKind.Training)]
    public void Site_that_declares_10_GB_is_refused_with_its_first_bytes_and_nothing_is_kept(string aggregation, StepKind kind)
    {
        using var consortium = new Consortium(aggregation, quorum: 4);
        using var coordinator = new RealCoordinator(consortium.Study, consortium.All).Until(kind, consortium.All);
        var step = coordinator.Step;

        Assert.Equal(RoundFault.ReleaseTooLong, coordinator.Take(consortium.West, coordinator.Ask(consortium.West).Release, declared: TenGigabytes)?.Fault);

        Assert.Equal((consortium.West.Name, RoundFault.ReleaseTooLong), coordinator.Refused.Single());
        Assert.Empty(coordinator.StagedFor(step));
    }

    [Fact]
    public void Site_whose_manifest_declares_8_GB_is_refused_with_its_head_and_nothing_is_kept()
    {
        using var consortium = new Consortium("encrypted-consortium", quorum: 4);
        using var coordinator = new RealCoordinator(consortium.Study, consortium.All).Until(StepKind.Training, consortium.All);
        var (honest, step) = (coordinator.Ask(consortium.West).Release, coordinator.Step);
        var manifest = ReleaseHead.Read(honest.AsSpan(0, ReleaseHead.LengthOf(honest))).Manifest with { PayloadLength = 8_000_000_000 };

        Assert.Equal(RoundFault.LengthWrong, coordinator.Take(consortium.West, ReleaseHead.Sign(manifest, consortium.West.Key).Bytes.ToArray(), declared: 1000)?.Fault);

        Assert.Empty(coordinator.StagedFor(step));
    }

    [Fact(Timeout = 120_000)]
    public async Task Site_that_streams_10_GB_to_the_running_coordinator_is_cut_off_and_the_log_says_why()
    {
        await using var coordinator = await RunningCoordinator.StartAsync();
        using var worker = SigningKey.Create();
        using var site = await coordinator.EnrolSiteAsync("north", worker);
        using var researcher = await Person.EnrolAsync(coordinator, Roles.Researcher, "ada");
        using var admin = await Person.EnrolAsync(coordinator, Roles.Admin, "grace");
        using var session = await SiteStream.OpenAsync(coordinator, site, worker);
        var study = BenchmarkStudy.For("north");
        await researcher.SubmitAsync(study);
        await session.NextAsync(CoordinatorMessage.BodyOneofCase.StudyOffer);
        await session.ApproveAsync(study.Digest);
        var run = await admin.StartRunAsync(study.Digest);
        await session.NextAsync(CoordinatorMessage.BodyOneofCase.StepOffer);
        var step = new StepId(RunId.Parse(run), new RoundNumber(1), StepKind.Training, 1);

        // Declares little and sends on; then declares what it sends.
        var beyondRange = await PutAsync(coordinator, site, step, declared: 1000);
        var declared = await PutAsync(coordinator, site, step, TenGigabytes);

        Assert.InRange(beyondRange, 0, MostSent);
        Assert.InRange(declared, 0, MostSent);
        Assert.Contains(coordinator.Logged, entry => entry.Text == $"north: an upload for {step} ended with FRAME_WRONG");
        Assert.Contains(coordinator.Logged, entry => entry.Text.StartsWith($"north: the release of {step} is refused with RELEASE_TOO_LONG", StringComparison.Ordinal));
        Assert.Empty(Directory.EnumerateFiles(coordinator.PathOf("staging"), "*", SearchOption.AllDirectories));
    }

    // Gives how many bytes were taken off its hands. The answer is not waited for: a connection is reset where somebody sends on who was answered.
    private static async Task<long> PutAsync(RunningCoordinator coordinator, ClientIdentity site, StepId step, long declared)
    {
        using var channel = coordinator.Connect(site);
        var body = new EndlessFrames();
        using var put = new HttpRequestMessage(HttpMethod.Put, new Uri($"/v1/releases/{step}", UriKind.Relative)) { Content = body };
        body.Headers.ContentRange = new ContentRangeHeaderValue(0, declared - 1, declared);
        try
        {
            using var reply = await channel.Http.SendAsync(put, HttpCompletionOption.ResponseHeadersRead, Stop);
            Assert.InRange((int)reply.StatusCode, 400, 499);
        }
        catch (HttpRequestException)
        {
            // The log says what it was told.
        }

        return body.Sent;
    }

    /// <summary>Frames of zeros, up to ten gigabytes; ends where nobody takes them any more.</summary>
    private sealed class EndlessFrames : HttpContent
    {
        public long Sent { get; private set; }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            var frame = new byte[12 + (1 << 16)];
            BinaryPrimitives.WriteUInt32LittleEndian(frame, 1 << 16);
            BinaryPrimitives.WriteUInt64LittleEndian(frame.AsSpan(4), XxHash3.HashToUInt64(frame.AsSpan(12)));
            while (Sent < TenGigabytes)
            {
                await stream.WriteAsync(frame, Stop);
                Sent += frame.Length;
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
