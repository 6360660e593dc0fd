using System.Numerics;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// Puts together what unmasks a sum, from the first threshold's shares: the seeds of survivors, whose self-masks are in the sum; the mask keys of those who
/// dropped, whose pairwise
/// masks with survivors are in it without their counterpart.
/// </summary>
public static class Unmasking
{
    /// <summary>The masks that the sum of the survivors' vectors carries, each the other way round: applied to it they leave the sum of the updates.</summary>
    /// <param name="state">A complete attempt.</param>
    /// <param name="refusal">
    /// Where masks are null: a dealer whose shares, each as committed to, do not make its secret. It cannot have been a mistake, nobody else can have caused
    /// it, and the round is void.
    /// </param>
    /// <exception cref="InvalidOperationException">The attempt is not complete.</exception>
    public static MaskSet? Masks(ServerState state, out AggregationRefusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(state);
        if (state.Stage != AggregationStage.Complete)
            throw new InvalidOperationException($"The attempt is at {state.Stage}; a sum is unmasked when it is complete.");
        refusal = null;
        var (terms, survivors) = (state.Terms, state.Closed[AggregationStage.Inputs]);
        var givers = state.Closed[AggregationStage.Unmasking].Indices.Take(terms.Threshold).ToArray();
        var weights = ShamirSharing.Weights(givers);
        var shares = Array.ConvertAll(givers, giver => Shares(state, giver));
        var masks = new MaskSet(terms);
        var row = 0;
        foreach (var dealer in state.Closed[AggregationStage.Shares].Indices)
        {
            var secret = ShamirSharing.Combine(weights, Array.ConvertAll(shares, giver => giver[row]));
            row++;
            if (!(survivors.Contains(dealer) ? AddSeed(state, masks, dealer, secret) : AddPairs(state, masks, dealer, survivors, secret)))
            {
                masks.Dispose();
                var site = terms.Members.Members[dealer].Site;
                refusal = new(
                    AggregationFault.ShareWrong, site,
                    $"The shares that '{site}' dealt do not make the secret that it committed to. The round is void; leave the site out, and ask it why.");
                return null;
            }
        }

        return masks;
    }

    /// <summary>The first dealer of whom this site gave a share that is not the one committed to; null where there is none.</summary>
    internal static int? FirstUnfit(ServerState state, UnmaskingShares given)
    {
        var at = 0;
        foreach (var dealer in given.Sharers.Indices)
        {
            var head = state.ShareOf(dealer, given.Sender);
            var fits = ShamirSharing.TryRead(given.Shares.Span.Slice(at, ShamirSharing.Length), out var share) && (given.Survivors.Contains(dealer)
                ? Commitments.OfSeedShare(state.Terms, dealer, given.Sender, share) == head.SeedShare
                : Commitments.OfKeyShare(state.Terms, dealer, given.Sender, share) == head.KeyShare);
            if (!fits)
                return dealer;
            at += ShamirSharing.Length;
        }

        return null;
    }

    private static BigInteger[] Shares(ServerState state, int giver)
    {
        var bytes = ((UnmaskingShares)state.Of(AggregationStage.Unmasking)[giver]).Shares;
        var shares = new BigInteger[bytes.Length / ShamirSharing.Length];
        for (var i = 0; i < shares.Length; i++)
            ShamirSharing.TryRead(bytes.Span.Slice(i * ShamirSharing.Length, ShamirSharing.Length), out shares[i]); // checked when it was taken
        return shares;
    }

    private static bool AddSeed(ServerState state, MaskSet masks, int dealer, BigInteger seed)
    {
        if (Commitments.OfSeed(state.Terms, dealer, seed) != state.ShareOf(dealer, dealer).Seed)
            return false;
        masks.AddSelf(dealer, seed, negative: true);
        return true;
    }

    private static bool AddPairs(ServerState state, MaskSet masks, int dropped, MemberSet survivors, BigInteger secret)
    {
        if (secret.IsZero)
            return false;
        using var key = KeyAgreement.Import(secret);
        if (!KeyAgreement.PublicOf(key).AsSpan().SequenceEqual(state.KeysOf(dropped)!.MaskKey.Span))
            return false;
        foreach (var survivor in survivors.Indices)
            masks.AddPair(survivor, dropped, KeyAgreement.Agree(key, state.KeysOf(survivor)!.MaskKey.Span), removed: true);
        return true;
    }
}
