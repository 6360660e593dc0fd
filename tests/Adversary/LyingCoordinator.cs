using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.Studies;
using Google.Protobuf;
using Kind = FederatedClinicalMl.Protos.WorkerPort.StepOrder.Types.Kind;

namespace FederatedClinicalMl.Tests.Adversary;

/// <summary>
/// The coordinator's side of masked rounds: the production state machine, with hands that a test makes lie. What is not lied about is as an honest coordinator has it, so that
/// what is refused is refused for the lie.
/// </summary>
/// <param name="study">The study that the hospitals approved.</param>
/// <param name="members">The members, as this coordinator knows them.</param>
/// <param name="renewals">How their keys were renewed, as it says.</param>
internal sealed class LyingCoordinator(Study study, MemberList members, KeyRenewals? renewals = null)
{
    private static readonly Sha256Digest s_parameters = Sha256Digest.Of("parameters"u8);

    private readonly Dictionary<SiteId, byte[]> _vectors = [];

    /// <summary>The attempt as it stands.</summary>
    public ServerState Attempt { get; private set; } = new(StudyTerms.Of(study, members, StepOf(StepKind.KeyAgreement), s_parameters, DimensionOf(study)));

    /// <summary>A list of these hospitals with the keys that they have.</summary>
    public static MemberList ListOf(params IEnumerable<Hospital> hospitals) => MemberList.Of(hospitals.Select(hospital => new Member(hospital.Name, hospital.Fingerprint)));

    /// <summary>A study of these members, under masks; nothing but the rounds.</summary>
    public static Study StudyOf(MemberList members, int quorum = 3, string aggregation = "secure", int parameters = 2, string weighting = "equal")
    {
        var check = StudyChecker.CheckYaml($$"""
            protocol: 1
            name: masked
            title: Updates under masks
            purpose: Show what an adversary gets
            ethics: Made-up data
            data: {dataset: none}
            model: {kind: benchmark, parameters: {{parameters}} }
            federation: {rounds: 2, sites: [{{string.Join(", ", members.Members.Select(member => member.Site))}}], quorum: {{quorum}}, weighting: {{weighting}}, maximum-weight: 8000, aggregation: {{aggregation}}, attempts: 2}
            evaluation: {every: 0}
            """);
        var study = check.Study ?? throw new InvalidOperationException(string.Join('\n', check.Faults));
        return StudyKeys.Name(study, members.Members.ToDictionary(member => member.Site, member => member.Fingerprint)).Study!;
    }

    /// <summary>The order that begins a round, with any list of members.</summary>
    public StepOrder KeyAgreement(Hospital hospital, MemberList list, params IEnumerable<KeyRenewal> renewed) =>
        Order(hospital, StepKind.KeyAgreement, [.. list.Encode(), .. KeyRenewals.Write(renewed)]);

    /// <summary>Any order of the round.</summary>
    public StepOrder Order(Hospital hospital, StepKind kind, ReadOnlySpan<byte> inputs) => new()
    {
        Run = StepOf(kind).Run.Value, Round = 1, Kind = (Kind)kind, Attempt = 1, Site = hospital.Name.Value, Constants = ByteString.CopyFromUtf8("{}"),
        StudyDigest = ByteString.CopyFrom(study.Digest.Value.Span), ParametersDigest = ByteString.CopyFrom(s_parameters.Span), Inputs = ByteString.CopyFrom(inputs),
    };

    /// <summary>Asks a hospital what the attempt is at.</summary>
    public Answer Ask(Hospital hospital)
    {
        var kind = Attempt.Stage switch
        {
            AggregationStage.Keys => StepKind.KeyAgreement,
            AggregationStage.Shares => StepKind.Sharing,
            AggregationStage.Inputs => StepKind.Training,
            AggregationStage.Survivors => StepKind.Agreement,
            _ => StepKind.Unmasking,
        };
        return hospital.Perform(Order(hospital, kind, kind == StepKind.KeyAgreement ? new MemberOffer(members, renewals ?? KeyRenewals.None).Encode() : Attempt.RequestFor(members.IndexOf(hospital.Name))!.Encode()));
    }

    /// <summary>Takes what hospitals answer to the step that the attempt is at; the step ends when all have.</summary>
    public void Collect(params IEnumerable<Hospital> hospitals)
    {
        foreach (var (hospital, answer) in hospitals.Select(hospital => (hospital, Ask(hospital))).ToList())
        {
            Assert.True(answer.Message is not null, answer.Sentence);
            if (answer.Vector.Length > 0)
                _vectors[hospital.Name] = answer.Vector;
            var decision = ServerMachine.Decide(Attempt, new TakeMessage(answer.Message));
            Assert.Null(decision.Refusal);
            Attempt = decision.Events.Aggregate(Attempt, (state, happened) => state.Apply(happened));
        }
    }

    /// <summary>The sum, which a complete attempt gives up.</summary>
    public long[] Sum()
    {
        using var masks = Unmasking.Masks(Attempt, out _)!;
        var (word, sum) = (Attempt.Terms.Declared.Word, new byte[Attempt.Terms.PayloadLength]);
        foreach (var vector in _vectors.Values)
            MaskedVector.Add(word, sum, vector);
        masks.Apply(sum);
        var values = new long[DimensionOf(study)];
        Assert.Null(MaskedVector.Decode(word, sum, UpdateFormats.For(study.Federation.Encoding).MaximumCode * members.Count, values));
        return values;
    }

    private static StepId StepOf(StepKind kind) => new(RunId.Parse("0123456789abcdef"), new RoundNumber(1), kind, 1);

    private static int DimensionOf(Study study) => ModelPlan.For(study).Layout.Dimension;
}
