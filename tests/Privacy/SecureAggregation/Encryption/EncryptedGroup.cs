using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Privacy;

/// <summary>The members of an encrypted study and a coordinator in one process, step by step. Sites fold their state anew before each command, as after a kill.</summary>
internal sealed class EncryptedGroup
{
    private const int ValueBits = 23;

    private readonly Consortium _members;

    public EncryptedGroup(EncryptionMode mode, int count = 3, int dimension = 70, int seed = 0)
    {
        _members = new Consortium(count, threshold: count, colluders: count - 2, dimension: dimension, seed: seed);
        foreach (var (site, i) in Sites.Select((site, i) => (site, i)))
            site.Update = terms => UpdateOf(terms, i + (1000 * seed));
        Plan = EncryptionPlan.For(mode, ValueBits, 0, count, dimension);
    }

    public EncryptionPlan Plan { get; }

    public AggregationTerms Terms => _members.Terms;

    public TestSite[] Sites => _members.Sites;

    /// <summary>The roster, once every site has joined.</summary>
    public KeyRoster Roster { get; private set; } = new([]);

    public KeyContribution[] Contributions { get; private set; } = [];

    public byte[] Delivery => MessageList.Join(Contributions);

    /// <summary>Each site's ciphertext.</summary>
    public byte[][] Uploads { get; private set; } = [];

    /// <summary>Each site's words under masks, as they were encrypted.</summary>
    public byte[][] Masked { get; private set; } = [];

    public EncryptedGroup Join(int attempt = 1)
    {
        _members.Restart(AggregationTerms.Of(Terms.Declared with { Step = Terms.Step with { Attempt = attempt } }));
        Roster = new([.. Sites.Select(site => (KeyAdvertisement)Decide(site, new JoinAttempt(Terms, site.Inputs, Plan)))]);
        return this;
    }

    public EncryptedGroup Contribute()
    {
        Contributions = [.. Sites.Select(site => (KeyContribution)Decide(site, new ContributeKey(Plan, Roster)))];
        return this;
    }

    public EncryptedGroup Take()
    {
        foreach (var site in Sites)
            Assert.Null(site.Decide(new TakeKey(Plan, Delivery)).Refusal);
        return this;
    }

    public EncryptedGroup Encrypt()
    {
        Masked = [.. Sites.Select(Mask)];
        Uploads = [.. Sites.Select((site, i) => site.Machine.Encrypt(Plan, site.State!, Delivery, Masked[i]))];
        for (var i = 0; i < Sites.Length; i++)
            Decide(Sites[i], new SealInput(Sha256Digest.Of(Uploads[i])));
        return this;
    }

    /// <summary>All steps before the sum is opened.</summary>
    public EncryptedGroup Through() => Join().Contribute().Take().Encrypt();

    public byte[] Mask(TestSite site)
    {
        var vector = site.Update(Terms);
        using var masks = site.Machine.Masks(site.State!);
        masks.Apply(vector);
        return vector;
    }

    /// <summary>What the coordinator makes of these sites' ciphertexts: what it sends, and of a threshold key what it keeps.</summary>
    public (byte[] Sent, byte[] Kept) Fold(params int[] sites)
    {
        var fold = new CiphertextFold(Plan);
        var (sent, kept) = (new byte[Plan.Download.Length], new byte[Plan.Download.Length]);
        Plan.Download.Header.CopyTo(sent);
        Plan.Download.Header.CopyTo(kept);
        for (var i = 0; i < Plan.Upload.Blocks; i++)
        {
            fold.Clear();
            foreach (var site in sites)
                fold.Add(Uploads[site].AsSpan((int)Plan.Upload.OffsetOf(i), Plan.Upload.BlockLength));
            fold.WriteSent(sent.AsSpan((int)Plan.Download.OffsetOf(i), Plan.Download.BlockLength));
            if (Plan.Mode == EncryptionMode.Threshold)
                fold.WriteKept(kept.AsSpan((int)Plan.Download.OffsetOf(i), Plan.Download.BlockLength));
        }

        return Plan.Mode == EncryptionMode.Consortium ? (sent, []) : ([.. sent, .. Sha256Digest.Of(kept).Span], kept);
    }

    /// <summary>What comes out where every site opens what it is told is the sum, with the coordinator's half of it.</summary>
    public byte[] Open((byte[] Sent, byte[] Kept) sum)
    {
        var opened = Sites.Select(site => site.Machine.Open(Plan, site.State!, sum.Sent)).ToList();
        if (Plan.Mode == EncryptionMode.Consortium)
            return Assert.Single(opened.DistinctBy(Convert.ToHexString));
        var (decryption, vector) = (Plan.Decryption!, new byte[Terms.PayloadLength]);
        for (var i = 0; i < decryption.Share.Blocks; i++)
        {
            var (sums, words) = (new ulong[Plan.Parameters.Degree], new ulong[Plan.Download.ValuesOf(i)]);
            foreach (var share in opened)
                decryption.AddShare(share.AsSpan((int)decryption.Share.OffsetOf(i), decryption.Share.BlockLength), sums);
            decryption.OpenBlock(sum.Kept.AsSpan((int)Plan.Download.OffsetOf(i), Plan.Download.BlockLength), sums, words);
            PlaintextWords.Extend(MaskWord.Bits32, words, Plan.PlaintextBits, vector.AsSpan(4 * i * Plan.Parameters.Degree));
        }

        return vector;
    }

    /// <summary>What the updates of these sites add up to.</summary>
    public byte[] Expected(params int[] sites) => _members.Expected(MemberSet.Of(sites));

    /// <summary>Words modulo t.</summary>
    public ulong[] Cut(byte[] vector) => PlaintextWords.Cut(MaskWord.Bits32, vector, Plan.PlaintextBits);

    private static AggregationMessage Decide(TestSite site, SiteCommand command)
    {
        var decision = site.Decide(command);
        return decision.Reply ?? throw new InvalidOperationException(decision.Refusal!.Sentence);
    }

    private static byte[] UpdateOf(AggregationTerms terms, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, terms.Declared.Dimension).SelectMany(_ => BitConverter.GetBytes(random.Next(-(1 << ValueBits) + 1, 1 << ValueBits)))];
    }
}
