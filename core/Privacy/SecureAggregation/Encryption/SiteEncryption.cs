using System.Collections.Immutable;
using System.Security.Cryptography;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// What a site makes in one attempt at an encrypted round, beside its masks: its secret or the consortium's, its contribution, its ciphertexts, and what it makes of the sum. All of it is derived
/// from the attempt's secrets, so that it is the same after a kill; another attempt has another key. (Only wrappings are random: the message that holds them is logged.)
/// </summary>
internal sealed class SiteEncryption(EncryptionPlan plan, AggregationTerms terms, int me, SiteSecrets secrets)
{
    private CollectiveKey Collective => new(plan.Parameters, terms.Info.Span);

    /// <summary>What the site shows of its part of a collective key before any part is shown; empty for a consortium's key.</summary>
    public byte[] Commitment() => plan.Mode == EncryptionMode.Threshold ? Collective.Commit(EncryptedExchange.NameOf(terms, me), Part()) : [];

    /// <summary>The site's contribution to the round's key.</summary>
    public byte[] Material(KeyRoster roster)
    {
        if (plan.Mode == EncryptionMode.Threshold)
            return Part();
        if (me != EncryptedExchange.Maker)
            return [];
        var root = new byte[ConsortiumKey.RootLength];
        using (var stream = Stream("fcml-encryption-consortium-v1", []))
            stream.Fill(root);
        byte[] material = [.. roster.Keys.SelectMany(member =>
        {
            using var key = KeyAgreement.Public(member.EncryptionKey.Span);
            using var point = key.PublicKey;
            return ConsortiumKey.Wrap(root, point, Context(roster, member.Sender));
        })];
        CryptographicOperations.ZeroMemory(root);
        return material;
    }

    /// <summary>The key as it was wrapped for this site; empty where the key is a collective one.</summary>
    public ReadOnlyMemory<byte> Wrapped(ImmutableArray<KeyContribution> contributions) => plan.Mode == EncryptionMode.Threshold ? default
        : contributions[EncryptedExchange.Maker].Material.Slice(me * ConsortiumKey.WrappedLength, ConsortiumKey.WrappedLength);

    /// <summary>The consortium's secret bytes; null where they were not wrapped for this site, this roster and this attempt.</summary>
    public byte[]? Unwrap(KeyRoster roster, ReadOnlySpan<byte> wrapped)
    {
        try
        {
            return ConsortiumKey.Unwrap(wrapped, secrets.EncryptionKeyPair, Context(roster, me));
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <inheritdoc cref="SiteMachine.Encrypt"/>
    public byte[] Encrypt(SiteState state, ReadOnlySpan<byte> delivery, ReadOnlySpan<byte> vector)
    {
        var words = PlaintextWords.Cut(terms.Declared.Word, vector, plan.PlaintextBits);

        // Of the words too: should they ever differ, their noise and their c1 would.
        using var stream = Stream("fcml-encryption-words-v1", Sha256Digest.Of(vector).Span);
        if (plan.Mode == EncryptionMode.Consortium)
        {
            using var key = ConsortiumSecret(state);
            return PackedVector.Write(key.Encrypt(words, stream));
        }

        if (Sha256Digest.Of(delivery) != state.Key!.Delivery)
            throw new FormatException("The contributions to the round's key are not those that this site took.");
        var parts = MessageList.Split<KeyContribution>(delivery)!.Value.Select(contribution => contribution.Material.ToArray());
        return PackedVector.Write(Collective.Combine([.. parts]).Encrypt(words, stream));
    }

    /// <inheritdoc cref="SiteMachine.Open"/>
    public byte[] Open(SiteState state, ReadOnlySpan<byte> sum)
    {
        if (plan.Mode == EncryptionMode.Consortium)
        {
            using var key = ConsortiumSecret(state);
            var words = key.Decrypt(PackedVector.ReadEncrypted(plan.Parameters, plan.Dimension, sum));
            var opened = new byte[terms.PayloadLength];
            PlaintextWords.Extend(terms.Declared.Word, words, plan.PlaintextBits, opened);
            return opened;
        }

        if (sum.Length != SumFile.LengthOf(plan))
            throw new FormatException($"A sum that is to be opened has {SumFile.LengthOf(plan)} bytes, not {sum.Length}.");
        var uniform = PackedVector.ReadPolynomials(plan.Parameters, plan.Dimension, sum[..(int)plan.Download.Length]);
        using var stream = Stream("fcml-encryption-share-v1", Sha256Digest.Of(sum).Span);
        using var secret = Secret();
        return plan.Decryption!.MakeShare(secret, uniform, stream);
    }

    private byte[] Part()
    {
        using var secret = Secret();
        using var stream = Stream("fcml-encryption-part-v1", []);
        return Collective.MakePart(secret, stream);
    }

    private BfvSecretKey Secret()
    {
        using var stream = Stream("fcml-encryption-secret-v1", []);
        return BfvSecretKey.Generate(plan.Parameters, stream);
    }

    private BfvSecretKey ConsortiumSecret(SiteState state)
    {
        var root = Unwrap(state.Roster!, state.Key!.Wrapped.Span)
            ?? throw new InvalidOperationException("A key that was taken no longer opens: the log, or the run's root, has changed.");
        var key = ConsortiumKey.Derive(plan.Parameters, root);
        CryptographicOperations.ZeroMemory(root);
        return key;
    }

    private KeyStream Stream(string purpose, ReadOnlySpan<byte> inputs) => KeyStream.Derive(secrets.EncryptionRoot, purpose, [.. plan.Parameters.Id, .. inputs]);

    // A wrapping is worth nothing in another attempt, for another member, or beside other keys.
    private byte[] Context(KeyRoster roster, int member) => new ByteWriter().Part(terms.Info.Span).Digest(roster.Digest()).Byte((byte)member).ToArray();
}
