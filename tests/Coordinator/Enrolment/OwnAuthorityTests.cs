using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.Studies;
using BodyCase = FederatedClinicalMl.Protos.Federation.CoordinatorMessage.BodyOneofCase;

namespace FederatedClinicalMl.Tests.Coordinator.Enrolment;

/// <summary>A coordinator whose authority the consortium brings along.</summary>
public sealed class OwnAuthorityTests : IDisposable
{
    private static readonly TimeSpan TenYears = TimeSpan.FromDays(3650);

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Site_enrols_and_connects_under_the_authority_that_was_brought_along()
    {
        var own = Authority();
        DataFolder.Create(_folder.Of("data"), ["127.0.0.1"], 0, own, TimeProvider.System).Dispose();
        await using var coordinator = await RunningCoordinator.StartOverAsync(_folder.Of("data"));
        using var worker = SigningKey.Create();

        using var site = await coordinator.EnrolSiteAsync("north", worker);

        Assert.Equal(own.Certificate, site.Authority.ExportCertificatePem());
        Assert.Equal("CN=Hospitals of the north", site.Certificate.Issuer);
        using var session = await SiteStream.OpenAsync(coordinator, site, worker);
        await session.NextAsync(BodyCase.Welcome);
    }

    [Fact]
    public async Task Init_takes_certificate_and_key_from_two_files()
    {
        var (certificate, key) = Write(Authority());

        var (code, output, error) = await InitAsync(certificate, key);

        Assert.True(code == 0, error);
        Assert.StartsWith("fcml1.", output, StringComparison.Ordinal);
        using var folder = DataFolder.Open(_folder.Of("data"));
        using var authority = folder.OpenAuthority(TimeProvider.System);
        Assert.Equal(await File.ReadAllTextAsync(certificate, TestContext.Current.CancellationToken), authority.ToPem().Certificate);
    }

    [Fact]
    public async Task Init_with_the_key_of_another_certificate_says_so_and_leaves_the_folder_for_the_next_attempt()
    {
        var (own, another) = (Authority(), Authority());
        var (certificate, wrongKey) = Write((own.Certificate, another.Key));

        var (code, output, error) = await InitAsync(certificate, wrongKey);

        Assert.Equal((2, ""), (code, output));
        Assert.Equal("The key that was given is not the private key of the certificate 'CN=Hospitals of the north', or is not a PEM without a password.", error.Trim());
        Assert.False(Directory.Exists(_folder.Of("data")));
        var (_, key) = Write(own);
        Assert.Equal(0, (await InitAsync(certificate, key)).Code);
    }

    [Fact]
    public async Task Init_with_a_certificate_and_no_key_asks_for_both()
    {
        var (certificate, _) = Write(Authority());

        var (code, _, error) = await CoordinatorProgram.RunAsync("init", "--data", _folder.Of("data"), "--host", "127.0.0.1", "--authority-certificate", certificate);

        Assert.Equal(2, code);
        Assert.Contains("give both, or neither", error, StringComparison.Ordinal);
    }

    public static TheoryData<string, string, X509KeyUsageFlags, bool, int> Unfit => new()
    {
        { "it has no ECDSA P-256 private key", "nistP384", X509KeyUsageFlags.KeyCertSign, true, 3650 },
        { "it has no key usage that allows it to sign certificates", "nistP256", X509KeyUsageFlags.DigitalSignature, true, 3650 },
        { "its basic constraints do not make it an authority", "nistP256", X509KeyUsageFlags.KeyCertSign, false, 3650 },
        { "before certificates of 90 days would", "nistP256", X509KeyUsageFlags.KeyCertSign, true, 89 },
    };

    [Theory]
    [MemberData(nameof(Unfit))]
    public void Certificate_that_cannot_be_an_authority_is_refused_with_the_reason(string reason, string curve, X509KeyUsageFlags usage, bool isAuthority, int days)
    {
        var unfit = Authority(curve, usage, isAuthority, TimeSpan.FromDays(days));

        var refused = Assert.Throws<ArgumentException>(() => DataFolder.Create(_folder.Of("data"), ["127.0.0.1"], 0, unfit, TimeProvider.System));

        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder.Of("data")));
    }

    public void Dispose() => _folder.Dispose();

    private Task<(int Code, string Output, string Error)> InitAsync(string certificate, string key) => CoordinatorProgram.RunAsync(
        "init", "--data", _folder.Of("data"), "--host", "127.0.0.1", "--authority-certificate", certificate, "--authority-key", key);

    private (string Certificate, string Key) Write((string Certificate, string Key) authority)
    {
        var paths = (_folder.Of("authority.crt"), _folder.Of("authority.key"));
        File.WriteAllText(paths.Item1, authority.Certificate);
        File.WriteAllText(paths.Item2, authority.Key);
        return paths;
    }

    private static (string Certificate, string Key) Authority(
        string curve = "nistP256", X509KeyUsageFlags usage = X509KeyUsageFlags.KeyCertSign, bool isAuthority = true, TimeSpan? validity = null)
    {
        using var key = ECDsa.Create(ECCurve.CreateFromFriendlyName(curve));
        var request = new CertificateRequest("CN=Hospitals of the north", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isAuthority, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(usage, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now - TimeSpan.FromDays(1), now + (validity ?? TenYears));
        return (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }
}
