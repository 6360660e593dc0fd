using System.Security.Cryptography;
using BenchmarkDotNet.Attributes;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Benchmarks;

/// <summary>
/// What masks cost, on one core. A mask is AES-256 in counter mode added to a vector; the baseline, the same number of bytes through the platform's AES
/// alone, is what no
/// design can leave out. Unmasking 16 sites of which 2 dropped out takes 14 self-masks and 2 × 14 pairwise ones off the sum.
/// </summary>
public class MaskBenchmarks
{
    private const int Length = 16 << 20;

    private readonly byte[] _bytes = new byte[Length];
    private readonly uint[] _words = new uint[Length / 4];
    private readonly KeyStream _stream = KeyStream.Derive(new byte[32], "benchmark", []);
    private readonly Aes _aes = Aes.Create();
    private ICryptoTransform? _transform;

    /// <summary>Makes the cipher.</summary>
    [GlobalSetup]
    public void Prepare()
    {
        (_aes.Mode, _aes.Padding, _aes.Key) = (CipherMode.ECB, PaddingMode.None, new byte[32]);
        _transform = _aes.CreateEncryptor();
    }

    /// <summary>The platform's AES over 16 MiB, 16 KiB at a time.</summary>
    [Benchmark(Baseline = true)]
    public void Aes256()
    {
        for (var at = 0; at < Length; at += 16 << 10)
            _transform!.TransformBlock(_bytes, at, 16 << 10, _bytes, at);
    }

    /// <summary>16 MiB of the stream.</summary>
    [Benchmark]
    public void Fill() => _stream.Fill(_bytes);

    /// <summary>16 MiB of the stream added to words.</summary>
    [Benchmark]
    public void AddTo() => _stream.AddTo(_words.AsSpan());
}

/// <summary>Unmasking, and what a site does for a round, keys and shares included.</summary>
public class AggregationBenchmarks
{
    private readonly byte[] _vector = new byte[100_000_000];
    private LocalAggregation? _dropOuts;

    /// <summary>Runs an attempt of 16 sites in which two give their shares, and no vector.</summary>
    [GlobalSetup(Target = nameof(Unmask16))]
    public void Prepare()
    {
        _dropOuts = new LocalAggregation(16, _vector.Length / 4);
        _dropOuts.Run((site, stage) => site < 14 || stage <= AggregationStage.Shares, null);
    }

    /// <summary>100 MB for 16 sites of which 2 dropped out: from the shares to the sum.</summary>
    [Benchmark]
    public void Unmask16()
    {
        using var masks = Unmasking.Masks(_dropOuts!.Server, out _);
        masks!.Apply(_vector);
    }

    /// <summary>All that 4 sites and their coordinator compute for a round of 1 MB each, one after another; without disks and network.</summary>
    [Benchmark]
    public AggregationStage Round4()
    {
        var round = new LocalAggregation(4, 250_000);
        round.Run((_, _) => true, () => new byte[1_000_000]);
        using var masks = Unmasking.Masks(round.Server, out _);
        masks!.Apply(round.Sum);
        return round.Server.Stage;
    }

    private sealed class LocalAggregation
    {
        private static readonly SigningKey[] Keys = [.. Enumerable.Range(0, 16).Select(_ => SigningKey.Create())];
        private readonly AggregationTerms _terms;
        private readonly (SiteMachine Machine, SiteState? State)[] _sites;

        public LocalAggregation(int count, int dimension)
        {
            var members = MemberList.Of(Enumerable.Range(0, count).Select(i => new Member(SiteId.Parse($"site-{i:d2}"), Keys[i].PublicKey.Fingerprint)));
            _terms = AggregationTerms.Of(new AggregationDeclaration(
                default, new StepId(RunId.From(new byte[8]), new RoundNumber(1), StepKind.Training, 1), default, members,
                AggregationTerms.LeastThreshold(count), 1, 2, MaskWord.Bits32, dimension));
            _sites = [.. Enumerable.Range(0, count).Select(i => (new SiteMachine(Keys[i], new byte[32], SiteId.Parse($"site-{i:d2}")), (SiteState?)null))];
            Server = new ServerState(_terms);
        }

        public ServerState Server { get; private set; }

        public byte[] Sum { get; private set; } = [];

        public void Run(Func<int, AggregationStage, bool> answers, Func<byte[]>? update)
        {
            if (update is not null)
                Sum = new byte[_terms.PayloadLength];
            while (Server.Stage < AggregationStage.Complete)
            {
                var stage = Server.Stage;
                foreach (var site in Server.Expected.Indices.Where(site => answers(site, stage)))
                    Take(new TakeMessage(Answer(site, Server.RequestFor(site), update)));
                if (Server.Stage == stage)
                    Take(new CloseStage());
            }
        }

        private AggregationMessage Answer(int site, AggregationMessage? request, Func<byte[]>? update)
        {
            switch (request)
            {
                case null:
                    return Decide(site, new JoinAttempt(_terms, default))!;
                case KeyRoster roster:
                    return Decide(site, new ShareSecrets(roster))!;
                case ShareBatch delivery:
                    Decide(site, new TakeShares(delivery));
                    return Decide(site, new SealInput(update is null ? default : Mask(site, update())))!;
                case SurvivorSet set:
                    return Decide(site, new SignSurvivors(set))!;
                default:
                    return Decide(site, new GiveShares((SurvivorProof)request))!;
            }
        }

        private Sha256Digest Mask(int site, byte[] vector)
        {
            using var masks = _sites[site].Machine.Masks(_sites[site].State!);
            masks.Apply(vector);
            MaskedVector.Add(MaskWord.Bits32, Sum, vector);
            return Sha256Digest.Of(vector);
        }

        private AggregationMessage? Decide(int site, SiteCommand command)
        {
            var decision = _sites[site].Machine.Decide(_sites[site].State, command);
            _sites[site].State = SiteState.Apply(_sites[site].State, decision.Entry!);
            return decision.Reply;
        }

        private void Take(ServerCommand command)
        {
            foreach (var happened in ServerMachine.Decide(Server, command).Events)
                Server = Server.Apply(happened);
        }
    }
}
