using System.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// Digests by which a share or a seed is known again. Each is of 256 bits that nobody can guess, and of where it belongs, so that the digest tells nothing
/// and fits
/// nowhere else. (Feldman's commitments would also prove that shares lie on one polynomial; here the secret shows that when it is put together.)
/// </summary>
internal static class Commitments
{
    public static Sha256Digest OfSeed(AggregationTerms terms, int dealer, BigInteger seed) => Of("seed", terms, dealer, dealer, seed);

    public static Sha256Digest OfSeedShare(AggregationTerms terms, int dealer, int recipient, BigInteger share) => Of("seed-share", terms, dealer, recipient, share);

    public static Sha256Digest OfKeyShare(AggregationTerms terms, int dealer, int recipient, BigInteger share) => Of("key-share", terms, dealer, recipient, share);

    private static Sha256Digest Of(string what, AggregationTerms terms, int dealer, int recipient, BigInteger element) => Sha256Digest.Of(
        new ByteWriter().Text("fcml-commitment-v1").Text(what).Digest(terms.Digest).Byte((byte)dealer).Byte((byte)recipient).Raw(ShamirSharing.Bytes(element)).ToArray());
}
