using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Tests.Coordinator;

namespace FederatedClinicalMl.Tests.Gateway.Session;

public sealed class KeyRenewalTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>What the renewed key signs counts only in a session that was opened with it: the run starts once its approval has come through.</summary>
    [Fact]
    public async Task Worker_that_comes_back_with_a_renewed_key_has_its_session_opened_again_with_it()
    {
        await using var coordinator = await RunningCoordinator.StartAsync();
        await using var hospital = await Hospital.EnrolAsync(coordinator);
        await using var gateway = await RunningGateway.StartAsync(hospital.Options);
        using var admin = await Person.EnrolAsync(coordinator, Roles.Admin, "ada");
        var study = BenchmarkStudy.For(Hospital.Name);
        await hospital.RenewKeyAsync();

        await admin.SubmitAsync(study);
        await admin.StartRunAsync(study.Digest);

        var members = (await admin.Calls.ListMembersAsync(new ListMembersRequest(), cancellationToken: Stop)).Members;
        Assert.Equal(hospital.Worker.Key.PublicKey.Fingerprint.ToString(), members.Single(member => member.Subject.Name == Hospital.Name).WorkerFingerprint);
    }
}
