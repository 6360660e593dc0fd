using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Durability.Simulation;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using Google.Protobuf;
using Microsoft.Extensions.Time.Testing;
using Kind = FederatedClinicalMl.Protos.WorkerPort.StepOrder.Types.Kind;

namespace FederatedClinicalMl.Tests.Adversary.LedgerHeads;

/// <summary>
/// A worker that was restored from a backup, and a coordinator that hands back no receipt: it was restored too, or lies. What is left are the other members of the round; some of them lie as well.
/// </summary>
public sealed class LedgerHeadAdversaryTests : IDisposable
{
    private const string FirstRun = "0000000000000001";
    private const string SecondRun = "0000000000000002";

    private readonly PrivateHospital _north = new("north");
    private readonly PrivateHospital _south = new("south");
    private readonly PrivateHospital _west = new("west");
    private readonly MemberList _members;
    private readonly Study _study;

    public LedgerHeadAdversaryTests()
    {
        _members = MemberList.Of(All.Select(hospital => new Member(hospital.Name, hospital.Key.PublicKey.Fingerprint)));
        _study = StudyOf(_members);
        foreach (var hospital in All)
            hospital.Approve(_study);
    }

    private PrivateHospital[] All => [_north, _south, _west];

    public void Dispose()
    {
        foreach (var hospital in All)
            hospital.Dispose();
    }

    /// <summary>North is restored, and so is west, which would have told it; south alone remembers.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Restored_worker_under_a_coordinator_that_was_restored_too_is_stopped_by_one_honest_peer(bool isSouthHonest)
    {
        var (north, west) = (_north.Backup(), _west.Backup());
        foreach (var round in (int[])[1, 2])
            Train(FirstRun, round);
        Assert.Equal(2, _north.Charges);
        _north.Restore(north);
        _west.Restore(west);

        var roster = isSouthHonest ? Roster(SecondRun, 1, All) : Roster(SecondRun, 1, _north, _west).With(Forge(SecondRun, _south, []));
        var answer = _north.Perform(Order(_north, SecondRun, 1, Kind.Sharing, roster.Encode()));

        Assert.Equal(isSouthHonest ? Reason.PrivacyLedgerUnresolved : Reason.Unspecified, answer.Reason);
        Assert.Equal(isSouthHonest, !_north.Core.State.Ledger.Behind.IsEmpty);
        Assert.Equal(0, _north.Charges);
    }

    [Fact]
    public void Worker_that_a_peer_has_stopped_stays_stopped_and_goes_on_in_the_same_round_once_its_steward_has_resolved_it()
    {
        var backup = _north.Backup();
        foreach (var round in (int[])[1, 2])
            Train(FirstRun, round);
        _north.Restore(backup);
        var roster = Roster(SecondRun, 1, All).Encode();
        Assert.Contains("site-worker ledger resolve", _north.Perform(Order(_north, SecondRun, 1, Kind.Sharing, roster)).Sentence, StringComparison.Ordinal);

        _north.Restart();
        Assert.Equal(Reason.PrivacyLedgerUnresolved, _north.Perform(Order(_north, SecondRun, 1, Kind.Sharing, roster)).Reason);
        _north.Desk.Resolve("1", "grace", "two rounds");

        Assert.NotNull(_north.Perform(Order(_north, SecondRun, 1, Kind.Sharing, roster)).Message);
        Assert.Empty(_north.Core.State.Ledger.Behind);
    }

    [Fact]
    public void Newest_head_of_each_peer_is_remembered_over_restarts_and_an_older_one_changes_nothing()
    {
        var old = _south.Backup();
        foreach (var round in (int[])[1, 2])
            Train(FirstRun, round);
        var seen = _north.Core.State.PeerHeads[_south.Key.PublicKey.Fingerprint].Head;
        Assert.Equal((string)System.Text.Json.Nodes.JsonNode.Parse(_south.Core.Log(seen.Sequence)[0])!["hash"]!, seen.Digest.ToString());
        Assert.Contains($"\"kind\":\"{LedgerEntries.Charged}\"", _south.Core.Log(seen.Sequence)[0], StringComparison.Ordinal);

        _north.Restart();
        _south.Restore(old);
        var answer = _north.Perform(Order(_north, SecondRun, 1, Kind.Sharing, Roster(SecondRun, 1, All).Encode()));

        Assert.NotNull(answer.Message);
        Assert.Equal(seen, _north.Core.State.PeerHeads[_south.Key.PublicKey.Fingerprint].Head);
    }

    /// <summary>West's worker is the adversary's, with west's own key; what it attaches says what it likes.</summary>
    [Theory]
    [InlineData("a head of north that north never signed", "'west' shows a ledger head of this site that this worker has not signed.")]
    [InlineData("a head of its own that it never signed", "'west' gives for its own a ledger head that its worker has not signed.")]
    [InlineData("a head of nobody", "What 'west' says of ledger heads cannot be read, or names no member.")]
    [InlineData("a head twice", "What 'west' says of ledger heads cannot be read, or names no member.")]
    [InlineData("more heads than any member may", "What 'west' says of ledger heads cannot be read, or names no member.")]
    [InlineData("no heads at all", "What 'west' says of ledger heads cannot be read, or names no member.")]
    [InlineData("a head with the number 0", "What 'west' says of ledger heads cannot be read, or names no member.")]
    [InlineData("a head of south", null)]
    public void Peer_that_lies_about_heads_stops_nobody_and_is_ignored_with_the_reason(string lie, string? reason)
    {
        Train(FirstRun, 1);
        var (future, head) = (new LedgerHead(1000, Sha256Digest.Of("made up"u8)), _north.Core.Ledger.Head());
        var west = SignedHead.Sign(_west.Name, future, _west.Key);
        byte[] said = lie switch
        {
            "a head of north that north never signed" => One(0, SignedHead.Sign(_north.Name, future, _west.Key)),
            "a head of its own that it never signed" => One(2, SignedHead.Sign(_west.Name, future, _south.Key)),
            "a head of nobody" => One(3, west),
            "a head twice" => [.. One(0, head), .. One(0, head)],
            "more heads than any member may" => [.. Enumerable.Repeat(One(2, west), 18).SelectMany(bytes => bytes)],
            "a head with the number 0" => One(2, SignedHead.Sign(_west.Name, default, _west.Key)),
            "a head of south" => One(1, SignedHead.Sign(_south.Name, future, _south.Key)), // south speaks for itself
            _ => [1, 2, 3],
        };
        var before = _north.Core.State;

        var answer = _north.Perform(Order(_north, FirstRun, 2, Kind.Sharing, Roster(FirstRun, 2, _north, _south).With(Forge(FirstRun, _west, said, round: 2)).Encode()));

        Assert.NotNull(answer.Message);
        Assert.Equal(reason is null ? [] : [reason], _north.Ignored);
        Assert.Empty(_north.Core.State.Ledger.Behind);
        Assert.NotEqual(future, _north.Core.State.Ledger.Countersigned);
        var (southKey, westKey) = (_south.Key.PublicKey.Fingerprint, _west.Key.PublicKey.Fingerprint);
        Assert.Equal(before.PeerHeads[westKey].Head, _north.Core.State.PeerHeads[westKey].Head);
        Assert.NotEqual(future, _north.Core.State.PeerHeads[southKey].Head);
    }

    /// <summary>The coordinator cannot change or leave out what a member attached: it is under the worker's signature.</summary>
    [Fact]
    public void Coordinator_that_strips_what_members_say_is_refused()
    {
        var roster = Roster(FirstRun, 1, All);
        var stripped = roster with { Keys = [.. roster.Keys.Select(keys => keys.Sender == 1 ? keys with { Attachment = default } : keys)] };

        var answer = _north.Perform(Order(_north, FirstRun, 1, Kind.Sharing, stripped.Encode()));

        Assert.Equal((Reason.AggregationRefused, "A message in the name of 'south' is not signed by its worker."), (answer.Reason, answer.Sentence));
    }

    [Fact]
    public void Coordinator_that_puts_another_in_the_hospitals_own_place_is_refused()
    {
        using var ghost = SigningKey.Create();
        var list = MemberList.Of([.. _members.Members[1..], new Member(SiteId.Parse("ghost"), ghost.PublicKey.Fingerprint)]);

        var answer = _north.Perform(Order(_north, FirstRun, 1, Kind.KeyAgreement, list.Encode()));

        Assert.Equal(Reason.AggregationRefused, answer.Reason);
        Assert.Contains("has 'ghost', which the approved study does not name", answer.Sentence, StringComparison.Ordinal);
    }

    // A whole round, honest but for what the coordinator does not hand back.
    private void Train(string run, int round)
    {
        var attempt = new ServerState(TermsOf(run, round));
        foreach (var kind in (Kind[])[Kind.KeyAgreement, Kind.Sharing, Kind.Training])
        {
            foreach (var (hospital, inputs) in All.Select(hospital => (hospital, kind == Kind.KeyAgreement ? _members.Encode() : attempt.RequestFor(_members.IndexOf(hospital.Name))!.Encode())).ToList())
            {
                var answer = hospital.Perform(Order(hospital, run, round, kind, inputs));
                Assert.True(answer.Message is not null, answer.Sentence);
                attempt = ServerMachine.Decide(attempt, new TakeMessage(answer.Message)).Events.Aggregate(attempt, (state, happened) => state.Apply(happened));
            }
        }
    }

    private KeyRoster Roster(string run, int round, params PrivateHospital[] hospitals) => new([.. hospitals.Select(hospital =>
    {
        var answer = hospital.Perform(Order(hospital, run, round, Kind.KeyAgreement, _members.Encode()));
        Assert.True(answer.Message is not null, answer.Sentence);
        return (KeyAdvertisement)answer.Message;
    })]);

    // Keys that are signed with the hospital's own key, and what somebody who has it attaches to them.
    private KeyAdvertisement Forge(string run, PrivateHospital hospital, byte[] said, int round = 1)
    {
        using var machine = new SiteMachine(hospital.Key, new byte[32], hospital.Name);
        return (KeyAdvertisement)machine.Decide(null, new JoinAttempt(TermsOf(run, round), default, null, said)).Reply!;
    }

    private static byte[] One(int member, SignedHead head)
    {
        var sequence = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(sequence, head.Head.Sequence);
        return [(byte)member, .. sequence, .. head.Head.Digest.Span, .. head.Signature.Span];
    }

    private AggregationTerms TermsOf(string run, int round) => StudyTerms.Of(
        _study, _members, new StepId(RunId.Parse(run), new RoundNumber(round), StepKind.KeyAgreement, 1), ParametersOf(round), ModelPlan.For(_study).Layout.Dimension);

    private StepOrder Order(PrivateHospital hospital, string run, int round, Kind kind, ReadOnlySpan<byte> inputs) => new()
    {
        Run = run, Round = (uint)round, Kind = kind, Attempt = 1, Site = hospital.Name.Value, Constants = ByteString.CopyFromUtf8("{}"),
        StudyDigest = ByteString.CopyFrom(_study.Digest.Value.Span), ParametersDigest = ByteString.CopyFrom(ParametersOf(round).Span), Inputs = ByteString.CopyFrom(inputs),
    };

    private static Sha256Digest ParametersOf(int round) => Sha256Digest.Of([(byte)round]);

    private static Study StudyOf(MemberList members)
    {
        var study = StudyChecker.CheckYaml("""
            protocol: 1
            name: private
            title: Noise under masks
            purpose: Show that hospitals witness each other's ledgers
            ethics: Made-up data
            data: {dataset: rows, patient: id, features: [{name: age, range: [0, 120], missing: mean, constants: {mean: 60, sd: 10}}], label: {name: ill}}
            model: {kind: logistic-regression}
            training: {learning-rate: 0.1, local-steps: 2}
            federation: {rounds: 2, quorum: 3, weighting: equal}
            evaluation: {every: 0}
            privacy: {dp: {noise-multiplier: 4, clipping-norm: 1, sampling-rate: 0.25, patients: 20}}
            """);
        Assert.True(study.Study is not null, string.Join('\n', study.Faults));
        return StudyKeys.Name(study.Study, members.Members.ToDictionary(member => member.Site, member => member.Fingerprint)).Study!;
    }
}

/// <summary>A roster that a test puts together.</summary>
internal static class RosterParts
{
    public static KeyRoster With(this KeyRoster roster, KeyAdvertisement keys) => new([.. roster.Keys.Append(keys).OrderBy(each => each.Sender)]);
}

/// <summary>A hospital under differential privacy, whose folder can be backed up and restored: the production worker, which charges, and then computes its own constant.</summary>
internal sealed class PrivateHospital : IDisposable
{
    private readonly SimulatedDisk _disk = new(1);
    private readonly SimulatedDisk _exchange = new(2);
    private readonly OutboxKey _outbox = new(new byte[SealedDisk.KeyLength]);
    private readonly WorkerIdentity _identity;
    private readonly string _policy;

    public PrivateHospital(string name)
    {
        const string Ceiling = "{epsilon: 6, delta: 1e-6}";
        _identity = new WorkerIdentity(SiteId.Parse(name), SigningKey.Create(), new SiteSecret(new byte[SiteSecret.Length]), "1.0.0");
        _policy = string.Join('\n', PolicyReader.Default.Split('\n').Select(line => line.StartsWith("privacy:", StringComparison.Ordinal) ? $"privacy: {{total: {Ceiling}, study: {Ceiling}, year: {Ceiling}}}"
            : line.StartsWith("members:", StringComparison.Ordinal) ? "members: named" : line));
        Core = Open();
    }

    public SiteId Name => _identity.Site;

    public SigningKey Key => _identity.Key;

    public WorkerCore Core { get; private set; }

    public LedgerDesk Desk => new(Core.Journal, () => PolicyReader.Read(_policy), Datasets);

    /// <summary>How many releases its log has charged.</summary>
    public int Charges => Core.State.Ledger.Charged.Count;

    /// <summary>What it logs of what it ignored.</summary>
    public List<string> Ignored { get; } = [];

    public void Approve(Study study)
    {
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var key = SigningKey.FromPem(ecdsa.ExportPkcs8PrivateKeyPem());
        using var certificate = new CertificateRequest("CN=researcher", ecdsa, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
        Core.Offer(new OfferStudyRequest
        {
            Canonical = ByteString.CopyFrom(study.Canonical.Span),
            Signature = ByteString.CopyFrom(key.Sign(SignatureContext.Study, study.Canonical.Span)),
            Certificate = ByteString.CopyFrom(certificate.RawData),
        });
        Core.Approve(study.Digest, "grace", "");
    }

    public Answer Perform(StepOrder order)
    {
        var sentence = "";
        var result = Core.Perform(order, decline => sentence = decline.Message, Ignored.Add);
        if (result.BodyCase == StepResult.BodyOneofCase.Declined)
            return new Answer(null, [], result.Declined, sentence, []);
        var file = DurableFile.Read(_outbox.Seal(_exchange), $"{ExchangePaths.Outgoing}/{result.Ticket.File}");
        var payload = file.AsSpan(ReleaseHead.LengthOf(file));
        var words = order.Kind == Kind.Training ? payload.Length - MaskedInput.Length : 0;
        return new Answer(AggregationMessage.Read(payload[words..]), payload[..words].ToArray(), Reason.Unspecified, "", file);
    }

    /// <summary>What a backup has of its folder: the log, which is all that is lost with it.</summary>
    public byte[] Backup() => DurableFile.Read(_disk, WorkerCore.LogPath);

    public void Restore(byte[] log)
    {
        Core.Dispose();
        DurableFile.Write(_disk, WorkerCore.LogPath, log);
        Core = Open();
    }

    public void Restart() => Restore(Backup());

    public void Dispose()
    {
        Core.Dispose();
        Key.Dispose();
    }

    private WorkerCore Open() => WorkerCore.Open(
        _disk, _exchange, _outbox, _identity, new RootStore(_disk, keepDays: 30), new ContentStore(_disk, keepDays: 30), () => PolicyReader.Read(_policy), Datasets, new ChargedConstant(),
        new FakeTimeProvider(new DateTimeOffset(2026, 11, 26, 8, 0, 0, TimeSpan.Zero)));

    private static DatasetMap Datasets() => DatasetMap.Read("datasets: {rows: {path: rows.csv, format: csv}}", "/srv");

    private sealed class ChargedConstant : IStepComputer
    {
        public StepComputation Compute(StepRequest request, CancellationToken cancel)
        {
            var rows = Sha256Digest.Of("the rows"u8);
            if (request.Step.Kind.IsMessage())
                return new StepComputation(default, ReleaseManifest.MessageEncoding, 0, 0, 0, rows, "constant", 0);
            request.Randomness!(rows).Dispose();
            var dimension = ModelPlan.For(request.Study).Layout.Dimension;
            return new StepComputation(new byte[dimension * sizeof(int)], "fixed32", dimension, 1, 0, rows, "constant", 0);
        }
    }
}
