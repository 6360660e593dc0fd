using System.Numerics;
using CsCheck;
using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.Tests.Privacy;

public sealed class ShamirSharingTests
{
    [Fact]
    public void Any_threshold_of_shares_make_the_secret() =>
        Gen.Select(Gen.Int[1, 12], Gen.Int[0, 6], Gen.Byte.Array[32], Gen.Int).Sample((threshold, more, root, shuffle) =>
        {
            using var stream = KeyStream.Derive(root, "test", []);
            var secret = ShamirSharing.Draw(stream);
            var shares = ShamirSharing.Divide(secret, threshold, threshold + more, stream);
            var members = Enumerable.Range(0, threshold + more).ToArray();
            new Random(shuffle).Shuffle(members);
            var givers = members[..threshold];
            Assert.Equal(secret, ShamirSharing.Combine(ShamirSharing.Weights(givers), Array.ConvertAll(givers, giver => shares[giver])));
        }, iter: 200);

    [Fact]
    public void Fewer_shares_than_the_threshold_are_consistent_with_every_secret()
    {
        // For any other secret there is exactly one polynomial through it and the t - 1 shares: the share that a further member would then hold makes that
        // secret, so
        // t - 1 shares rule nothing out; and as coefficients are uniform, every secret is as likely as before.
        using var stream = KeyStream.Derive(new byte[32], "test", []);
        var shares = ShamirSharing.Divide(ShamirSharing.Draw(stream), 5, 6, stream);
        var known = new[] { 0, 2, 3, 5 };
        for (var i = 0; i < 20; i++)
        {
            var other = ShamirSharing.Draw(stream);
            var weights = ShamirSharing.Weights([.. known, 4]);
            var sum = ShamirSharing.Combine(weights.AsSpan(..4), Array.ConvertAll(known, member => shares[member]));
            var further = (other - sum + ShamirSharing.Modulus) * BigInteger.ModPow(weights[4], ShamirSharing.Modulus - 2, ShamirSharing.Modulus) % ShamirSharing.Modulus;
            Assert.Equal(other, ShamirSharing.Combine(weights, [.. Array.ConvertAll(known, member => shares[member]), further]));
        }
    }

    [Fact]
    public void Element_has_one_form_of_32_bytes()
    {
        Assert.False(ShamirSharing.TryRead(ShamirSharing.Bytes(ShamirSharing.Modulus), out _));
        Assert.True(ShamirSharing.TryRead(ShamirSharing.Bytes(ShamirSharing.Modulus - 1), out var greatest));
        Assert.Equal(ShamirSharing.Modulus - 1, greatest);
        Assert.Equal([.. new byte[31], 7], ShamirSharing.Bytes(7));
        Assert.False(ShamirSharing.TryRead(new byte[31], out _));
    }
}
