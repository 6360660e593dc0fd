using CsCheck;
using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.Tests.Privacy;

public sealed class EncryptionPlanTests
{
    private const int Million = 1_000_000;

    [Fact]
    public void Consortium_of_64_sites_sends_less_than_five_bytes_per_parameter()
    {
        var plan = EncryptionPlan.For(EncryptionMode.Consortium, valueBits: 16, weightBits: 0, sites: 64, Million);
        Assert.Equal(1UL << 24, plan.Parameters.PlaintextModulus);
        Assert.Equal("BFV, N = 2048, t = 16777216, q of 34 bits", plan.Parameters.ToString());
        Assert.InRange(plan.Upload.Length / (double)Million, 4.2, 4.3);
        Assert.Null(plan.Decryption);
    }

    [Fact]
    public void Threshold_of_64_sites_sends_28_and_5_and_is_sent_14_bytes_per_parameter()
    {
        var plan = EncryptionPlan.For(EncryptionMode.Threshold, valueBits: 16, weightBits: 0, sites: 64, Million);
        Assert.InRange(plan.Upload.Length / (double)Million, 27, 28);
        Assert.InRange(plan.Decryption!.Share.Length / (double)Million, 4, 5);
        Assert.InRange(plan.Download.Length / (double)Million, 13, 14);
    }

    [Fact]
    public void Lengths_are_those_of_the_bytes()
    {
        var plan = EncryptionPlan.For(EncryptionMode.Consortium, 15, 8, 3, 5000);
        using var key = ConsortiumKey.Derive(plan.Parameters, new byte[32]);
        var vector = key.Encrypt(new ulong[5000], Streams.Of("encryption"));
        Assert.Equal(plan.Upload.Length, PackedVector.Write(vector).Length);
        Assert.Equal(plan.Download.Length, PackedVector.Write(vector.Expand()).Length);
        var threshold = EncryptionPlan.For(EncryptionMode.Threshold, 15, 8, 3, 5000);
        using var secret = BfvSecretKey.Generate(threshold.Parameters, Streams.Of("secret"));
        var encrypted = BfvPublicKey.Of(secret, Streams.Of("public")).Encrypt(new ulong[5000], Streams.Of("encryption"));
        Assert.Equal(threshold.Upload.Length, PackedVector.Write(encrypted).Length);
        Assert.Equal(threshold.Download.Length, PackedVector.Write(encrypted.Uniform).Length);
        Assert.Equal(threshold.Decryption!.Share.Length, threshold.Decryption.MakeShare(secret, encrypted.Uniform, Streams.Of("share")).Length);
    }

    [Fact]
    public void Every_plan_holds_what_it_promises() =>
        Gen.Select(Gen.Enum<EncryptionMode>(), Gen.Int[1, 24], Gen.Int[0, 12], Gen.Int[2, 256], Gen.Int[1, 10_000_000]).Sample(
            (mode, valueBits, weightBits, sites, dimension) =>
            {
                EncryptionPlan plan;
                try
                {
                    plan = EncryptionPlan.For(mode, valueBits, weightBits, sites, dimension);
                }
                catch (ArgumentException fault)
                {
                    Assert.Contains($"{valueBits} value bits + {weightBits} weight bits", fault.Message, StringComparison.Ordinal);
                    return;
                }

                Assert.True(plan.Bound.Holds);
                var greatest = (Int128)((1L << valueBits) - 1) * (weightBits == 0 ? 1 : (1L << weightBits) - 1) * sites;
                Assert.True(2 * ((2 * greatest) + 1) <= (Int128)plan.Parameters.PlaintextModulus); // and a guard bit
                Assert.Equal(mode == EncryptionMode.Threshold, plan.Decryption is not null);
                if (plan.Decryption is not null)
                    Assert.True(plan.Decryption.Distance < Rational.Of(1, System.Numerics.BigInteger.One << 40));
            },
            iter: 20);

    [Theory]
    [InlineData(EncryptionMode.Consortium, 31, 12)]
    [InlineData(EncryptionMode.Threshold, 31, 10)]
    [InlineData(EncryptionMode.Threshold, 31, 4)]
    public void Sums_that_are_too_wide_are_refused_with_the_arithmetic(EncryptionMode mode, int valueBits, int weightBits)
    {
        var fault = Assert.Throws<ArgumentException>(() => EncryptionPlan.For(mode, valueBits, weightBits, 64, Million));
        Assert.Contains($"{valueBits} value bits + {weightBits} weight bits + 6 bits for 64 sites + 1 for the sign + 1 guard bit = {valueBits + weightBits + 8}", fault.Message, StringComparison.Ordinal);
    }
}
