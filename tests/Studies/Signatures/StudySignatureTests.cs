using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Studies.Protocol;

namespace FederatedClinicalMl.Tests.Studies.Signatures;

public sealed class StudySignatureTests
{
    private static readonly DateTimeOffset s_from = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly Study _study = StudyChecker.CheckYaml(StudyTexts.Smallest).Study!;

    [Fact]
    public void Verify_signatureByKey_holdsForThatKeyAlone()
    {
        using var key = SigningKey.Create();
        using var other = SigningKey.Create();

        var signature = StudySignature.Sign(_study, key);

        Assert.True(StudySignature.Verify(_study.Canonical.Span, signature, key.PublicKey));
        Assert.False(StudySignature.Verify(_study.Canonical.Span, signature, other.PublicKey));
    }

    [Fact]
    public void Verify_signatureByCertificate_holdsForThatCertificate()
    {
        using var certificate = Certificate(ECCurve.NamedCurves.nistP256);

        var signature = StudySignature.Sign(_study, certificate);

        Assert.Equal(64, signature.Length);
        Assert.True(StudySignature.Verify(_study.Canonical.Span, signature, certificate));
    }

    [Fact]
    public void Verify_oneBitOfTheStudyChanged_fails()
    {
        using var key = SigningKey.Create();
        var signature = StudySignature.Sign(_study, key);
        var changed = _study.Canonical.ToArray();
        changed[^10] ^= 1;

        Assert.False(StudySignature.Verify(changed, signature, key.PublicKey));
    }

    [Fact]
    public void Verify_signatureForAnotherPurpose_fails()
    {
        using var key = SigningKey.Create();

        Assert.False(StudySignature.Verify(_study.Canonical.Span, key.Sign(SignatureContext.Release, _study.Canonical.Span), key.PublicKey));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(63)]
    [InlineData(72)]
    public void Verify_signatureOfWrongLength_fails(int length)
    {
        using var key = SigningKey.Create();

        Assert.False(StudySignature.Verify(_study.Canonical.Span, new byte[length], key.PublicKey));
    }

    [Fact]
    public void Verify_certificateWithAnRsaKey_fails()
    {
        using var rsa = RSA.Create(2048);
        using var certificate = new CertificateRequest("CN=rsa", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(s_from, s_from.AddYears(1));

        Assert.False(StudySignature.Verify(_study.Canonical.Span, new byte[64], certificate));
        Assert.Throws<CryptographicException>(() => StudySignature.Sign(_study, certificate));
    }

    [Fact]
    public void Sign_certificateOnAnotherCurve_isRefused()
    {
        using var certificate = Certificate(ECCurve.NamedCurves.nistP384);

        Assert.Throws<CryptographicException>(() => StudySignature.Sign(_study, certificate));
    }

    private static X509Certificate2 Certificate(ECCurve curve)
    {
        using var key = ECDsa.Create(curve);
        return new CertificateRequest("CN=submitter", key, HashAlgorithmName.SHA256).CreateSelfSigned(s_from, s_from.AddYears(1));
    }
}
