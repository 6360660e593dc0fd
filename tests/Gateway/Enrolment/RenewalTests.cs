using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.SiteAgent.Gateway;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Coordinator;
using Grpc.Core;
using Microsoft.Extensions.Time.Testing;

namespace FederatedClinicalMl.Tests.Gateway.Enrolment;

/// <summary>A gateway that runs for months: its certificate is renewed by itself, and the session goes on under the new one.</summary>
public sealed class RenewalTests
{
    private static readonly TimeSpan UntilDue = (CertificateAuthority.Validity * 2 / 3) + TimeSpan.FromDays(1);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Gateway_renews_its_certificate_before_it_expires_and_comes_back_with_the_new_one()
    {
        var coordinatorsTime = new ShiftedTime(TimeSpan.Zero);
        await using var coordinator = await RunningCoordinator.StartAsync(time: coordinatorsTime);
        await using var hospital = await Hospital.EnrolAsync(coordinator);
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        var before = CertificateOf(hospital);
        await using var gateway = await RunningGateway.StartAsync(hospital.Options, time);
        Assert.Equal(before, await hospital.Worker.Challenges.ReadAsync(Stop)); // the proof in Hello is for the certificate of its connection

        coordinatorsTime.Shift += UntilDue;
        time.Advance(UntilDue);

        // The leap of the clock may end the session too, so that it comes back once more with the old one.
        var after = await NextCertificateAsync(hospital, before);
        Assert.Equal(after, CertificateOf(hospital)); // a restart takes up the new one
        await AssertServedAsync(coordinator, hospital);
    }

    [Fact]
    public async Task Gateway_whose_clock_is_months_ahead_does_not_renew_without_end()
    {
        await using var coordinator = await RunningCoordinator.StartAsync();
        await using var hospital = await Hospital.EnrolAsync(coordinator);
        var before = CertificateOf(hospital);
        // By this clock every certificate that the coordinator gives out is due at once.
        await using var gateway = await RunningGateway.StartAsync(hospital.Options, new FakeTimeProvider(TimeProvider.System.GetUtcNow() + UntilDue));

        await NextCertificateAsync(hospital, before);

        var audit = await AssertServedAsync(coordinator, hospital);
        Assert.Single(audit, line => line.Contains("certificate-renewed", StringComparison.Ordinal));
    }

    private static async Task<Sha256Digest> NextCertificateAsync(Hospital hospital, Sha256Digest before)
    {
        while (true)
        {
            if (await hospital.Worker.Challenges.ReadAsync(Stop) is var challenge && challenge != before)
                return challenge;
        }
    }

    /// <summary>A study reaches the worker, on the session that is open now.</summary>
    /// <returns>The coordinator's log after that.</returns>
    private static async Task<IReadOnlyList<string>> AssertServedAsync(RunningCoordinator coordinator, Hospital hospital)
    {
        using var identity = await coordinator.EnrolPersonAsync(Roles.Admin, "ada");
        using var admin = new Person(coordinator, identity);
        var study = BenchmarkStudy.For(Hospital.Name);
        await admin.SubmitAsync(study);
        Assert.Equal(study.Digest, await hospital.Worker.Studies.ReadAsync(Stop));
        return await admin.Calls.ReadAudit(new ReadAuditRequest(), cancellationToken: Stop).ResponseStream.ReadAllAsync(Stop).Select(line => line.Json).ToListAsync(Stop);
    }

    private static Sha256Digest CertificateOf(Hospital hospital)
    {
        using var identity = ClientIdentity.Load(hospital.Options.IdentityDirectory);
        return Sha256Digest.Of(identity.Certificate.RawDataMemory.Span);
    }
}
