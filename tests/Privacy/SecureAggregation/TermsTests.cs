using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.Tests.Privacy;

public sealed class TermsTests
{
    [Theory]
    [InlineData(3, 3)]
    [InlineData(4, 3)]
    [InlineData(5, 4)]
    [InlineData(6, 5)]
    [InlineData(9, 7)]
    [InlineData(256, 171)]
    public void Least_threshold_is_more_than_two_thirds(int members, int least) => Assert.Equal(least, AggregationTerms.LeastThreshold(members));

    [Theory]
    [InlineData(2, 0, 2, "threshold lies in [3, 4]")]
    [InlineData(5, 0, 2, "threshold lies in [3, 4]")]
    [InlineData(3, 2, 2, "at most 1 colluders")]
    [InlineData(4, 3, 2, "more than the 4 members")]
    [InlineData(3, 0, 1, "survivors beyond colluders is 2")]
    [InlineData(3, 1, 4, "more than the 4 members")]
    public void Terms_that_do_not_protect_are_refused_in_words(int threshold, int colluders, int minimum, string sentence)
    {
        var declared = new Consortium(4).Terms.Declared with { Threshold = threshold, Colluders = colluders, Minimum = minimum };
        Assert.Contains(sentence, AggregationTerms.FaultOf(declared), StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => AggregationTerms.Of(declared));
    }

    [Fact]
    public void Survivors_less_colluders_reach_the_minimum() =>
        Assert.Equal(4, AggregationTerms.Of(new Consortium(4).Terms.Declared with { Colluders = 1, Minimum = 3 }).LeastSurvivors);

    [Fact]
    public void Member_list_refuses_one_site_or_one_key_twice_and_more_than_256()
    {
        Member Of(int site, int key) => new(Consortium.NameOf(site), Consortium.DigestOf($"{key}"));
        Assert.Throws<ArgumentException>(() => MemberList.Of([Of(1, 1), Of(1, 2), Of(2, 3)]));
        Assert.Throws<ArgumentException>(() => MemberList.Of([Of(1, 1), Of(2, 1), Of(3, 3)]));
        Assert.Throws<ArgumentException>(() => MemberList.Of(Enumerable.Range(0, 257).Select(i => Of(i, i))));
        Assert.Throws<ArgumentException>(() => MemberList.Of([Of(1, 1)]));
        Assert.Equal(MemberList.Of([Of(1, 1), Of(2, 2)]), MemberList.Of([Of(2, 2), Of(1, 1)]));
    }

    [Fact]
    public void Member_sets_hold_all_256()
    {
        var set = MemberSet.Of([0, 127, 128, 255]);
        Assert.Equal([0, 127, 128, 255], set.Indices);
        Assert.Equal([0, 1, 2, 3], set.Indices.Select(set.IndexWithin));
        Assert.Equal(MemberSet.Of([127, 255]), set.Except(MemberSet.Of([0, 1, 128])));
        Assert.True(MemberSet.Of([255]).IsWithin(set) && !MemberSet.Of([254]).IsWithin(set));
        Assert.Throws<ArgumentOutOfRangeException>(() => set.With(256));
    }

    [Theory]
    [InlineData(16, 400, 4, 32, 0, false, "15 value bits + 9 weight bits + 2 bits for the members + 0 noise-tail bits + 1 sign bit + 1 guard bit = 28, at most 32")]
    [InlineData(24, 32, 4, 32, 0, false, "23 value bits + 5 weight bits + 2 bits for the members + 0 noise-tail bits + 1 sign bit + 1 guard bit = 32, at most 32")]
    [InlineData(24, 33, 4, 32, 0, false, "The sum may overflow: 23 value bits + 6 weight bits")]
    [InlineData(16, 1, 4, 32, 32767, false, "1 noise-tail bits")]
    [InlineData(16, 1, 4, 32, 32768, false, "2 noise-tail bits")]
    [InlineData(16, 400, 4, 32, 0, true, "Hidden weights need 64-bit words.")]
    [InlineData(16, 400, 4, 64, 10, true, "Hidden weights do not go with differential privacy")]
    [InlineData(32, int.MaxValue, 256, 64, 0, true, "The sum may overflow: 31 value bits + 31 weight bits + 8 bits")]
    [InlineData(32, 1 << 20, 256, 64, 0, true, "= 61, at most 64")]
    public void Budget_shows_its_arithmetic_and_refuses(int bits, int weight, int members, int word, long noise, bool hidden, string sentence)
    {
        var budget = MaskedWordBudget.Of(UpdateFormat.Fixed(bits, 1), weight, members, (MaskWord)word, noise, hidden);
        Assert.Contains(sentence, budget.Fault ?? budget.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Greatest_sum_that_a_budget_lets_through_does_not_wrap()
    {
        foreach (var (bits, weight, members, noise) in ((int, int, int, long)[])[(24, 32, 4, 0), (16, 1, 256, 32767), (8, 256, 256, 0), (8, 200, 200, 9000)])
        {
            var budget = MaskedWordBudget.Of(UpdateFormat.Fixed(bits, 1), weight, members, MaskWord.Bits32, noise);
            Assert.Null(budget.Fault);
            Assert.InRange(budget.Limit * members, 1, int.MaxValue >> MaskedWordBudget.GuardBits);
        }

        Assert.NotNull(MaskedWordBudget.Of(UpdateFormat.Float32, 1, 4, MaskWord.Bits64).Fault);
    }

    [Fact]
    public void Sum_beyond_what_honest_sites_can_make_is_void_at_its_first_coordinate()
    {
        var vector = new byte[12];
        BitConverter.TryWriteBytes(vector.AsSpan(4), -401);
        BitConverter.TryWriteBytes(vector.AsSpan(8), int.MinValue);
        var values = new long[3];
        Assert.Equal(1, MaskedVector.Decode(MaskWord.Bits32, vector, 400, values));
        Assert.Equal(2, MaskedVector.Decode(MaskWord.Bits32, vector, 401, values));
        Assert.Null(MaskedVector.Decode(MaskWord.Bits32, vector, 1L << 31, values));
        Assert.Equal([0, -401, int.MinValue], values);
    }

    [Theory]
    [InlineData(8)]
    [InlineData(24)]
    [InlineData(32)]
    public void Words_of_an_update_are_its_codes_times_the_weight(int bits)
    {
        var format = UpdateFormat.Fixed(bits, 1);
        var values = Enumerable.Range(0, 1100).Select(i => (i - 550) / 550.0).ToArray();
        var payload = new byte[format.PayloadLength(values.Length)];
        format.Encode(values, payload);
        var (vector, read) = (new byte[8 * values.Length], new long[values.Length]);
        MaskedVector.Encode(format, payload, 3, MaskWord.Bits64, vector);
        Assert.Null(MaskedVector.Decode(MaskWord.Bits64, vector, 3 * format.MaximumCode, read));
        Assert.Equal(values.Select(value => 3 * (long)Math.Round(value * format.MaximumCode, MidpointRounding.ToEven)), read);
        Assert.Throws<ArgumentException>(() => MaskedVector.Encode(format, payload, 3, MaskWord.Bits32, vector));
    }
}
