using System.Security.Cryptography.X509Certificates;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.SiteAgent.Gateway;
using FederatedClinicalMl.Studies;
using Google.Protobuf;
using Grpc.Core;

namespace FederatedClinicalMl.Tests.Coordinator;

/// <summary>A member who calls what people call.</summary>
internal sealed class Person : IDisposable
{
    private readonly CoordinatorChannel _channel;

    /// <summary>Somebody who is enrolled already.</summary>
    /// <param name="coordinator">Whom they call.</param>
    /// <param name="identity">Theirs; it stays the caller's to dispose.</param>
    public Person(RunningCoordinator coordinator, ClientIdentity identity)
    {
        Identity = identity;
        _channel = coordinator.Connect(identity);
        Calls = new Administration.AdministrationClient(_channel.Grpc);
    }

    public ClientIdentity Identity { get; }

    public Administration.AdministrationClient Calls { get; }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Enrols somebody.</summary>
    public static async Task<Person> EnrolAsync(RunningCoordinator coordinator, Roles role, string name) =>
        new(coordinator, await coordinator.EnrolPersonAsync(role, name));

    /// <summary>Signs a study and submits it.</summary>
    public async Task SubmitAsync(Study study, string yaml = "")
    {
        using var ecdsa = Identity.Certificate.GetECDsaPrivateKey()!;
        using var key = SigningKey.FromPem(ecdsa.ExportPkcs8PrivateKeyPem());
        var signed = new SignedStudy
        {
            Canonical = ByteString.CopyFrom(study.Canonical.Span),
            Signature = ByteString.CopyFrom(key.Sign(SignatureContext.Study, study.Canonical.Span)),
            Certificate = ByteString.CopyFrom(Identity.Certificate.RawData),
            Yaml = yaml,
        };
        await Calls.SubmitStudyAsync(new SubmitStudyRequest { Study = signed }, cancellationToken: Stop);
    }

    /// <summary>Waits until every site of a study has approved it, and starts a run.</summary>
    public async Task<string> StartRunAsync(StudyDigest study)
    {
        using (var watch = Calls.WatchStudy(new WatchStudyRequest { Digest = study.ToString() }, cancellationToken: Stop))
        {
            do
                Assert.True(await watch.ResponseStream.MoveNext(Stop));
            while (watch.ResponseStream.Current.Verdicts.Any(verdict => verdict.State != StudyVerdict.Types.State.Approved));
        }

        return (await Calls.StartRunAsync(new StartRunRequest { StudyDigest = study.ToString() }, cancellationToken: Stop)).Run;
    }

    /// <summary>Revokes a member.</summary>
    public async Task RevokeAsync(ClientIdentity member)
    {
        var found = (await Calls.ListMembersAsync(new ListMembersRequest(), cancellationToken: Stop)).Members.Single(m => m.Subject.Name == member.Name);
        await Calls.RevokeAsync(new RevokeRequest { Subject = found.Subject }, cancellationToken: Stop);
    }

    public void Dispose() => _channel.Dispose();

    /// <summary>The code of the fault that a call ends with.</summary>
    public static async Task<string?> FaultOfAsync(Func<Task> call) =>
        (await Assert.ThrowsAsync<RpcException>(call)).Trailers.GetValue(CoordinatorFault.CodeTrailer);
}
