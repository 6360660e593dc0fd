using System.Security.Cryptography;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Privacy;

/// <summary>
/// Sites and a coordinator in one process. Every message passes as bytes; every site folds its state anew from its log's bytes before each command, as after
/// a kill.
/// </summary>
internal sealed class Consortium
{
    // Keys are costly to make, and which they are does not matter.
    private static readonly List<SigningKey> Keys = [];

    public Consortium(int count, int? threshold = null, int colluders = 0, int dimension = 5, MaskWord word = MaskWord.Bits32, int attempt = 1, int seed = 0)
    {
        Members = MemberList.Of(Enumerable.Range(0, count).Select(i => new Member(NameOf(i), KeyOf(i).PublicKey.Fingerprint)));
        Terms = AggregationTerms.Of(Declare(threshold, colluders, dimension, word, attempt));
        Sites = [.. Enumerable.Range(0, count).Select(i => new TestSite(i, seed))];
        Server = new ServerState(Terms);
    }

    public MemberList Members { get; }

    public AggregationTerms Terms { get; set; }

    public TestSite[] Sites { get; }

    public ServerState Server { get; private set; }

    /// <summary>What the coordinator folded: the sum of the survivors' masked vectors.</summary>
    public byte[] Sum { get; private set; } = [];

    public static SiteId NameOf(int index) => SiteId.Parse($"site-{index:d3}");

    public static SigningKey KeyOf(int index)
    {
        lock (Keys)
        {
            while (Keys.Count <= index)
                Keys.Add(SigningKey.Create());
            return Keys[index];
        }
    }

    public static Sha256Digest DigestOf(string text) => Sha256Digest.Of(System.Text.Encoding.UTF8.GetBytes(text));

    public AggregationDeclaration Declare(int? threshold = null, int colluders = 0, int dimension = 5, MaskWord word = MaskWord.Bits32, int attempt = 1) => new(
        new StudyDigest(DigestOf("study")), new StepId(RunId.Parse("00112233445566aa"), new RoundNumber(7), StepKind.Training, attempt), DigestOf("parameters"),
        Members, threshold ?? AggregationTerms.LeastThreshold(Members.Count), colluders, 2, word, dimension);

    /// <summary>Begins another attempt: the sites' logs stay.</summary>
    public void Restart(AggregationTerms terms) => (Terms, Server) = (terms, new ServerState(terms));

    /// <summary>Asks a site what the coordinator asks it now, and hands in the answer.</summary>
    public AggregationRefusal? Ask(int site)
    {
        var request = Server.RequestFor(site) is { } message ? AggregationMessage.Read(message.Encode())! : null;
        var reply = Sites[site].Answer(Terms, request);
        return reply.Refusal ?? Hand(reply.Reply!);
    }

    /// <summary>Hands a message to the coordinator.</summary>
    public AggregationRefusal? Hand(AggregationMessage message)
    {
        var decision = ServerMachine.Decide(Server, new TakeMessage(AggregationMessage.Read(message.Encode())!));
        Fold(decision);
        return decision.Refusal;
    }

    /// <summary>The stage's deadline.</summary>
    public void Close() => Fold(ServerMachine.Decide(Server, new CloseStage()));

    /// <summary>Asks those that answer, then closes the stage if it is open still.</summary>
    public void Stage(Func<int, bool> answers)
    {
        var stage = Server.Stage;
        foreach (var site in Server.Expected.Indices.Where(answers))
        {
            if (Ask(site) is { } refusal)
                throw new InvalidOperationException($"{stage}, site {site}: {refusal}");
        }

        if (Server.Stage == stage)
            Close();
    }

    /// <summary>All stages, each site up to the stage after which it is gone (0: it never answers; 5: it stays).</summary>
    public void Run(Func<int, int> lastStage)
    {
        for (var stage = 1; stage <= 5 && Server.Stage is not (AggregationStage.Failed or AggregationStage.Complete); stage++)
            Stage(site => lastStage(site) >= stage);
    }

    /// <summary>The unmasked sum.</summary>
    public byte[] Unmask()
    {
        using var masks = Unmasking.Masks(Server, out var refusal) ?? throw new InvalidOperationException(refusal!.Sentence);
        var sum = Sum.ToArray();
        masks.Apply(sum);
        return sum;
    }

    /// <summary>What the updates of these sites add up to.</summary>
    public byte[] Expected(MemberSet sites)
    {
        var sum = new byte[Terms.PayloadLength];
        foreach (var site in sites.Indices)
            MaskedVector.Add(Terms.Declared.Word, sum, Sites[site].Update(Terms));
        return sum;
    }

    private void Fold(ServerDecision decision)
    {
        foreach (var happened in decision.Events)
        {
            if (happened is StageClosed { Stage: AggregationStage.Inputs } closed)
            {
                Sum = new byte[Terms.PayloadLength];
                foreach (var survivor in closed.Members.Indices)
                    MaskedVector.Add(Terms.Declared.Word, Sum, Sites[survivor].Payload);
            }

            Server = Server.Apply(happened);
        }
    }
}

/// <summary>A site of a <see cref="Consortium"/>.</summary>
internal sealed class TestSite(int index, int seed)
{
    private SiteMachine? _machine;

    public byte[] Root { get; } = SHA256.HashData([(byte)index, .. BitConverter.GetBytes(seed)]);

    public List<byte[]> Log { get; } = [];

    /// <summary>Whether the machine forgets before each command what it keeps, as after a kill.</summary>
    public bool Forgets { get; set; } = true;

    public SiteMachine Machine
    {
        get
        {
            _machine ??= new(Consortium.KeyOf(index), Root, Consortium.NameOf(index));
            if (Forgets)
                _machine.Dispose();
            return _machine;
        }
    }

    public SiteState? State => Log.Aggregate((SiteState?)null, (state, entry) => SiteState.Apply(state, SiteEntry.Read(entry)!));

    /// <summary>The masked vector as last made.</summary>
    public byte[] Payload { get; private set; } = [];

    /// <summary>Digest of the site's data.</summary>
    public Sha256Digest Inputs { get; set; } = Consortium.DigestOf("data");

    /// <summary>What the worker attaches to its keys: every other site nothing.</summary>
    public byte[] Attachment { get; set; } = index % 2 == 0 ? [] : [.. "what else there is to say"u8];

    /// <summary>What the update is; replaced by tests that need certain ones.</summary>
    public Func<AggregationTerms, byte[]> Update { get; set; } = terms =>
    {
        var update = new byte[terms.PayloadLength];
        new Random((1000 * seed) + index).NextBytes(update); // any words at all: sums are modulo 2^word
        return update;
    };

    public SiteDecision Decide(SiteCommand command)
    {
        var decision = Machine.Decide(State, command);
        if (decision.Entry is { } entry)
            Log.Add(entry.Encode());
        return decision;
    }

    /// <summary>Answers a request, null being the one to join.</summary>
    public SiteDecision Answer(AggregationTerms terms, AggregationMessage? request) => request switch
    {
        null => Decide(new JoinAttempt(terms, Inputs, null, Attachment)),
        KeyRoster roster => Decide(new ShareSecrets(roster)),
        ShareBatch delivery => Decide(new TakeShares(delivery)) is { Refusal: not null } refused ? refused : Mask(terms),
        SurvivorSet set => Decide(new SignSurvivors(set)),
        SurvivorProof proof => Decide(new GiveShares(proof)),
        _ => throw new ArgumentException("No request.", nameof(request)),
    };

    private SiteDecision Mask(AggregationTerms terms)
    {
        Payload = Update(terms);
        using var masks = Machine.Masks(State!);
        masks.Apply(Payload);
        return Decide(new SealInput(Sha256Digest.Of(Payload)));
    }
}
