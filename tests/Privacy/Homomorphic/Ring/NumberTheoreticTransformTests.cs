using System.Numerics;
using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.Tests.Privacy;

public sealed class NumberTheoreticTransformTests
{
    public static TheoryData<int, int> Rings => new() { { 1024, 27 }, { 2048, 34 }, { 4096, 54 }, { 8192, 60 } };

    [Theory]
    [MemberData(nameof(Rings))]
    public void Product_of_transforms_is_the_product_modulo_x_to_the_n_plus_1(int degree, int bits)
    {
        var modulus = PrimeModulus.Largest([bits], degree)[0];
        var transform = new NumberTheoreticTransform(degree, modulus);
        var left = Residues(modulus, degree, "left");
        var right = Residues(modulus, degree, "right");
        var expected = new BigInteger[3]; // the first coefficient, one in the middle, the last
        int[] places = [0, degree / 3, degree - 1];
        for (var i = 0; i < degree; i++)
        {
            for (var place = 0; place < places.Length; place++)
            {
                var j = (places[place] - i + degree) % degree;
                expected[place] += (BigInteger)left[i] * right[j] * (i + j == places[place] ? 1 : -1);
            }
        }

        transform.Forward(left);
        transform.Forward(right);
        new FixedPolynomial(modulus, right).MultiplyInto(left);
        transform.Inverse(left);
        for (var place = 0; place < places.Length; place++)
            Assert.Equal(0, (expected[place] - left[places[place]]) % modulus.Value);
    }

    // What the machine that runs the tests does in vectors, others do word by word.
    [Theory]
    [MemberData(nameof(Rings))]
    public void Layers_in_vectors_are_the_layers_word_by_word(int degree, int bits)
    {
        var modulus = PrimeModulus.Largest([bits], degree)[0];
        var transform = new NumberTheoreticTransform(degree, modulus);
        var start = Residues(modulus, degree, "words");
        var forwards = start.ToArray();
        transform.Forward(forwards);
        var layered = start.ToArray();
        for (var gap = degree / 2; gap > 0; gap /= 2)
            transform.ForwardLayer(layered, gap);
        Assert.Equal(forwards, layered.Select(word => word % modulus.Value));

        transform.Inverse(forwards);
        Assert.Equal(start, forwards);
        for (var i = 0; i < degree; i++)
            layered[i] %= modulus.Value;
        for (var gap = 1; gap < degree; gap *= 2)
            transform.InverseLayer(layered, gap);
        Assert.Equal(start.Select(word => modulus.Multiply(word, (ulong)degree)), layered.Select(word => word % modulus.Value));
    }

    [Fact]
    public void Fraction_is_the_floor_of_the_quotient()
    {
        foreach (var bits in new[] { 20, 34, 54, 60 })
        {
            var modulus = PrimeModulus.Largest([bits], 1024)[0];
            foreach (var value in Residues(modulus, 1000, "values").Append(0UL).Append(1UL).Append(modulus.Value - 1))
                Assert.Equal((ulong)(((UInt128)value << 64) / modulus.Value), modulus.Fraction(value));
        }
    }

    private static ulong[] Residues(PrimeModulus modulus, int count, string label)
    {
        using var stream = Streams.Of(label);
        return [.. Enumerable.Range(0, count).Select(_ => modulus.Reduce(stream.NextUInt64()))];
    }
}
