using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Worker.Computing;
using FederatedClinicalMl.Tests.Worker.Policies;
using static FederatedClinicalMl.Tests.Worker.Computing.PrivateStudies;
using Kind = FederatedClinicalMl.Protos.WorkerPort.StepOrder.Types.Kind;

namespace FederatedClinicalMl.Tests.Worker.Ledger;

/// <summary>Runs under differential privacy, from the order to the release, with what computes them in production.</summary>
public sealed class PrivateRunTests : IDisposable
{
    private readonly Patients _patients = new(training: 20, negatives: 6, positives: 6);
    private readonly Computer _computer;
    private readonly Site _site;

    public PrivateRunTests()
    {
        _computer = new Computer(_patients.Computer());
        _site = new Site(computer: _computer).Private();
    }

    public void Dispose()
    {
        _site.Dispose();
        _patients.Dispose();
    }

    [Fact]
    public void Run_reserves_its_plan_at_its_first_order_charges_each_release_before_it_is_logged_and_ends_with_nothing_left()
    {
        foreach (var (kind, round) in (List<(Kind, int)>)[(Kind.Training, 1), (Kind.Training, 2), (Kind.Evaluation, 2), (Kind.Training, 3), (Kind.Evaluation, 3)])
        {
            _site.Release(Order(_site, kind, round));
            if (kind == Kind.Training)
                _site.Restart(); // the plan in the log is the plan that is made of the study
        }

        Assert.Equal(
            [WorkerEntries.RootMade, LedgerEntries.Reserved, .. Enumerable.Repeat<string[]>([LedgerEntries.Charged, WorkerEntries.Released], 5).SelectMany(kinds => kinds)],
            _site.Kinds.SkipWhile(kind => kind != WorkerEntries.RootMade));
        var run = _site.Core.State.Ledger.Runs[RunId.Parse(Site.Run)];
        Assert.Equal((5, 0), (run.Released, run.Left.Values.Sum()));
        var account = _site.LedgerDesk.Show().Populations.Single(one => one.Name == "test").Accounts.Single(one => one.Scope == "study");
        Assert.Equal(account.Held, account.Spent);
        var finding = _site.Core.Check(PrivateStudies.Study).Single(found => found.Rule == PrivacyCeilings.Key);
        Assert.Contains($"costs epsilon {account.Spent.ToString("0.###", System.Globalization.CultureInfo.InvariantCulture)} of 6", finding.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void Releases_say_nothing_that_has_no_noise()
    {
        _site.Release(Order(_site, Kind.Training));
        var evaluated = _site.Release(Order(_site, Kind.Evaluation, 2));

        var (training, evaluation) = (Manifest(Kind.Training, 1), Manifest(Kind.Evaluation, 2));
        Assert.Equal((1, 2, 1), (training.Weight, training.Dimension, evaluation.MinimumCell));
        Assert.Equal(PrivateTrainer.Capability, training.Capability);
        var histogram = EvaluationReport.Read(_site.Payload(evaluated)).Histogram!;
        Assert.Equal(8, histogram.Bins.Length);
        Assert.Equal(histogram.ToJson().ToJsonString(), FederatedClinicalMl.Numerics.ScoreHistogram.OfCounts([.. histogram.Bins.Select(bin => bin.Negatives)], [.. histogram.Bins.Select(bin => bin.Positives)]).ToJson().ToJsonString());

        ReleaseManifest Manifest(Kind kind, int round) => _site.Core.State.Releases[new StepId(RunId.Parse(Site.Run), new RoundNumber(round), (StepKind)kind, 1)].Head.Manifest;
    }

    [Theory]
    [InlineData(Kind.Training)]
    [InlineData(Kind.Evaluation)]
    public void Computation_that_fails_once_it_was_charged_stays_charged_and_is_free_the_second_time(Kind kind)
    {
        _computer.AfterCharge = () => throw new StepDeclinedException(Reason.TrainingFailed, "It failed.");
        Assert.Equal(Reason.TrainingFailed, _site.Decline(Order(_site, kind, 2)));
        Assert.Single(_site.ChargedSteps());
        Assert.Empty(_site.Outgoing);

        _site.Restart();
        _computer.AfterCharge = null;
        _site.Release(Order(_site, kind, 2));

        Assert.Single(_site.ChargedSteps());
    }

    [Fact]
    public void Charge_that_was_made_is_refused_to_other_parameters_and_constants_and_the_next_attempt_is_another_charge_with_other_noise()
    {
        _computer.AfterCharge = () => throw new StepDeclinedException(Reason.TrainingFailed, "It failed.");
        _site.Decline(Order(_site, Kind.Training));
        _computer.AfterCharge = null;

        Assert.Equal(Reason.ParametersWrong, _site.Decline(Order(_site, Kind.Training, parameters: [1, 2])));
        var first = _site.Payload(_site.Release(Order(_site, Kind.Training)));
        var second = _site.Payload(_site.Release(Order(_site, Kind.Training, attempt: 2)));

        Assert.NotEqual(first, second);
        Assert.Equal([$"{Site.Run}.1.training.1", $"{Site.Run}.1.training.2"], _site.ChargedSteps());
    }

    [Theory]
    [InlineData(Kind.Preparation, 1, Reason.ReleaseBeyondPolicy)]
    [InlineData(Kind.Profile, 1, Reason.ReleaseBeyondPolicy)]
    [InlineData(Kind.SiteMetrics, 3, Reason.RoundOutOfOrder)]
    [InlineData(Kind.Evaluation, 1, Reason.RoundOutOfOrder)]
    [InlineData(Kind.Evaluation, 4, Reason.RoundOutOfOrder)]
    [InlineData(Kind.KeyAgreement, 1, Reason.RoundOutOfOrder)]
    public void Step_that_has_no_charge_is_declined_and_holds_nothing_of_the_budget(Kind kind, int round, Reason reason)
    {
        _site.Policy = _site.Policy.Replace("profile: ask", "profile: release", StringComparison.Ordinal).Replace("per-site-metrics: withhold", "per-site-metrics: release", StringComparison.Ordinal);

        Assert.Equal(reason, _site.Decline(Order(_site, kind, round)));

        Assert.Empty(_site.Core.State.Ledger.Runs);
        Assert.Empty(_site.Outgoing);
        Assert.False(_computer.Charged);
    }

    [Fact]
    public void Policy_without_ceilings_refuses_the_approval_and_every_order()
    {
        _site.Policy = PolicyText.With("privacy", "none");
        var another = Of(Dp, rounds: 2);
        _site.Core.Offer(Site.OfferOf(another));

        Assert.Contains("has no ceilings (privacy: none)", Assert.Throws<StewardException>(() => _site.Core.Approve(another.Digest, "grace", "")).Message, StringComparison.Ordinal);
        Assert.Equal(Reason.StudyBeyondPolicy, _site.Decline(Order(_site, Kind.Training)));

        Assert.Empty(_site.Core.State.Ledger.Runs);
    }

    [Fact]
    public void Central_noise_is_refused_unless_the_policy_names_it()
    {
        var study = Of($"{Dp}, placement: central", federation: "sites: [east, north, south, west], quorum: 3", steps: 1);
        _site.Core.Offer(Site.OfferOf(study));

        // What the site charges for is what the coordinator adds.
        var training = PrivateStudy.Of(study).Training;
        Assert.Equal(training.Calibrate((float)study.Privacy!.ClippingNorm).Variance, FederatedClinicalMl.Privacy.GaussianCalibration.Of(study.Privacy, training.Plan.Layout.Dimension).Variance);
        Assert.Contains("trusted, not enforced, to add it (central); allowed: site, distributed.", Assert.Throws<StewardException>(() => _site.Core.Approve(study.Digest, "grace", "")).Message, StringComparison.Ordinal);
        _site.Policy = _site.Policy.Replace("noise: [site, distributed]", "noise: [central]", StringComparison.Ordinal);
        Assert.True(_site.Core.Check(study).Single(found => found.Rule == "noise").Passed);
        Assert.False(_site.Core.Check(PrivateStudies.Study).Single(found => found.Rule == "noise").Passed);
    }

    [Fact]
    public void Study_that_costs_more_than_a_study_may_or_cannot_be_run_is_not_approved_and_the_steward_reads_why()
    {
        var costly = Of("noise-multiplier: 0.5, clipping-norm: 1, sampling-rate: 1, patients: 20");
        foreach (var (study, says) in (List<(Study, string)>)[(costly, "at delta 1e-6, what a study may have at this site"), (Unsound, "cannot be run: The network is too wide")])
        {
            _site.Core.Offer(Site.OfferOf(study));
            Assert.Contains(says, Assert.Throws<StewardException>(() => _site.Core.Approve(study.Digest, "grace", "")).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Steward_of_a_table_without_a_column_of_patients_reads_that_each_row_is_taken_for_a_patient()
    {
        Assert.Contains("noise for each patient (", Sentence(PrivateStudies.Study), StringComparison.Ordinal);
        Assert.Contains("noise for each row, which the study takes for a patient of its own (", Sentence(Of(Dp, patient: "")), StringComparison.Ordinal);

        string Sentence(Study study) => _site.Core.Check(study).Single(found => found.Rule == PrivacyCeilings.Key).Sentence;
    }

    /// <summary>Shows 6, the worker's half.</summary>
    [Fact]
    public void Ceiling_that_a_steward_lowers_in_the_middle_of_a_run_stops_its_next_round_and_the_log_tells_the_sum()
    {
        _site.Release(Order(_site, Kind.Training));
        _site.Policy = PolicyText.With("privacy", Ceilings(total: 0.2));

        StepDeclinedException? declined = null;
        Assert.Equal(Reason.PrivacyBudgetSpent, _site.Core.Perform(Order(_site, Kind.Training, 2), said => declined = said).Declined);

        Assert.Matches(@"^The population 'test' has spent epsilon 0\.\d+ of 0\.2 at delta 1e-6 \(privacy\.total in policy\.yaml\); this costs 0\.\d+ by itself and would make it 0\.\d+\.", declined!.Message);
        Assert.Single(_site.ChargedSteps());
        _site.Policy = PolicyText.With("privacy", Ceilings());
        _site.Release(Order(_site, Kind.Training, 2));
    }

    [Fact]
    public void Patient_who_opts_out_between_charge_and_release_ends_the_attempt_and_the_next_one_is_charged_anew_without_them()
    {
        _computer.AfterCharge = () => _site.Core.SetExclusions(["patient-21"], "grace");
        Assert.Equal(Reason.ParametersWrong, _site.Decline(Order(_site, Kind.Training)));
        _computer.AfterCharge = null;
        Assert.Equal(Reason.ParametersWrong, _site.Decline(Order(_site, Kind.Training)));
        Assert.Empty(_site.Outgoing);

        _site.Release(Order(_site, Kind.Training, attempt: 2));

        Assert.Equal([$"{Site.Run}.1.training.1", $"{Site.Run}.1.training.2"], _site.ChargedSteps());
    }

    [Fact]
    public void List_of_opt_outs_that_is_set_again_as_it_was_costs_nothing()
    {
        _computer.AfterCharge = () =>
        {
            _computer.AfterCharge = null;
            _site.Core.SetExclusions([], "grace");
        };

        _site.Release(Order(_site, Kind.Training));

        Assert.Single(_site.ChargedSteps());
    }

    [Fact]
    public void Approval_that_is_withdrawn_before_the_charge_charges_nothing()
    {
        _computer.BeforeCharge = () => _site.Core.Revoke(PrivateStudies.Study.Digest, "grace", "");

        Assert.Equal(Reason.ApprovalRevoked, _site.Decline(Order(_site, Kind.Training)));

        Assert.Empty(_site.ChargedSteps());
    }

    [Fact]
    public void What_was_computed_without_a_charge_is_not_released_whoever_computed_it()
    {
        using var site = new Site().Private(); // whose computer never asks for randomness

        Assert.Throws<InvalidOperationException>(() => site.Core.Perform(Order(site, Kind.Training)));

        Assert.Empty(site.Outgoing);
        Assert.DoesNotContain(WorkerEntries.Released, site.Kinds);
    }

    /// <summary>Parameters of a coordinator's choice under which a score overflows for patients above 60 years, and for nobody else, must not tell whether there are any.</summary>
    [Fact]
    public void Evaluation_is_declined_for_nothing_that_a_row_says()
    {
        var deep = Of(Dp, model: $"{{kind: mlp, hidden: [{string.Join(", ", Enumerable.Repeat(1, 10))}]}}");
        _site.Approve(deep);
        var huge = Enumerable.Range(0, ModelPlan.For(deep).Layout.Dimension).Select(i => i % 2 == 0 ? 3e38f : 0).ToArray();
        var scores = new double[2];
        ModelPlan.For(deep).Outputs(huge, [-1, 1], scores);
        Assert.Equal((true, false), (double.IsFinite(scores[0]), double.IsFinite(scores[1])));

        _site.Release(Order(_site, Kind.Evaluation, 2, study: deep, parameters: huge));

        Assert.Single(_site.ChargedSteps());
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Parameters_that_are_not_finite_are_refused_before_anything_is_charged(float value)
    {
        Assert.Equal(Reason.ParametersWrong, _site.Decline(Order(_site, Kind.Evaluation, 2, parameters: [1, value])));

        Assert.Empty(_site.ChargedSteps());
    }

    [Fact]
    public void Order_is_charged_before_a_row_is_scored_or_a_patient_is_drawn()
    {
        _site.Disk.Capacity = _site.Disk.Used; // the charge cannot be written
        foreach (var kind in (Kind[])[Kind.Training, Kind.Evaluation])
            Assert.Equal(Reason.StorageFull, _site.Decline(Order(_site, kind, 2)));
        Assert.False(_computer.Charged);
    }

    /// <summary>Shows 7: killed between charge and noise, between noise and log, between log and file.</summary>
    [Theory]
    [InlineData(Kind.Training)]
    [InlineData(Kind.Evaluation)]
    public void Release_that_is_killed_at_any_point_is_charged_once_and_is_the_same_bytes(Kind kind)
    {
        var undisturbed = _site.Payload(_site.Release(Order(_site, kind, 2)));
        var computer = _patients.Computer();
        KillPoints.Each(
            site => site.Private(),
            site => site.Release(Order(site, kind, 2)),
            (site, finished) =>
            {
                var charged = site.ChargedSteps().Count();
                Assert.True(charged <= 1 && (charged == 1 || !finished));
                Assert.True(charged == 1 || site.Core.State.Releases.IsEmpty);

                var after = site.Payload(site.Release(Order(site, kind, 2)));

                Assert.Single(site.ChargedSteps());
                Assert.True(charged == 0 || after.AsSpan().SequenceEqual(undisturbed)); // before the charge nothing holds the run to its first root
            },
            computer: computer);
    }

    [Fact]
    public void Preview_shows_what_would_leave_another_draw_each_time_and_charges_and_writes_nothing()
    {
        var (log, ours, exchange) = (_site.LogFile, _site.Disk.Operations, _site.Exchange.Operations);

        var (first, second) = (Preview(PrivateStudies.Study), Preview(PrivateStudies.Study));

        Assert.Equal(["nothing (counts for the steward only)", "training", "evaluation"], first.Releases.Select(release => release.Kind));
        Assert.Contains("weight 1", first.Releases[1].Content, StringComparison.Ordinal);
        Assert.NotEqual(first.Releases.Skip(1).Select(release => release.Content), second.Releases.Skip(1).Select(release => release.Content));
        Assert.Equal((ours, exchange), (_site.Disk.Operations, _site.Exchange.Operations));
        Assert.Equal(log, _site.LogFile);
    }

    [Fact]
    public void Preview_of_what_cannot_be_run_says_why_and_computes_nothing()
    {
        var reply = Preview(Unsound);

        Assert.Empty(reply.Releases);
        Assert.Contains("cannot be run", reply.Checks.Single(check => !check.Passed).Sentence, StringComparison.Ordinal);
    }

    private Protos.Steward.PreviewReply Preview(Study study) => new StudyPreview(_site.Core, _patients.Cache(), new FakeTrainer(), Site.Name).Of(study);

    /// <summary>The computer of production, with what happens around the moment at which it asks for randomness.</summary>
    private sealed class Computer(IStepComputer real) : IStepComputer
    {
        public Action? BeforeCharge { get; set; }

        public Action? AfterCharge { get; set; }

        public bool Charged { get; private set; }

        public StepComputation Compute(StepRequest request, CancellationToken cancel) => real.Compute(
            request with
            {
                Randomness = request.Randomness is not { } charge ? null : data =>
                {
                    BeforeCharge?.Invoke();
                    var randomness = charge(data);
                    Charged = true;
                    try
                    {
                        AfterCharge?.Invoke();
                    }
                    catch (StepDeclinedException)
                    {
                        randomness.Dispose();
                        throw;
                    }

                    return randomness;
                },
            },
            cancel);
    }
}
