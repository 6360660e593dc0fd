using FederatedClinicalMl.Durability.Simulation;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Learning;
using FederatedClinicalMl.Tests.Worker.Computing;
using FederatedClinicalMl.Tests.Worker.Policies;
using Google.Protobuf;
using Kind = FederatedClinicalMl.Protos.WorkerPort.StepOrder.Types.Kind;

namespace FederatedClinicalMl.Tests.Worker.Core;

/// <summary>What a site tells of two models on its own test rows, and when it refuses.</summary>
public sealed class ComparisonTests : IDisposable
{
    // The same rows, otherwise encoded.
    private static readonly Study s_production = Other("{name: age, range: [0, 110], missing: mean, constants: {mean: 50, sd: 20}}");

    private readonly Patients _patients = new(negatives: 9, positives: 8);
    private readonly Site _site;

    public ComparisonTests()
    {
        _site = new Site(computer: _patients.Computer()) { Policy = PolicyText.With("per-site-metrics", "compare").Replace("minimum-training-rows: 20", "minimum-training-rows: 10", StringComparison.Ordinal) };
        _site.Approve(Patients.Study);
        _site.Approve(s_production);
    }

    public void Dispose()
    {
        _site.Dispose();
        _patients.Dispose();
    }

    [Fact]
    public void Site_tells_the_areas_of_both_models_on_the_same_rows_and_names_both()
    {
        var order = Order(s_production, [0.5f, 0], [-0.5f, 0]); // the second ranks the other way round

        var release = Read(_site.Release(order));

        var report = ComparisonReport.Read(release.Payload);
        Assert.Equal((9, 8), (report.Report.Areas!.Negatives, report.Report.Areas.Positives));
        Assert.Equal([1.0, 0.0], report.Report.Areas.Areas); // of the positives every one is older
        Assert.Equal(s_production.Digest, report.Against.Study);
        Assert.Equal(new Sha256Digest(order.FileDigest.Span), report.Against.Parameters);
        Assert.Equal(Sha256Digest.Of(ComparisonOrder.Read(order.Inputs.Span).Constants.Span), report.Against.Constants);
        Assert.Equal(new Sha256Digest(order.ParametersDigest.Span), release.Head.Manifest.Parameters);
        Assert.Equal(5, release.Head.Manifest.MinimumCell);
        Assert.NotNull(release.Head.Manifest.Data);
    }

    [Fact]
    public void Comparison_costs_a_round_of_the_study_and_beyond_the_policys_is_declined()
    {
        _site.Policy = _site.Policy.Replace("maximum-rounds: 200", "maximum-rounds: 2", StringComparison.Ordinal);
        _site.Release(Order(s_production));
        _site.Release(Order(s_production, run: Site.AnotherRun));
        Assert.Equal(2, _site.Core.State.RoundsOf(Patients.Study.Digest));

        Assert.Equal(Reason.ReleaseBeyondPolicy, _site.Decline(Order(s_production, run: "00000000000000aa")));
    }

    [Fact]
    public void Same_order_gets_the_same_release_and_after_a_restart_too()
    {
        var order = Order(s_production);
        var first = _site.Release(order).ReleaseDigest;
        _site.Restart();

        Assert.Equal(first, _site.Release(order).ReleaseDigest);
    }

    [Theory]
    [InlineData("withhold")]
    [InlineData("release")] // which lets out metrics that are made of merged bins, and no exact areas
    public void Policy_that_withholds_gives_a_word_and_reads_no_rows(string word)
    {
        _site.Policy = _site.Policy.Replace("per-site-metrics: compare", $"per-site-metrics: {word}", StringComparison.Ordinal);
        _patients.Map = DatasetMap.OfTables([]); // whoever looked would decline

        var release = Read(_site.Release(Order(s_production)));

        Assert.Equal(Withholding.Policy, ComparisonReport.Read(release.Payload).Report.Withheld);
        Assert.Equal((0, null), (release.Head.Manifest.MinimumCell, release.Head.Manifest.Data));
    }

    [Theory]
    [InlineData(4, 9)]
    [InlineData(9, 4)]
    public void Site_with_fewer_of_a_class_than_the_minimum_tells_nothing_but_that(int negatives, int positives)
    {
        _patients.Rows.RemoveAll(row => row.EndsWith(",test", StringComparison.Ordinal));
        _patients.Rows.AddRange(Enumerable.Range(0, negatives + positives).Select(i => $"late-{i},{40 + i},{(i < negatives ? 0 : 1)},test"));
        _patients.Write();

        Assert.Equal(Withholding.TooFew, ComparisonReport.Read(Read(_site.Release(Order(s_production))).Payload).Report.Withheld);
    }

    [Fact]
    public void Other_study_that_no_steward_approved_is_declined_and_so_it_is_once_revoked()
    {
        var never = Other("{name: age, range: [0, 99], missing: mean, constants: {mean: 50, sd: 20}}");
        Assert.Equal(Reason.StudyNotApproved, _site.Decline(Order(never)));
        _site.Core.Offer(Site.OfferOf(never));
        Assert.Equal(Reason.StudyNotApproved, _site.Decline(Order(never)));

        _site.Core.Revoke(s_production.Digest, "grace", "");

        Assert.Equal(Reason.ApprovalRevoked, _site.Decline(Order(s_production)));
    }

    [Theory]
    [InlineData("{column: part, train: test, test: train}", "id", "mean")] // other test rows
    [InlineData("{test: 0.3, seed: 1}", "id", "mean")]
    [InlineData("{column: part}", null, "mean")] // other patients
    [InlineData("{column: part}", "id", "exclude-row")] // leaves rows out that the candidate's has
    public void Other_study_of_other_rows_is_refused_whatever_a_steward_approved(string split, string? patient, string missing)
    {
        var other = Other($"{{name: age, range: [0, 110], missing: {missing}, constants: {{mean: 50, sd: 20}}}}", split, patient);
        _site.Approve(other);

        Assert.Equal(Reason.DataUnfit, _site.Decline(Order(other)));
    }

    [Fact]
    public void Study_under_differential_privacy_is_refused_on_either_side()
    {
        var candidate = PrivateStudies.Study;
        _site.Private(candidate);

        Assert.Equal(Reason.ReleaseBeyondPolicy, _site.Decline(Order(s_production, study: candidate)));
        Assert.Equal(Reason.ReleaseBeyondPolicy, _site.Decline(Order(candidate)));
        Assert.Equal(0, _site.Core.State.RoundsOf(candidate.Digest));
    }

    [Fact]
    public void Comparison_is_asked_once_and_in_a_run_of_its_own()
    {
        Assert.Equal(Reason.RoundOutOfOrder, _site.Decline(new StepOrder(Order(s_production)) { Attempt = 2 }));
        Assert.Equal(Reason.RoundOutOfOrder, _site.Decline(new StepOrder(Order(s_production)) { Round = 2 }));
        _site.Release(Order(s_production));
        Assert.Equal(Reason.RoundOutOfOrder, _site.Decline(Patients.Order(_site, Kind.Training)));
        _site.Release(Patients.Order(_site, Kind.Training, run: Site.AnotherRun));
        Assert.Equal(Reason.RoundOutOfOrder, _site.Decline(Order(s_production, run: Site.AnotherRun)));
    }

    [Fact]
    public void Replay_of_a_comparison_says_that_it_made_no_model()
    {
        _site.Release(Order(s_production));
        using var desk = new ReplayDesk(_site.Core, new WorkerIdentity(Site.Name, _site.Key, Site.Secret, "1.0.0"), _patients.Computer(), new SimulatedDisk(9));

        Assert.Contains("compared two models and made none", Assert.Throws<StewardException>(() => desk.Begin(Site.Run)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Order_without_the_other_models_parameters_or_what_they_are_is_declined()
    {
        Assert.Equal(Reason.ParametersWrong, _site.Decline(new StepOrder(Order(s_production)) { FileDigest = ByteString.Empty }));
        Assert.Equal(Reason.ParametersWrong, _site.Decline(new StepOrder(Order(s_production)) { Inputs = ByteString.CopyFromUtf8("{}") }));
        Assert.Equal(Reason.ParametersWrong, _site.Decline(new StepOrder(Order(s_production)) { FileDigest = ByteString.CopyFrom(Sha256Digest.Of("nothing"u8).Span) }));
    }

    [Fact]
    public void Parameters_that_score_some_rows_infinitely_are_declined()
    {
        Assert.Equal(Reason.ParametersWrong, _site.Decline(Order(s_production, [float.PositiveInfinity, 0], [1, 0])));
        Assert.Equal(Reason.ParametersWrong, _site.Decline(Order(s_production, [1, 0], [float.NaN, 0], run: Site.AnotherRun)));
    }

    private static Study Other(string feature, string split = "{column: part}", string? patient = "id") => StudyText.Of(feature, split: split, patient: patient, name: "other");

    private StepOrder Order(Study production, float[]? ours = null, float[]? theirs = null, string run = Site.Run, Study? study = null)
    {
        var candidate = study ?? Patients.Study;
        return new StepOrder(Site.Order(Kind.Comparison, study: candidate, run: run))
        {
            ParametersDigest = _site.PutParameters(ours ?? [0.5f, -0.25f]),
            Constants = ByteString.CopyFrom(PreprocessingConstants.Freeze(candidate, null).Canonical.Span),
            FileDigest = _site.PutParameters(theirs ?? [0.25f, 1]),
            Inputs = ByteString.CopyFrom(new ComparisonOrder(production.Digest, PreprocessingConstants.Freeze(production, null).Canonical).Write()),
        };
    }

    private (ReleaseHead Head, byte[] Payload) Read(ReleaseTicket ticket)
    {
        var file = _site.FileOf(ticket);
        var head = ReleaseHead.Read(file.AsSpan(0, ReleaseHead.LengthOf(file.AsSpan(0, ReleaseHead.PrefixLength))));
        return (head, file[^(int)head.Manifest.PayloadLength..]);
    }
}
