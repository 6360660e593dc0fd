using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using CsCheck;
using FederatedClinicalMl.Cli.Demo.Splitting;

namespace FederatedClinicalMl.Tests.Cli.Demo;

public sealed class SiteHashTests
{
    [Fact]
    public void SiteHash_is_the_digest_as_a_number_modulo_the_sites() => Gen.Select(Gen.String, Gen.Int[1, 300]).Sample((identifier, sites) =>
        Assert.Equal((int)(new BigInteger(SHA256.HashData(Encoding.UTF8.GetBytes(identifier)), isUnsigned: true, isBigEndian: true) % sites), SiteHash.Of(identifier, sites)));

    [Fact]
    public void SiteHash_of_a_published_digest_is_its_last_bits() => Assert.Equal(0xad & 3, SiteHash.Of("abc", 4)); // FIPS 180-4: ba7816bf ... f20015ad
}
