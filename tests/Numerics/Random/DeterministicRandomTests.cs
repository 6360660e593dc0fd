using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using CsCheck;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Tests.Numerics.Random;

public sealed class DeterministicRandomTests
{
    [Fact]
    public void NextUInt64_from_a_known_state_gives_the_reference_implementation_s_numbers()
    {
        // xoshiro256starstar.c of Blackman and Vigna (prng.di.unimi.it) with s = {1, 2, 3, 4}; also the vector of the Rust crate rand_xoshiro.
        ulong[] expected =
        [
            11520, 0, 1509978240, 1215971899390074240, 1216172134540287360, 607988272756665600, 16172922978634559625,
            8476171486693032832, 10595114339597558777, 2904607092377533576,
        ];
        var random = new DeterministicRandom(1, 2, 3, 4);
        Assert.Equal(expected, expected.Select(_ => random.NextUInt64()));
    }

    [Fact]
    public void Of_labels_starts_from_the_digest_of_their_text()
    {
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes("fcml-random-v1\nsplit\n42\n"));
        var words = Enumerable.Range(0, 4).Select(i => BitConverter.ToUInt64(digest, 8 * i)).ToArray();
        var expected = new DeterministicRandom(words[0], words[1], words[2], words[3]);
        var random = DeterministicRandom.Of("split", "42");
        for (var i = 0; i < 10; i++)
            Assert.Equal(expected.NextUInt64(), random.NextUInt64());
    }

    [Fact]
    public void Of_labels_that_would_share_a_text_is_an_error() => Assert.Throws<ArgumentException>(() => DeterministicRandom.Of("a\nb"));

    [Fact]
    public void Of_labels_cut_otherwise_is_another_stream() =>
        Assert.NotEqual(DeterministicRandom.Of("ab", "c").NextUInt64(), DeterministicRandom.Of("a", "bc").NextUInt64());

    [Fact]
    public void State_of_zeros_is_an_error() => Assert.Throws<ArgumentException>(() => new DeterministicRandom(0, 0, 0, 0));

    [Fact]
    public void NextInt_is_the_high_word_of_the_product_as_Lemire_defines_it()
    {
        Gen.Select(Gen.ULong, Gen.Int[1, int.MaxValue]).Sample((seed, bound) =>
        {
            var (one, other) = (new DeterministicRandom(seed | 1, 2, 3, 4), new DeterministicRandom(seed | 1, 2, 3, 4));
            UInt128 product;
            do
            {
                product = (UInt128)other.NextUInt64() * (ulong)bound;
            }
            while ((ulong)product < (ulong)((UInt128.One << 64) % (UInt128)(ulong)bound));
            Assert.Equal((int)(product >> 64), one.NextInt(bound));
        });
    }

    [Fact]
    public void NextInt_over_six_sides_is_uniform()
    {
        var random = DeterministicRandom.Of("dice");
        var counts = new int[6];
        for (var i = 0; i < 60_000; i++)
            counts[random.NextInt(6)]++;
        var chiSquare = counts.Sum(count => (count - 10_000.0) * (count - 10_000.0) / 10_000);
        Assert.InRange(chiSquare, 0, 20.5); // the 99.9 % point for 5 degrees of freedom
    }

    [Fact]
    public void NextSingle_and_NextDouble_lie_in_the_unit_interval_on_their_grids()
    {
        var random = DeterministicRandom.Of("uniform");
        var sum = 0.0;
        for (var i = 0; i < 100_000; i++)
        {
            var single = random.NextSingle();
            Assert.InRange(single, 0, 1 - (1f / (1 << 24)));
            Assert.Equal(single * (1 << 24), MathF.Floor(single * (1 << 24)));
            var wide = random.NextDouble();
            Assert.InRange(wide, 0, 1 - (1.0 / (1L << 53)));
            sum += wide;
        }

        Assert.InRange(sum / 100_000, 0.495, 0.505); // 5 standard errors
    }

    [Fact]
    public void Shuffle_gives_each_of_the_six_orders_of_three_alike()
    {
        var random = DeterministicRandom.Of("shuffle");
        var counts = new Dictionary<string, int>();
        for (var i = 0; i < 60_000; i++)
        {
            int[] items = [0, 1, 2];
            random.Shuffle(items.AsSpan());
            var order = string.Join(',', items.Select(item => item.ToString(CultureInfo.InvariantCulture)));
            counts[order] = counts.GetValueOrDefault(order) + 1;
        }

        Assert.Equal(6, counts.Count);
        Assert.InRange(counts.Values.Sum(count => (count - 10_000.0) * (count - 10_000.0) / 10_000), 0, 20.5);
    }
}
