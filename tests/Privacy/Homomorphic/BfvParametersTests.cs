using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.Tests.Privacy;

public sealed class BfvParametersTests
{
    // SEAL 4.1's CoeffModulus.Create through node-seal 6.0.3.
    [Theory]
    [InlineData(1024, new[] { 27 }, new[] { 134215681UL })]
    [InlineData(4096, new[] { 34 }, new[] { 17179754497UL })]
    [InlineData(2048, new[] { 34 }, new[] { 17179791361UL })]
    [InlineData(4096, new[] { 54, 55 }, new[] { 18014398509309953UL, 36028797018652673UL })]
    public void Primes_are_those_that_seal_chooses(int degree, int[] bits, ulong[] primes) =>
        Assert.Equal(primes, BfvParameters.Create(degree, 65537, bits).Primes);

    [Theory]
    [InlineData(512, 256UL, new[] { 27 })]
    [InlineData(1024, 256UL, new[] { 28 })]
    [InlineData(2048, 256UL, new[] { 55 })]
    [InlineData(4096, 256UL, new[] { 55, 55 })]
    [InlineData(4096, 256UL, new[] { 61 })]
    [InlineData(4096, 256UL, new[] { 19 })]
    [InlineData(8192, 256UL, new[] { 40, 40, 40 })]
    [InlineData(4096, 256UL, new int[] { })]
    [InlineData(4096, 1UL, new[] { 40 })]
    [InlineData(4096, 1UL << 39, new[] { 40 })]
    [InlineData(8192, (1UL << 48) + 1, new[] { 60 })]
    public void Parameters_outside_of_the_table_are_refused(int degree, ulong t, int[] bits) =>
        Assert.ThrowsAny<ArgumentException>(() => BfvParameters.Create(degree, t, bits));
}
