using CsCheck;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.Tests.Privacy;

public sealed class RoundTests
{
    [Fact]
    public void Survivors_sum_is_exact_or_the_round_ends_cleanly_whoever_drops_out_where() =>
        (from count in Gen.Int[3, 12]
         from threshold in Gen.Int[AggregationTerms.LeastThreshold(count), count]
         from last in Gen.Frequency((4, Gen.Const(5)), (1, Gen.Int[0, 4])).Array[count]
         from wide in Gen.Bool
         from dimension in Gen.OneOf(Gen.Int[1, 40], Gen.Const(9000))
         from seed in Gen.Int[0, 1000]
         select (count, threshold, last, wide, dimension, seed)).Sample(
            c =>
            {
                var consortium = new Consortium(c.count, c.threshold, dimension: c.dimension, word: c.wide ? MaskWord.Bits64 : MaskWord.Bits32, seed: c.seed);
                consortium.Run(site => c.last[site]);
                int Left(int stage) => c.last.Count(last => last >= stage);
                var failing = Enumerable.Range(1, 5).FirstOrDefault(stage => Left(stage) < c.threshold);
                if (failing != 0)
                {
                    Assert.Equal(AggregationStage.Failed, consortium.Server.Stage);
                    Assert.Throws<InvalidOperationException>(consortium.Unmask);
                    return;
                }

                var survivors = MemberSet.Of(Enumerable.Range(0, c.count).Where(site => c.last[site] >= 3));
                Assert.Equal(survivors, consortium.Server.Closed[AggregationStage.Inputs]);
                Assert.Equal(consortium.Expected(survivors), consortium.Unmask());
            },
            iter: 60, threads: 2);

    [Fact]
    public void Sum_of_256_sites_with_drop_outs_is_exact()
    {
        var consortium = new Consortium(256, dimension: 3);
        foreach (var site in consortium.Sites)
            site.Forgets = false;
        Parallel.For(0, 256, site => Consortium.KeyOf(site));
        var last = Enumerable.Range(0, 256).Select(site => (site % 16) switch { 1 or 7 => 0, 3 => 1, 9 => 2, 15 => 3, _ => 5 }).ToArray();
        for (var stage = 1; stage <= 5; stage++)
        {
            // In parallel, since what takes time is the sites' key agreements.
            var replies = consortium.Server.Expected.Indices.Where(site => last[site] >= stage).AsParallel().AsOrdered()
                .Select(site => consortium.Sites[site].Answer(consortium.Terms, consortium.Server.RequestFor(site))).ToList();
            var before = consortium.Server.Stage;
            foreach (var reply in replies)
            {
                Assert.Null(reply.Refusal);
                Assert.Null(consortium.Hand(reply.Reply!));
            }

            if (consortium.Server.Stage == before)
                consortium.Close();
        }

        Assert.Equal(consortium.Expected(MemberSet.Of(Enumerable.Range(0, 256).Where(site => last[site] >= 3))), consortium.Unmask());
    }

    [Fact]
    public void Mean_is_bit_identical_to_that_of_plain_sums()
    {
        var format = UpdateFormat.Fixed(16, 8);
        var (weights, payloads) = (new[] { 3, 17, 400, 1 }, new byte[4][]);
        var plain = new ExactVectorSum(format, 1000, 421);
        var budget = MaskedWordBudget.Of(format, 400, 4, MaskWord.Bits32);
        Assert.Null(budget.Fault);
        var consortium = new Consortium(4, dimension: 1000);
        var random = new Random(5);
        for (var i = 0; i < 4; i++)
        {
            var (site, values) = (i, Enumerable.Range(0, 1000).Select(_ => (random.NextSingle() * 18) - 9).ToArray());
            payloads[site] = new byte[format.PayloadLength(1000)];
            format.Encode(values, payloads[site]);
            plain.Contribute(weights[site]).Fold(payloads[site]);
            consortium.Sites[site].Update = terms =>
            {
                var vector = new byte[terms.PayloadLength];
                MaskedVector.Encode(format, payloads[site], weights[site], MaskWord.Bits32, vector);
                return vector;
            };
        }

        consortium.Run(_ => 5);
        var (sums, masked, expected) = (new long[1000], new double[1000], new double[1000]);
        Assert.Null(MaskedVector.Decode(MaskWord.Bits32, consortium.Unmask(), 4 * budget.Limit, sums));
        ExactVectorSum.Mean(sums, 421, format.GridStep, masked);
        plain.Mean(0, expected);
        Assert.Equal(expected.Select(BitConverter.DoubleToInt64Bits), masked.Select(BitConverter.DoubleToInt64Bits));
    }

    [Fact]
    public void Everything_that_is_asked_again_is_answered_with_the_same_bytes()
    {
        var consortium = new Consortium(4);
        var site = consortium.Sites[1];
        for (var stage = 1; stage <= 5; stage++)
        {
            var request = consortium.Server.RequestFor(1);
            var first = site.Answer(consortium.Terms, request).Reply!.Encode();
            var (payload, entries) = (site.Payload, site.Log.Count);
            Assert.Equal(first, site.Answer(consortium.Terms, request).Reply!.Encode());
            Assert.Equal(payload, site.Payload);
            Assert.Equal(entries, site.Log.Count);
            consortium.Stage(_ => true);
        }

        Assert.Equal(AggregationStage.Complete, consortium.Server.Stage);
    }

    [Fact]
    public void Log_that_was_lost_before_anything_left_gives_the_same_keys_shares_and_masks()
    {
        var (one, other) = (new Consortium(4), new Consortium(4));
        one.Stage(_ => true);
        other.Stage(_ => true);
        var (keys, again) = (one.Sites[2].State!.Keys, other.Sites[2].State!.Keys);
        Assert.Equal([.. keys.MaskKey.Span, .. keys.EncryptionKey.Span], (byte[])[.. again.MaskKey.Span, .. again.EncryptionKey.Span]);

        // Signatures differ, and with them the roster: the very same ciphertext comes only under the very same roster.
        Assert.NotEqual(one.Server.Roster!.Digest(), other.Server.Roster!.Digest());
        var roster = one.Server.Roster;
        var shares = one.Sites[2].Answer(one.Terms, roster).Reply as ShareBatch;
        one.Sites[2].Log.RemoveAt(1);
        var sharesAgain = one.Sites[2].Answer(one.Terms, roster).Reply as ShareBatch;
        Assert.Equal(shares!.Shares.Select(share => share.Ciphertext.ToArray()), sharesAgain!.Shares.Select(share => share.Ciphertext.ToArray()));

        var otherData = new Consortium(4);
        otherData.Sites[2].Inputs = Consortium.DigestOf("other data");
        otherData.Stage(_ => true);
        Assert.NotEqual(keys.MaskKey.ToArray(), otherData.Sites[2].State!.Keys.MaskKey.ToArray());
    }

    [Fact]
    public void Masked_vector_alone_is_uniform_whatever_the_update()
    {
        // Chi-square over the 256 values of each byte of 12 x 16384 words: 255 degrees of freedom; 376 is the quantile 1 - 10^-6.
        foreach (var fill in (byte[])[0, 0xFF])
        {
            var counts = new int[256];
            for (var seed = 0; seed < 3; seed++)
            {
                var consortium = new Consortium(4, dimension: 16384, seed: seed);
                foreach (var site in consortium.Sites)
                    site.Update = terms => [.. Enumerable.Repeat(fill, (int)terms.PayloadLength)];
                consortium.Run(_ => 3);
                foreach (var value in consortium.Sites.SelectMany(site => site.Payload))
                    counts[value]++;
            }

            var expected = counts.Sum() / 256.0;
            Assert.InRange(counts.Sum(count => (count - expected) * (count - expected) / expected), 150, 376);
        }
    }
}
