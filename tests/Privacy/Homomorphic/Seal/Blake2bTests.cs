using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.Tests.Privacy;

public sealed class Blake2bTests
{
    // RFC 7693, appendix A. BLAKE2Xb is held against SEAL: it expanded the seed of golden/seal.seeded.ct.
    [Fact]
    public void Digest_of_abc_is_the_one_of_the_rfc() => Assert.Equal(
        "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
        Convert.ToHexStringLower(Blake2b.Hash("abc"u8, 64)));
}
