using System.Security.Cryptography;
using CsCheck;
using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.Tests.Privacy;

public sealed class ConsortiumKeyTests
{
    private static readonly byte[] Root = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];
    private static readonly byte[] Context = "study, epoch 1, from a to b"u8.ToArray();

    [Fact]
    public void Members_that_unwrap_the_same_secret_decrypt_each_others_sum()
    {
        var parameters = BfvParameters.Create(2048, 1 << 24, 34);
        using var one = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        using var two = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        using var first = ConsortiumKey.Derive(parameters, ConsortiumKey.Unwrap(ConsortiumKey.Wrap(Root, one.PublicKey, Context), one, Context));
        using var second = ConsortiumKey.Derive(parameters, ConsortiumKey.Unwrap(ConsortiumKey.Wrap(Root, two.PublicKey, Context), two, Context));
        var sum = first.Encrypt([1, 2, 3], Streams.Of("first")).Expand();
        sum.Add(second.Encrypt([10, 20, 30], Streams.Of("second")).Expand());
        Assert.Equal([11UL, 22UL, 33UL], first.Decrypt(sum));
        Assert.Equal([11UL, 22UL, 33UL], second.Decrypt(sum));
    }

    [Fact]
    public void Wrapped_key_opens_for_its_member_and_context_only_and_not_when_changed()
    {
        using var member = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        var wrapped = ConsortiumKey.Wrap(Root, member.PublicKey, Context);
        Assert.Equal(ConsortiumKey.WrappedLength, wrapped.Length);
        Assert.Equal(Root, ConsortiumKey.Unwrap(wrapped, member, Context));
        Assert.Throws<FormatException>(() => ConsortiumKey.Unwrap(wrapped, other, Context));
        Assert.Throws<FormatException>(() => ConsortiumKey.Unwrap(wrapped, member, "study, epoch 2, from a to b"u8));
        for (var at = 0; at < wrapped.Length; at++)
        {
            var changed = wrapped.ToArray();
            changed[at] ^= 1;
            Assert.Throws<FormatException>(() => ConsortiumKey.Unwrap(changed, member, Context));
        }
    }

    [Fact]
    public void Key_on_another_curve_is_refused()
    {
        using var member = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP384);
        Assert.Throws<ArgumentException>(() => ConsortiumKey.Wrap(Root, member.PublicKey, Context));
    }

    [Fact]
    public void Hostile_bytes_are_refused()
    {
        using var member = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        Hostile.Bytes(ConsortiumKey.Wrap(Root, member.PublicKey, Context)).Sample(bytes => Hostile.ReadOrRefuse(() => ConsortiumKey.Unwrap(bytes, member, Context)));
    }
}
