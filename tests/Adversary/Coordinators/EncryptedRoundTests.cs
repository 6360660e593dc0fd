using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.Studies;
using Google.Protobuf;

namespace FederatedClinicalMl.Tests.Adversary.Coordinators;

/// <summary>What a coordinator may have hospitals open in an encrypted round. A crafted sum looks like any other: a hospital opens one, and what comes out are masked words.</summary>
public sealed class EncryptedRoundTests
{
    private const int Many = 20_000;
    private const string Consortial = "encrypted-consortium";

    public static TheoryData<string> Modes { get; } = [Consortial, "encrypted-threshold"];

    /// <summary>A member as a decryption oracle for a single hospital's update.</summary>
    [Fact]
    public void Coordinator_that_sends_one_hospitals_ciphertext_as_the_sum_gets_uniform_words()
    {
        using var attack = new Attack(Consortial, Many);
        var opened = attack.Opens(attack.Maker, EncryptedSums.Fold(attack.Plan, attack.CiphertextOf(attack.Consortium.North)));
        var honest = attack.Opens(attack.Consortium.North, EncryptedSums.Fold(attack.Plan, attack.Consortium.All.Select(attack.CiphertextOf)));

        EncryptedSums.AssertUniform(opened, attack.Plan.PlaintextBits);
        Assert.Empty(honest); // the maker alone sends words
    }

    [Fact]
    public void Coordinator_that_sends_the_sum_of_all_but_one_gets_uniform_words()
    {
        using var attack = new Attack(Consortial, Many);

        var opened = attack.Opens(attack.Maker, EncryptedSums.Fold(attack.Plan, attack.Consortium.Except(attack.Consortium.North).Select(attack.CiphertextOf)));

        EncryptedSums.AssertUniform(opened, attack.Plan.PlaintextBits);
    }

    /// <summary>(0, floor(q/t)) tells the attempt's whole key. With that every ciphertext can be read, and holds masked words: the sum of all alone is what it would have been told anyway.</summary>
    [Fact]
    public void Coordinator_that_has_the_key_told_by_a_crafted_sum_reads_masked_words()
    {
        using var attack = new Attack(Consortial, Many);
        var (n, t) = (attack.Plan.Parameters.Degree, attack.Plan.Parameters.PlaintextModulus);

        var told = attack.Opens(attack.Maker, EncryptedSums.KeyTeller(attack.Plan));
        var secret = told.Take(n).Select(word => word > t / 2 ? (int)((long)word - (long)t) : (int)word).ToList();

        Assert.All(secret, coefficient => Assert.InRange(coefficient, -1, 1));
        Assert.All(
            EncryptedSums.Decrypt(attack.Plan, EncryptedSums.Fold(attack.Plan, attack.Consortium.All.Select(attack.CiphertextOf)), secret), word => Assert.Equal((ulong)Tests.Adversary.Consortium.Sum, word));
        var single = EncryptedSums.Decrypt(attack.Plan, EncryptedSums.Fold(attack.Plan, attack.CiphertextOf(attack.Consortium.North)), secret);
        EncryptedSums.AssertUniform(single, attack.Plan.PlaintextBits);
        EncryptedSums.AssertTelling([.. single.Select(_ => 20UL)], attack.Plan.PlaintextBits); // the update itself would not be: the test can tell
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Coordinator_that_has_a_second_sum_opened_in_an_attempt_is_refused_whichever_was_first(string mode)
    {
        using var attack = new Attack(mode, parameters: 2);
        var (north, crafted) = (attack.Consortium.North, EncryptedSums.KeyTeller(attack.Plan));
        var first = north.Perform(attack.Order(north, crafted));
        Assert.NotEmpty(first.Release);

        foreach (var sum in (byte[][])[EncryptedSums.Fold(attack.Plan, attack.CiphertextOf(north)), EncryptedSums.Fold(attack.Plan, attack.Consortium.All.Select(attack.CiphertextOf))])
        {
            Assert.Equal(first.Release, north.Perform(attack.Order(north, sum)).Release); // what waits to be sent is all that there is
            north.LoseReleases(); // so that it has to be opened anew
            attack.Refused(north, attack.Order(north, sum), Reason.AggregationRefused, "Another sum was opened in this attempt");
            Assert.Equal(first.Release, north.Perform(attack.Order(north, crafted)).Release);
        }
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Coordinator_that_sends_malformed_or_foreign_ciphertexts_is_refused_and_nothing_is_opened(string mode)
    {
        using var attack = new Attack(mode, parameters: 2);
        using var foreign = new Attack(mode, parameters: 5);
        var (north, sum) = (attack.Consortium.North, EncryptedSums.Fold(attack.Plan, attack.Consortium.All.Select(attack.CiphertextOf)));
        var (otherParameters, beyond) = (sum.ToArray(), sum.ToArray());
        otherParameters[20] ^= 1; // in the parameters' id
        beyond.AsSpan(PackedVector.HeaderLength, 16).Fill(0xFF); // residues that are no residues

        foreach (var bytes in (byte[][])[sum[..^1], [.. sum, 0], otherParameters, beyond, [], EncryptedSums.Fold(foreign.Plan, foreign.Consortium.All.Select(foreign.CiphertextOf))])
        {
            var order = attack.Order(north, bytes);
            var reason = bytes.Length > sum.Length ? Reason.ParametersWrong : Reason.AggregationRefused;
            attack.Refused(north, order, reason, reason == Reason.ParametersWrong ? "this step is given at most" : "is not what this step is given");
        }

        var missing = attack.Order(north, sum);
        missing.FileDigest = ByteString.CopyFrom(Sha256Digest.Of("nothing"u8).Span);
        attack.Refused(north, missing, Reason.ParametersWrong, "is not in the incoming directory");
        Assert.NotEmpty(north.Perform(attack.Order(north, sum)).Release);
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Coordinator_that_gives_a_key_of_its_own_making_is_refused(string mode)
    {
        using var consortium = new Consortium(mode, quorum: 4);
        using var coordinator = new RealCoordinator(consortium.Study, consortium.All).Until(StepKind.Training, consortium.All);
        var north = consortium.North;
        using var own = SigningKey.Create();
        var honest = MessageList.Split<KeyContribution>(coordinator.Result(StepKind.KeyMaking))!.Value;
        var order = coordinator.OrderFor(north);

        foreach (var (file, says) in ((byte[], string)[])
            [
                (MessageList.Join(honest.SetItem(0, SignedMessage.Sign(honest[0], own))), "A message in the name of 'east' is not signed by its worker"),
                (MessageList.Join(honest.RemoveAt(3)), "3 contributions are fewer than the 4"),
                ([1, 2, 3], "cannot be read"),
            ])
        {
            order.FileDigest = ByteString.CopyFrom(north.Put(file).Span);
            var (answer, answered) = (north.Perform(order), north.Answered);
            Assert.Contains(says, answer.Sentence, StringComparison.Ordinal);
            Assert.Equal((Reason.AggregationRefused, 2), (answer.Reason, answered));
        }
    }

    /// <summary>So many members that no ring carries their sum: the list is refused, whatever could be worked out of it.</summary>
    [Theory]
    [MemberData(nameof(Modes))]
    public void Coordinator_that_invents_members_without_end_is_refused(string mode)
    {
        using var consortium = new Consortium(mode, quorum: 4, weighting: "rows");
        using var coordinator = new RealCoordinator(consortium.Study, consortium.All);
        var order = coordinator.OrderFor(consortium.North);
        var invented = Enumerable.Range(0, 252).Select(i => new Member(SiteId.Parse($"ghost{i}"), Sha256Digest.Of(BitConverter.GetBytes(i))));
        order.Inputs = ByteString.CopyFrom(MemberList.Of(LyingCoordinator.ListOf(consortium.All).Members.Concat(invented)).Encode());

        var answer = consortium.North.Perform(order);

        Assert.Contains("has 'ghost0', which the approved study does not name", answer.Sentence, StringComparison.Ordinal);
        Assert.Equal((Reason.AggregationRefused, 0), (answer.Reason, consortium.North.Answered));
    }

    /// <summary>A round up to its last step, from which the coordinator goes on as it likes.</summary>
    private sealed class Attack : IDisposable
    {
        private readonly RealCoordinator _coordinator;
        private readonly Dictionary<Hospital, byte[]> _ciphertexts = [];

        public Attack(string mode, int parameters)
        {
            Consortium = new Consortium(mode, parameters, quorum: 4);
            Plan = EncryptedSums.PlanOf(Consortium.Study);
            _coordinator = new RealCoordinator(Consortium.Study, Consortium.All).Until(StepKind.Training, Consortium.All);
            foreach (var hospital in Consortium.All)
            {
                var answer = _coordinator.Ask(hospital);
                _ciphertexts[hospital] = answer.Vector;
                Assert.Null(_coordinator.Take(hospital, answer.Release));
            }
        }

        public Consortium Consortium { get; }

        public EncryptionPlan Plan { get; }

        /// <summary>The member that made the key, and sends the words.</summary>
        public Hospital Maker => Consortium.All[EncryptedExchange.Maker];

        public byte[] CiphertextOf(Hospital hospital) => _ciphertexts[hospital];

        public StepOrder Order(Hospital hospital, byte[] sum)
        {
            var order = _coordinator.OrderFor(hospital);
            order.FileDigest = ByteString.CopyFrom(hospital.Put(sum).Span);
            return order;
        }

        /// <summary>The words that a hospital opens a sum to.</summary>
        public ulong[] Opens(Hospital hospital, byte[] sum)
        {
            var answer = hospital.Perform(Order(hospital, sum));
            Assert.True(answer.Message is DecryptedSum, answer.Sentence);
            return EncryptedSums.Cut(Plan, StudyTerms.Of(Consortium.Study, LyingCoordinator.ListOf(Consortium.All), _coordinator.Step, default, Plan.Dimension).Declared.Word, answer.Vector);
        }

        public void Refused(Hospital hospital, StepOrder order, Reason reason, string says)
        {
            var answered = hospital.Answered;
            var answer = hospital.Perform(order);
            Assert.Contains(says, answer.Sentence, StringComparison.Ordinal);
            Assert.Equal((reason, answered, 0), (answer.Reason, hospital.Answered, answer.Release.Length));
        }

        public void Dispose()
        {
            _coordinator.Dispose();
            Consortium.Dispose();
        }
    }
}
