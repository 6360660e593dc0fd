using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using static FederatedClinicalMl.Tests.Worker.Ledger.Spending;

namespace FederatedClinicalMl.Tests.Worker.Ledger;

public sealed class ChargeTests : IDisposable
{
    private readonly Site _site = new Site().WithCeilings();

    public void Dispose() => _site.Dispose();

    [Fact]
    public void Same_inputs_are_charged_once_and_give_the_same_randomness_after_a_restart()
    {
        _site.Ledger.Reserve(Plan());
        var noise = _site.Noise(Inputs());
        _site.Restart();

        Assert.Equal(noise, _site.Noise(Inputs()));
        Assert.Equal(noise, _site.Noise(Inputs()));

        Assert.Single(_site.Kinds, LedgerEntries.Charged);
    }

    [Fact]
    public void Other_inputs_for_a_charged_step_are_refused_and_its_next_attempt_is_charged_with_other_randomness()
    {
        _site.Ledger.Reserve(Plan());
        var noise = _site.Noise(Inputs());

        Refuses(Reason.ParametersWrong, () => _site.Noise(Inputs(data: "other rows")));
        Refuses(Reason.ParametersWrong, () => _site.Noise(Inputs() with { Parameters = Sha256Digest.Of("other"u8) }));
        Refuses(Reason.ParametersWrong, () => _site.Noise(Inputs() with { Constants = Sha256Digest.Of("other"u8) }));
        Refuses(Reason.ParametersWrong, () => _site.Noise(Inputs(charges: Count)));

        Assert.NotEqual(noise, _site.Noise(Inputs(attempt: 2)));
        Assert.NotEqual(noise, _site.Noise(Inputs(round: 2)));
        Assert.Equal(3, _site.Kinds.Count(kind => kind == LedgerEntries.Charged));
    }

    [Fact]
    public void Release_without_a_reserved_run_or_of_another_study_is_refused()
    {
        _site.Ledger.Reserve(Plan());

        Refuses(Reason.RoundOutOfOrder, () => _site.Noise(Inputs(run: 2)));
        Refuses(Reason.RoundOutOfOrder, () => _site.Noise(Inputs(study: 2)));
        Assert.DoesNotContain(LedgerEntries.Charged, _site.Kinds);
    }

    [Fact]
    public void Plan_that_is_reserved_again_changes_nothing_and_another_one_is_refused()
    {
        _site.Ledger.Reserve(Plan());
        _site.Ledger.Reserve(Plan());

        Refuses(Reason.ParametersWrong, () => _site.Ledger.Reserve(Plan(rounds: 2)));
        Assert.Single(_site.Kinds, LedgerEntries.Reserved);
    }

    [Fact]
    public void Plan_that_does_not_fit_beside_what_is_spent_and_reserved_is_refused_with_the_arithmetic()
    {
        _site.Ledger.Reserve(Plan(rounds: Fitting(2)));

        var refused = Refuses(Reason.PrivacyBudgetSpent, () => _site.Ledger.Reserve(Plan(run: 2, rounds: 1)));

        Assert.Contains("The population 'heart' has spent epsilon 0 of 2 at delta 1e-6 (privacy.study in policy.yaml, study", refused.Message, StringComparison.Ordinal);
        Assert.Contains("with what open runs have reserved; this costs", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Charge_beyond_the_plan_leaves_what_others_have_reserved()
    {
        _site.Ledger.Reserve(Plan(rounds: 1));
        _site.Ledger.Reserve(Plan(run: 2, rounds: Fitting(2) - 1));
        _site.Noise(Inputs());

        Refuses(Reason.PrivacyBudgetSpent, () => _site.Noise(Inputs(attempt: 2)));

        for (var round = 1; round < Fitting(2); round++)
            _site.Noise(Inputs(run: 2, round: round)); // all of what it was promised
    }

    [Fact]
    public void Run_that_a_steward_ends_frees_what_it_had_reserved_and_nothing_that_it_was_charged()
    {
        _site.Ledger.Reserve(Plan(rounds: Fitting(2)));
        var noise = _site.Noise(Inputs());
        _site.LedgerDesk.Close(Run(1).Value, "grace", "its run failed");
        Assert.Contains("ledger plan", Assert.Throws<StewardException>(() => _site.LedgerDesk.Close(Run(1).Value, "grace", "")).Message, StringComparison.Ordinal);

        Refuses(Reason.RoundOutOfOrder, () => _site.Noise(Inputs(round: 2)));
        Assert.Equal(noise, _site.Noise(Inputs())); // what was charged can be computed again
        Refuses(Reason.PrivacyBudgetSpent, () => _site.Ledger.Reserve(Plan(run: 2, rounds: Fitting(2))));
        _site.Ledger.Reserve(Plan(run: 2, rounds: Fitting(2) - 1));
        Assert.Single(_site.Kinds, LedgerEntries.Closed);
    }

    [Fact]
    public void Ceiling_of_all_studies_holds_whatever_the_study_is_called()
    {
        var studies = 0;
        while (_site.LedgerDesk.Show().Populations.Single(one => one.Name == "heart").Accounts.Single(account => account.Scope == "total").Held < 1.9)
            _site.Ledger.Reserve(Plan(run: ++studies, study: studies, rounds: 1));

        for (var study = studies + 1; study < studies + 100; study++)
        {
            try
            {
                _site.Ledger.Reserve(Plan(run: study, study: study, rounds: 1));
            }
            catch (StepDeclinedException declined)
            {
                Assert.Contains("(privacy.year in policy.yaml", declined.Message, StringComparison.Ordinal);
                return;
            }
        }

        Assert.Fail("A hundred studies fitted.");
    }

    [Fact]
    public void Year_frees_after_365_days_and_the_total_never_and_a_clock_that_is_set_back_frees_nothing()
    {
        _site.WithCeilings("{total: {epsilon: 2.5, delta: 1e-6}, study: {epsilon: 9, delta: 1e-6}, year: {epsilon: 2, delta: 1e-6}}");
        var rounds = Fitting(2);
        _site.Ledger.Reserve(Plan(rounds: rounds));
        for (var round = 1; round <= rounds; round++)
            _site.Noise(Inputs(round: round));

        Assert.Contains("privacy.year", Refuses(Reason.PrivacyBudgetSpent, () => _site.Ledger.Reserve(Plan(run: 2, rounds: 1))).Message, StringComparison.Ordinal);
        _site.Time.Advance(TimeSpan.FromDays(365));
        Refuses(Reason.PrivacyBudgetSpent, () => _site.Ledger.Reserve(Plan(run: 2, rounds: 1)));
        _site.Time.Advance(TimeSpan.FromDays(1));
        _site.Ledger.Reserve(Plan(run: 2, rounds: 1));
        Assert.Contains("privacy.total", Refuses(Reason.PrivacyBudgetSpent, () => _site.Ledger.Reserve(Plan(run: 3, rounds: rounds))).Message, StringComparison.Ordinal);

        _site.Time.AdjustTime(_site.Time.GetUtcNow().AddDays(-700));
        Assert.Contains("privacy.year", Refuses(Reason.PrivacyBudgetSpent, () => _site.Ledger.Reserve(Plan(run: 3, rounds: 1))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_spent_without_ceilings_or_under_a_policy_with_a_fault_and_a_lowered_ceiling_stops_what_is_reserved()
    {
        _site.Ledger.Reserve(Plan(rounds: 3));
        _site.Noise(Inputs());

        _site.WithCeilings("none");
        Assert.Contains("no ceilings", Refuses(Reason.StudyBeyondPolicy, () => _site.Noise(Inputs(round: 2))).Message, StringComparison.Ordinal);
        _site.WithCeilings("{total: {epsilon: 3}}");
        Refuses(Reason.StudyBeyondPolicy, () => _site.Ledger.Reserve(Plan(run: 2)));
        _site.WithCeilings("{total: {epsilon: 0.3, delta: 1e-6}, study: {epsilon: 2, delta: 1e-6}, year: {epsilon: 2, delta: 1e-6}}");
        Refuses(Reason.PrivacyBudgetSpent, () => _site.Noise(Inputs(round: 2)));
        _site.WithCeilings();
        _site.Noise(Inputs(round: 2));
    }

    [Fact]
    public void Withdrawn_approval_ends_the_runs_of_the_study()
    {
        _site.Approve();
        var study = Site.Study.Digest;
        _site.Ledger.Reserve(Plan() with { Study = study });
        _site.Core.Revoke(study, "grace", "");

        Refuses(Reason.RoundOutOfOrder, () => _site.Noise(Inputs() with { Study = study }));
        Assert.Empty(_site.LedgerDesk.Show().Populations.Single(one => one.Name == "heart").Runs);
    }

    [Fact]
    public void Full_disk_is_said_in_a_closed_word_and_charges_nothing()
    {
        _site.Ledger.Reserve(Plan());
        _site.Disk.Capacity = _site.Disk.Used + 100;

        Refuses(Reason.StorageFull, () => _site.Noise(Inputs()));
        Refuses(Reason.StorageFull, () => _site.Ledger.Reserve(Plan(run: 2)));
        Assert.Equal(0, SpentByTheLog(_site));
        _site.Disk.Capacity = null;
        _site.Noise(Inputs());
        _site.Restart();
        Assert.Single(_site.Kinds, LedgerEntries.Charged);
    }

    // Rounds that fit under an epsilon, by the filter itself.
    private static int Fitting(int epsilon) => (int)PrivacyFilter.Under(new PrivacyCeiling(Rational.Of(epsilon), Rational.Of(1, 1_000_000))).Remaining(Round);
}
