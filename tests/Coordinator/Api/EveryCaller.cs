using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Coordinator.Api;

/// <summary>A coordinator, and one caller of each kind that it has to tell apart.</summary>
public sealed class EveryCaller : IAsyncLifetime
{
    private static readonly Roles[] EachRole = [Roles.Site, Roles.Admin, Roles.Researcher, Roles.Auditor, Roles.Clinician, Roles.Steward];

    private readonly TemporaryFolder _folder = new();
    private readonly SigningKey _worker = SigningKey.Create();
    private readonly List<X509Certificate2> _certificates = [];
    private readonly List<(Caller Caller, BareClient Client)> _callers = [];
    private RunningCoordinator _coordinator = null!;

    internal IReadOnlyList<(Caller Caller, BareClient Client)> All => _callers;

    internal BareClient Admin => _callers.Single(c => c.Caller == new Caller(Roles.Admin, null)).Client;

    public async ValueTask InitializeAsync()
    {
        var data = _folder.Of("data");
        var longAgo = new ShiftedTime(-CertificateAuthority.Validity - TimeSpan.FromDays(1));
        FederatedClinicalMl.Coordinator.Storage.DataFolder.Create(data, ["127.0.0.1"], 0, authority: null, longAgo).Dispose();
        X509Certificate2 expired;
        await using (var then = await RunningCoordinator.StartOverAsync(data, longAgo))
            expired = await EnrolAsync(then, Roles.Admin, "expired");

        _coordinator = await RunningCoordinator.StartOverAsync(data);
        Add(new Caller(Roles.None, "CERTIFICATE_MISSING"), null);
        Add(new Caller(Roles.Admin, "CERTIFICATE_UNTRUSTED"), Forge(new Member(Roles.Admin, "admin")));
        Add(new Caller(Roles.Admin, "CERTIFICATE_EXPIRED"), expired);
        foreach (var role in EachRole)
        {
            Add(new Caller(role, null), await EnrolAsync(_coordinator, role, $"{role}".ToLowerInvariant()));
            var revoked = $"revoked-{role}".ToLowerInvariant();
            Add(new Caller(role, "CERTIFICATE_REVOKED"), await EnrolAsync(_coordinator, role, revoked));
            await _coordinator.RevokeAsync(new Member(role, revoked));
        }
    }

    public async ValueTask DisposeAsync()
    {
        _callers.ForEach(c => c.Client.Dispose());
        _certificates.ForEach(c => c.Dispose());
        await _coordinator.DisposeAsync();
        _worker.Dispose();
        _folder.Dispose();
    }

    private async Task<X509Certificate2> EnrolAsync(RunningCoordinator coordinator, Roles role, string name) =>
        (role == Roles.Site ? await coordinator.EnrolSiteAsync(name, _worker) : await coordinator.EnrolPersonAsync(role, name)).Certificate;

    private void Add(Caller caller, X509Certificate2? certificate)
    {
        if (certificate is not null)
            _certificates.Add(certificate);
        _callers.Add((caller, new BareClient(_coordinator, certificate)));
    }

    /// <summary>What another authority gives out in a member's name.</summary>
    private static X509Certificate2 Forge(Member member)
    {
        using var authority = CertificateAuthority.Create(new string('0', 32), TimeProvider.System);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = authority.IssueClient(member, new CertificateRequest("CN=any", key, HashAlgorithmName.SHA256).CreateSigningRequest());
        return certificate.CopyWithPrivateKey(key);
    }

    /// <param name="Role">What the certificate says; none: there is no certificate.</param>
    /// <param name="Fault">What is wrong with the caller, whatever is called; null: nothing.</param>
    internal sealed record Caller(Roles Role, string? Fault);
}
