using System.Text.Json.Nodes;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using Google.Protobuf;

namespace FederatedClinicalMl.Tests.Adversary.Coordinators;

/// <summary>What a coordinator may try on the noise of a study under differential privacy, and on the ledger that counts it.</summary>
public sealed class PrivateRoundTests : IDisposable
{
    private const string Dp = "privacy: {dp: {noise-multiplier: 4, clipping-norm: 1, sampling-rate: 0.25, patients: 20}}";

    private readonly Hospital _north = new("north", 20);
    private readonly SigningKey _coordinator = SigningKey.Create();
    private readonly Study _study = StudyOf("private", Dp);

    public PrivateRoundTests()
    {
        _north.Policy = Policy(6);
        _north.Approve(_study);
    }

    private int Charged => _north.Core.Log(1).Count(line => line.Contains($"\"kind\":\"{LedgerEntries.Charged}\"", StringComparison.Ordinal));

    public void Dispose()
    {
        _north.Dispose();
        _coordinator.Dispose();
    }

    [Fact]
    public void Coordinator_that_sends_a_round_again_gets_the_same_noise_which_was_charged_once()
    {
        var first = _north.Perform(Order(_study));
        Assert.NotEmpty(first.Release);

        Assert.Equal(first.Release, _north.Perform(Order(_study)).Release);
        _north.LoseReleases(); // computed anew, then, and not drawn anew
        Assert.Equal(first.Release, _north.Perform(Order(_study)).Release);
        Assert.Equal(1, Charged);
    }

    [Fact]
    public void Coordinator_that_asks_for_a_round_again_from_other_parameters_is_refused_and_another_attempt_is_another_charge_with_other_noise()
    {
        var first = _north.Perform(Order(_study));
        var (crafted, again) = (Order(_study), Order(_study));
        crafted.ParametersDigest = ByteString.CopyFrom(Sha256Digest.Of("crafted"u8).Span);
        again.Attempt = 2;

        Refused(crafted, Reason.ParametersWrong, "a step is answered for one set of inputs only");
        Assert.Equal(1, Charged);
        var second = _north.Perform(again);
        Assert.Equal(2, Charged);
        Assert.NotEqual(PayloadOf(first.Release), PayloadOf(second.Release));
    }

    /// <summary>No order can say how much noise: that stands in the study, and another study is another digest.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("privacy: {dp: {noise-multiplier: 3.5, clipping-norm: 1, sampling-rate: 0.25, patients: 20}}")]
    public void Coordinator_that_sends_the_round_with_the_noise_off_or_lowered_is_refused_for_nobody_approved_that_study(string privacy)
    {
        Assert.NotEmpty(_north.Perform(Order(_study)).Release);
        var quieter = StudyOf("private", privacy);

        Refused(Order(quieter), Reason.StudyNotApproved, $"The study {quieter.Digest} is not approved at this site");
        _north.Offer(quieter);
        Refused(Order(quieter), Reason.StudyNotApproved, $"The study {quieter.Digest} is not approved at this site");
        _north.Approve(quieter); // the steward takes it for the same
        Refused(Order(quieter), Reason.StudyDigestWrong, $"belongs to the study {_study.Digest}");
        Assert.Equal(1, Charged);
    }

    [Fact]
    public void Coordinator_that_asks_for_the_same_data_under_another_name_spends_the_same_budget()
    {
        Assert.NotEmpty(_north.Perform(Order(_study)).Release);
        var renamed = StudyOf("renamed", Dp);
        _north.Approve(renamed);
        _north.Policy = Policy(Total() + 0.01);
        var order = Order(renamed);
        order.Run = "fedcba9876543210";

        Refused(order, Reason.PrivacyBudgetSpent, "'none'");
        Assert.Equal(1, Charged);
    }

    /// <summary>An older head takes nothing back, one that it made up is not heard. A newer one than the log has: the restored worker, tests/EndToEnd.</summary>
    [Fact]
    public void Coordinator_that_shows_an_older_or_a_made_up_head_of_the_ledger_changes_nothing()
    {
        var older = HeadOf(_north.Perform(Order(_study)).Release);
        var second = Order(_study, round: 2);
        second.Ledger = Receipt(older);
        var newer = HeadOf(_north.Perform(second).Release);
        var (spent, entries) = (Total(), _north.Core.Log(1).Count);

        foreach (var head in (SignedHead[])[older, SignedHead.Sign(_north.Name, older.Head, _coordinator), SignedHead.Sign(_north.Name, new LedgerHead(99, Sha256Digest.Of("made up"u8)), _coordinator)])
        {
            var again = Order(_study, round: 2);
            again.Ledger = Receipt(head);
            Assert.Equal(newer.Head, HeadOf(_north.Perform(again).Release).Head);
            Assert.Equal((spent, entries), (Total(), _north.Core.Log(1).Count));
        }

        Assert.True(newer.Head.Sequence > older.Head.Sequence);
    }

    private static Study StudyOf(string name, string privacy)
    {
        var check = StudyChecker.CheckYaml($$"""
            protocol: 1
            name: {{name}}
            title: Noise for each patient
            purpose: Show what a coordinator gets
            ethics: Made-up data
            data: {dataset: none, patient: id, features: [{name: age, range: [0, 120], missing: mean, constants: {mean: 60, sd: 10} } ], label: {name: ill} }
            model: {kind: logistic-regression}
            training: {learning-rate: 0.1, local-steps: 2}
            federation: {rounds: 3, sites: [north, south], quorum: 2, aggregation: plain, weighting: equal, attempts: 2, encoding: {fixed: {} } }
            evaluation: {every: 0}
            {{privacy}}
            """);
        return check.Study ?? throw new InvalidOperationException(string.Join('\n', check.Faults));
    }

    private static string Policy(double epsilon)
    {
        var ceiling = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{{epsilon: {epsilon:R}, delta: 1e-6}}");
        return PolicyReader.Default.Replace("privacy: none", $"privacy: {{total: {ceiling}, study: {{epsilon: 6, delta: 1e-6}}, year: {{epsilon: 6, delta: 1e-6}}}}", StringComparison.Ordinal);
    }

    private static StepOrder Order(Study study, uint round = 1) => new()
    {
        Run = "0123456789abcdef", Round = round, Kind = StepOrder.Types.Kind.Training, Attempt = 1, Site = "north",
        StudyDigest = ByteString.CopyFrom(study.Digest.Value.Span), ParametersDigest = ByteString.CopyFrom(Sha256Digest.Of("parameters"u8).Span),
        Constants = ByteString.CopyFrom(PreprocessingConstants.Freeze(study, null).Canonical.Span),
    };

    private static byte[] PayloadOf(byte[] release) => release[ReleaseHead.LengthOf(release)..];

    private static SignedHead HeadOf(byte[] release) => ReleaseHead.Read(release.AsSpan(0, ReleaseHead.LengthOf(release))).Manifest.Ledger!;

    private ByteString Receipt(SignedHead head) => ByteString.CopyFrom(LedgerReceipt.For(head, _coordinator).Write());

    private double Total() => new LedgerDesk(_north.Core.Journal, () => PolicyReader.Read(_north.Policy), () => DatasetMap.Read("datasets: {none: {path: rows.csv, format: csv}}", "/srv"))
        .Show().Populations.Single().Accounts.Single(account => account.Scope == "total").Spent;

    private void Refused(StepOrder order, Reason reason, string says)
    {
        var answer = _north.Perform(order);
        Assert.Contains(says, answer.Sentence, StringComparison.Ordinal);
        Assert.Equal((reason, 0), (answer.Reason, answer.Release.Length));
    }
}
