using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using FederatedClinicalMl.Coordinator.Audit;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Durability.Simulation;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;
using Microsoft.Extensions.Time.Testing;

namespace FederatedClinicalMl.Tests.Coordinator.Registry;

/// <summary>Versions and stages of a model, over the coordinator's real log.</summary>
public sealed class ModelLinesTests : IDisposable
{
    private const string Heart = "heart";

    private static readonly Member s_ada = new(Roles.Admin, "ada");
    private static readonly Member s_rosalind = new(Roles.Researcher, "rosalind");
    private static readonly Member s_grace = new(Roles.Clinician, "grace");
    private static readonly GateReport s_passed = new([new GateResult("auroc", true, "0.801 is above 0.700.")]);
    private static readonly ModelVersion s_first = ModelVersion.First, s_second = new(1, 1, 0);

    private readonly SimulatedDisk _disk = new(1);
    private readonly SigningKey _key = SigningKey.Create();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 26, 8, 0, 0, TimeSpan.Zero));
    private AuditTrail _audit;
    private ModelLines _lines;

    public ModelLinesTests() => (_audit, _lines) = Open();

    public void Dispose()
    {
        _audit.Dispose();
        _key.Dispose();
    }

    [Fact]
    public void Person_who_signs_in_by_token_and_by_certificate_is_one_and_two_who_sign_in_are_two()
    {
        Confirm(1, s_first);
        Ask(s_first, ModelStage.Staging);
        Assert.Null(Agree(s_ada, s_first, ModelStage.Staging));

        Assert.Contains("has agreed already", Agree(new Member(Roles.Clinician, "ada@login.example.org"), s_first, ModelStage.Staging), StringComparison.Ordinal);
        Assert.Contains("has agreed already", Agree(new Member(Roles.Clinician, "ada@hospital.org@login.example.org"), s_first, ModelStage.Staging), StringComparison.Ordinal);
        Assert.Null(Agree(new Member(Roles.Researcher | Roles.Clinician, "grace@login.example.org"), s_first, ModelStage.Staging));
        Assert.Equal(ModelStage.Staging, Stage(s_first));
    }

    [Fact]
    public void Version_goes_to_production_step_by_step_by_two_people_of_whom_one_is_a_clinician()
    {
        Confirm(1, s_first);

        Assert.Contains("in development; from there it goes to staging", Ask(s_first, ModelStage.Production), StringComparison.Ordinal);
        Assert.Null(Ask(s_first, ModelStage.Staging));
        Assert.Null(Agree(s_ada, s_first, ModelStage.Staging));
        Assert.Contains("admin ada has agreed already", Agree(s_ada, s_first, ModelStage.Staging), StringComparison.Ordinal);
        Assert.Null(Agree(s_rosalind, s_first, ModelStage.Staging));
        Assert.Equal(ModelStage.Development, Stage(s_first)); // two people, and no clinician among them
        Assert.Contains("clinician ada has agreed already", Agree(new Member(Roles.Clinician, "ada"), s_first, ModelStage.Staging), StringComparison.Ordinal); // enrolled again, in another role
        Assert.Null(Agree(s_grace, s_first, ModelStage.Staging));
        Assert.Equal(ModelStage.Staging, Stage(s_first));
        Assert.Contains("No promotion of heart waits", Agree(s_ada, s_first, ModelStage.Staging), StringComparison.Ordinal);

        Promote(s_first, ModelStage.Production);
        Assert.Equal(s_first, _lines.Of(Heart).Production);
    }

    [Fact]
    public void Promotion_that_waited_is_held_against_production_and_the_last_day_as_they_are_when_somebody_agrees()
    {
        Confirm(1, s_first);
        Ask(s_first, ModelStage.Staging);
        Assert.Null(Agree(s_ada, s_first, ModelStage.Staging));

        Assert.Contains("passes no more. production: worse by 0.030.", Agree(s_grace, s_first, ModelStage.Staging, new GateResult("production", false, "worse by 0.030.")), StringComparison.Ordinal);
        Assert.Null(Handle(s_ada, new DeprecateVersion(s_first, new DateOnly(2026, 11, 26), "A better one comes")));
        _time.Advance(TimeSpan.FromDays(1));
        Assert.Contains("The last day of 1.0.0 was 2026-11-26.", Agree(s_grace, s_first, ModelStage.Staging), StringComparison.Ordinal);
        Assert.Equal(ModelStage.Development, Stage(s_first));
    }

    [Fact]
    public void Site_that_takes_a_version_out_of_use_ends_its_promotion_and_it_can_be_asked_for_anew()
    {
        Production(1, s_first);
        Confirm(2, s_second);
        Promote(s_second, ModelStage.Staging);
        Ask(s_second, ModelStage.Production);
        Agree(s_ada, s_second, ModelStage.Production);

        Assert.Null(Withdraw(2));
        Assert.Contains("No promotion of heart waits", Agree(s_grace, s_second, ModelStage.Production), StringComparison.Ordinal);
        _lines = new ModelLines(_audit, _time);
        Assert.Null(_lines.Of(Heart).Promotion);
        Promote(s_second, ModelStage.Production);
    }

    [Fact]
    public void Log_of_before_withdrawals_ended_promotions_is_understood_as_it_was_meant()
    {
        Confirm(1, s_first);
        Ask(s_first, ModelStage.Staging);
        _audit.Record(StageEntries.WithdrawnAtSite, null, new JsonObject
        {
            ["line"] = Heart, ["version"] = "1.0.0", ["model"] = Model(1).ToString(), ["site"] = "north", ["reason"] = "latency", ["withdrawn"] = CanonicalTime.Write(_time.GetUtcNow()), ["ends-rollout"] = false,
        });
        _lines = new ModelLines(_audit, _time);

        Assert.NotNull(_lines.Of(Heart).Promotion);
        Assert.Single(_lines.Of(Heart).Withdrawals);
    }

    [Fact]
    public void Promotion_whose_gates_have_not_passed_or_were_not_measured_is_not_taken_up()
    {
        Confirm(1, s_first);

        Assert.Contains("auroc: 0.650 is below 0.700.", Ask(s_first, ModelStage.Staging, new GateReport([s_passed.Gates[0], new GateResult("auroc", false, "0.650 is below 0.700.")])), StringComparison.Ordinal);
        Assert.Contains("there are none", Ask(s_first, ModelStage.Staging, new GateReport([])), StringComparison.Ordinal);
        Assert.Null(_lines.Of(Heart).Promotion);
    }

    [Fact]
    public void One_promotion_waits_at_a_time_and_whoever_speaks_about_it_names_what_they_mean()
    {
        Confirm(1, s_first);
        Confirm(2, s_second);
        Assert.Null(Ask(s_first, ModelStage.Staging));

        Assert.Contains("admin ada asked for, waits for people", Ask(s_second, ModelStage.Staging), StringComparison.Ordinal);
        Assert.Contains("What waits is the promotion of 1.0.0, not of 1.1.0", Agree(s_grace, s_second, ModelStage.Staging), StringComparison.Ordinal);
        Assert.Contains("to staging, not to production", Agree(s_grace, s_first, ModelStage.Production), StringComparison.Ordinal);
        Assert.Contains("A reason is needed", Handle(s_grace, new ApprovePromotion(true, s_first, ModelStage.Staging, " ", null)), StringComparison.Ordinal);
        Assert.Null(Handle(s_grace, new RefusePromotion(s_first, "Calibration at one site")));
        Assert.Null(Ask(s_second, ModelStage.Staging));
    }

    [Fact]
    public void Rollback_brings_the_version_before_back_at_once_ends_what_waits_and_can_be_made_good_by_people_again()
    {
        var third = new ModelVersion(1, 2, 0);
        Production(1, s_first);
        Production(2, s_second);
        Confirm(3, third);
        Assert.Null(Ask(third, ModelStage.Staging));
        Assert.Null(Agree(s_ada, third, ModelStage.Staging));

        Assert.Contains("1.1.0 is in production, not 1.0.0", Handle(s_grace, new RollBack(s_first, "Wrong one")), StringComparison.Ordinal);
        Assert.Null(Handle(s_grace, new RollBack(s_second, "Alarms on the ward")));

        Assert.Equal(s_first, _lines.Of(Heart).Production);
        Assert.Contains("ended by a rollback", Agree(s_grace, third, ModelStage.Staging), StringComparison.Ordinal);
        Assert.Equal(ModelStage.Staging, Stage(s_second));
        Assert.Null(Handle(s_grace, new RollBack(s_first, "This one too")));
        Assert.Null(_lines.Of(Heart).Production);
        Assert.Contains("nothing to take back", Handle(s_grace, new RollBack(s_first, "Again")), StringComparison.Ordinal);
        Promote(s_second, ModelStage.Production);
        Assert.Equal(s_second, _lines.Of(Heart).Production);
    }

    [Fact]
    public void Rollback_passes_over_a_version_that_was_retired_for_good()
    {
        var third = new ModelVersion(1, 2, 0);
        Production(1, s_first);
        Production(2, s_second);
        Production(3, third);
        Assert.Contains("is in production", Handle(s_ada, new RetireVersion(third, "Too old")), StringComparison.Ordinal);
        Assert.Null(Handle(s_ada, new RetireVersion(s_second, "A fault in its features")));

        Assert.Equal(s_first, _lines.Of(Heart).Fallback);
        Assert.Null(Handle(s_ada, new RollBack(third, "Alarms")));

        Assert.Equal(s_first, _lines.Of(Heart).Production);
    }

    [Fact]
    public void Canary_goes_up_step_by_step_down_to_any_and_ends_with_the_promotion_of_its_version()
    {
        Production(1, s_first);
        Confirm(2, s_second);
        Assert.Contains("sites let in versions in staging", Roll(RolloutMode.Shadow, 0), StringComparison.Ordinal);
        Promote(s_second, ModelStage.Staging);
        Assert.Contains("there is nothing to end", Handle(s_ada, new SetRollout(s_second, null, "No more")), StringComparison.Ordinal);

        Assert.Null(Roll(RolloutMode.Shadow, 0));
        Assert.Contains("The next is 5", Roll(RolloutMode.Canary, 25), StringComparison.Ordinal);
        Assert.Contains("A reason is needed", Handle(s_ada, new SetRollout(s_second, Rollout.Of(RolloutMode.Canary, 5), "")), StringComparison.Ordinal);
        Assert.All([5, 25, 50, 5, 25], percent => Assert.Null(Roll(RolloutMode.Canary, percent)));
        Assert.Contains("The next is 50", Roll(RolloutMode.Canary, 100), StringComparison.Ordinal);
        Assert.Equal("canary 25 %", _lines.Of(Heart).Serves.Candidate!.Rollout.ToString());

        Promote(s_second, ModelStage.Production);
        Assert.Null(_lines.Of(Heart).Rollout);
        Assert.Equal(ServedModels.Of(new ServedVersion(s_second, Model(2)), new ServedVersion(s_first, Model(1)), null), _lines.Of(Heart).Serves);
    }

    [Fact]
    public void Rollout_is_of_one_version_and_ends_with_whatever_speaks_against_it()
    {
        var third = new ModelVersion(1, 2, 0);
        Confirm(1, s_first);
        Promote(s_first, ModelStage.Staging);
        Assert.Contains("it can only be a shadow", Handle(s_ada, new SetRollout(s_first, Rollout.Of(RolloutMode.Ab, 50), "Try")), StringComparison.Ordinal);
        Assert.Null(Handle(s_ada, new SetRollout(s_first, Rollout.Shadow, "Try")));
        Assert.Null(Handle(s_ada, new RetireVersion(s_first, "A fault")));
        Assert.Equal(ServedModels.None, _lines.Of(Heart).Serves);
        Production(2, s_second);
        Confirm(3, third);
        Promote(third, ModelStage.Staging);

        foreach (var end in new Func<string?>[]
        {
            () => Handle(s_grace, new RollBack(s_second, "Alarms")),
            () => { Promote(s_second, ModelStage.Production); return Ask(third, ModelStage.Production) ?? Roll() ?? Handle(s_grace, new RefusePromotion(third, "No")); },
            () => Roll() ?? Handle(s_ada, new SetRollout(third, null, "Enough")),
            () => Roll() ?? Withdraw(3),
        })
        {
            if (_lines.Of(Heart) is { Production: not null, Rollout: null })
                Assert.Null(Roll());
            Assert.Null(end());
            Assert.Null(_lines.Of(Heart).Rollout);
        }

        var fourth = new ModelVersion(1, 3, 0);
        Confirm(4, fourth);
        Promote(fourth, ModelStage.Staging);
        Assert.Null(Roll());
        Assert.Contains("1.2.0 is let in, as shadow; one version of a line", Handle(s_ada, new SetRollout(fourth, Rollout.Shadow, "Too")), StringComparison.Ordinal);

        string? Roll() => Handle(s_ada, new SetRollout(third, Rollout.Shadow, "Try"));
    }

    [Fact]
    public void Withdrawal_at_a_site_is_recorded_once_and_one_of_production_leaves_the_line_to_people()
    {
        Production(1, s_first);
        Assert.Contains("no version of the model", Withdraw(9), StringComparison.Ordinal);

        Assert.Null(Withdraw(1));
        Assert.Null(Withdraw(1));

        Assert.Equal(s_first, _lines.Of(Heart).Production);
        Assert.Equal(("coordinator", "north", "latency"), Assert.Single(_audit.Entries(), entry => entry.Kind == StageEntries.WithdrawnAtSite) is var entry
            ? ((string?)entry.Body["by"], (string?)entry.Body["site"], (string?)entry.Body["reason"]) : default);
    }

    [Fact]
    public void Order_has_a_new_number_exactly_where_sites_are_to_serve_something_else()
    {
        var orders = new List<long>();
        _lines.OrderChanged += line => orders.Add(line.Ordered.Sequence);
        Confirm(1, s_first);
        Promote(s_first, ModelStage.Staging);
        Assert.Empty(orders);
        Promote(s_first, ModelStage.Production);
        Assert.Equal([_audit.Entries()[^1].Sequence], orders);
        Confirm(2, s_second);
        Assert.Null(Handle(s_ada, new DeprecateVersion(s_first, new DateOnly(2026, 12, 1), "Old")));
        Assert.Single(orders);
        Assert.Null(Handle(s_grace, new RollBack(s_first, "Alarms")));

        Assert.Equal([_audit.Entries()[^1].Sequence], orders[1..]);
        Assert.Equal(_lines.Of(Heart).Ordered, new ModelLines(_audit, _time).Of(Heart).Ordered);
    }

    [Fact]
    public void Version_with_a_last_day_is_promoted_up_to_it_and_no_longer()
    {
        Confirm(1, s_first);
        Assert.Contains("is over", Handle(s_ada, new DeprecateVersion(s_first, new DateOnly(2026, 11, 25), "Old")), StringComparison.Ordinal);
        Assert.Null(Handle(s_ada, new DeprecateVersion(s_first, new DateOnly(2026, 11, 26), "A new guideline")));
        Promote(s_first, ModelStage.Staging);

        _time.Advance(TimeSpan.FromDays(1));

        Assert.Contains("The last day of 1.0.0 was 2026-11-26", Ask(s_first, ModelStage.Production), StringComparison.Ordinal);
    }

    [Fact]
    public void Rollback_passes_over_a_version_whose_last_day_is_over_and_leads_to_none_rather_than_to_it()
    {
        var third = new ModelVersion(1, 2, 0);
        Production(1, s_first);
        Production(2, s_second);
        Production(3, third);
        Assert.Null(Handle(s_ada, new DeprecateVersion(s_second, new DateOnly(2026, 11, 26), "A new guideline")));
        Assert.Equal(s_second, _lines.Of(Heart).FallbackOn(new DateOnly(2026, 11, 26)));
        _time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(s_first, _lines.Of(Heart).FallbackOn(new DateOnly(2026, 11, 27)));

        Assert.Null(Handle(s_ada, new RollBack(third, "Alarms")));
        Assert.Equal(s_first, _lines.Of(Heart).Production);
        Assert.Equal(ModelStage.Retired, Stage(s_second));
        Production(4, new ModelVersion(1, 3, 0));
        Assert.Null(Handle(s_ada, new DeprecateVersion(s_first, new DateOnly(2026, 11, 27), "Old")));
        _time.Advance(TimeSpan.FromDays(1));
        Assert.Null(Handle(s_ada, new RollBack(new ModelVersion(1, 3, 0), "Alarms")));

        Assert.Null(_lines.Of(Heart).Production);
        Assert.Equal(ServedModels.Of(null, null, null), _lines.Of(Heart).Serves);
        Assert.Equal(_lines.Of(Heart).Versions, new ModelLines(_audit, _time).Of(Heart).Versions);
    }

    [Fact]
    public void Sites_are_told_to_keep_no_version_ready_whose_last_day_has_passed()
    {
        Production(1, s_first);
        Production(2, s_second);
        Production(3, new ModelVersion(1, 2, 0));
        Assert.Null(Handle(s_ada, new DeprecateVersion(s_second, new DateOnly(2026, 11, 26), "A new guideline")));
        var orders = new List<ServedModels>();
        _lines.OrderChanged += line => orders.Add(line.Serves);
        Assert.Contains("is not over", Handle(s_ada, new LastDayPassed(s_second)), StringComparison.Ordinal);
        _lines.PassLastDays();
        Assert.Empty(orders);

        _time.Advance(TimeSpan.FromDays(1));
        _lines.PassLastDays();
        _lines.PassLastDays();

        Assert.Equal(s_first, Assert.Single(orders).Fallback?.Version);
        Assert.Equal("coordinator", Assert.Single(_audit.Entries(), entry => entry.Kind == StageEntries.LastDayPassed).Body["by"]!.GetValue<string>());
        var read = new ModelLines(_audit, _time).Of(Heart);
        Assert.Equal((_lines.Of(Heart).Serves, _lines.Of(Heart).Ordered, s_first), (read.Serves, read.Ordered, read.Fallback));
    }

    [Fact]
    public void Log_with_a_rollback_to_a_version_past_its_last_day_is_read_as_it_was_written()
    {
        Production(1, s_first);
        Production(2, s_second);
        Assert.Null(Handle(s_ada, new DeprecateVersion(s_first, new DateOnly(2026, 11, 26), "Old")));
        _time.Advance(TimeSpan.FromDays(1));
        _audit.Record(StageEntries.RolledBack, s_ada, new JsonObject { ["line"] = Heart, ["version"] = "1.1.0", ["back"] = "1.0.0", ["reason"] = "Alarms" });

        Assert.Equal(s_first, new ModelLines(_audit, _time).Of(Heart).Production);
    }

    [Fact]
    public void Entry_has_one_version_and_a_version_follows_the_greatest_one()
    {
        Confirm(1, s_first);

        Assert.Null(Handle(s_ada, new ConfirmVersion(Model(1), VersionProposal.First, s_first))); // again
        Assert.Contains("an entry has one version", Handle(s_ada, new ConfirmVersion(Model(1), VersionProposal.First, s_second)), StringComparison.Ordinal);
        var proposal = new VersionProposal(VersionPart.Minor, s_second, []);
        Assert.Contains("cannot follow 1.0.0", Handle(s_ada, new ConfirmVersion(Model(2), proposal, new ModelVersion(1, 0, 1))), StringComparison.Ordinal);
        Assert.Null(Handle(s_ada, new ConfirmVersion(Model(2), proposal, new ModelVersion(2, 0, 0))));
        Assert.Contains("The first version of lungs is 1.0.0", _lines.Handle("lungs", s_ada, _ => new ConfirmVersion(Model(3), VersionProposal.First, s_second)).Refusal, StringComparison.Ordinal);
        Assert.Single(_audit.Entries(), entry => entry.Kind == StageEntries.Confirmed && (string?)entry.Body["version"] == "1.0.0");
    }

    /// <summary>Whatever is wanted in whatever order: one version at most is in production, who is there passed each stage by two people, and the log says all of it.</summary>
    [Fact]
    public void Lines_are_what_the_log_says_after_any_commands_and_a_restart() => Gen.Int[0, 99].Array[0, 60].Sample(numbers =>
    {
        using var audit = new AuditTrail(new SimulatedDisk(1), _key, _time);
        var lines = new ModelLines(audit, _time);
        var people = new[] { s_ada, s_rosalind, s_grace };
        foreach (var number in numbers)
        {
            var version = new ModelVersion(1, number % 4, 0);
            var (member, stage) = (people[number % 3], (ModelStage)(1 + (number % 2)));
            if (number == 99)
            {
                lines.Handle(Heart, s_ada, _ => new DeprecateVersion(version, DateOnly.FromDateTime(_time.GetUtcNow().UtcDateTime), "Old"));
                _time.Advance(TimeSpan.FromDays(1));
                lines.PassLastDays();
                continue;
            }

            lines.Handle(Heart, member, line => (number % 12) switch
            {
                0 or 1 => new ConfirmVersion(Model(number % 7), line.Greatest is { } greatest ? new VersionProposal(VersionPart.Minor, greatest.Next(VersionPart.Minor), []) : VersionProposal.First, line.Greatest?.Next(VersionPart.Minor) ?? ModelVersion.First),
                2 or 3 => new AskPromotion(version, stage, s_passed),
                4 or 5 or 6 => new ApprovePromotion(member.Role == Roles.Clinician, line.Promotion?.Version ?? version, line.Promotion?.To ?? stage, "Seen", null),
                7 => new RollBack(line.Production ?? version, "Alarm"),
                8 => new RetireVersion(version, "Old"),
                9 => new SetRollout(version, number % 5 == 0 ? null : number % 2 == 0 ? Rollout.Shadow : Rollout.Of(RolloutMode.Canary, 5), "Try"),
                10 => Withdrawn(number % 7),
                _ => new RefusePromotion(line.Promotion?.Version ?? version, "No"),
            });
            var now = lines.Of(Heart);
            Assert.InRange(now.Versions.Values.Count(known => known.Stage == ModelStage.Production), 0, 1);
        }

        var (read, line) = (new ModelLines(audit, _time).Of(Heart), lines.Of(Heart));
        Assert.Equal(line.Versions, read.Versions);
        Assert.Equal(line.Before, read.Before);
        Assert.Equal((line.Rollout, line.Serves, line.Ordered), (read.Rollout, read.Serves, read.Ordered));
        Assert.Equal(line.Withdrawals, read.Withdrawals);
        Assert.Equal((line.Promotion?.Version, line.Promotion?.Approvals.Length), (read.Promotion?.Version, read.Promotion?.Approvals.Length));
        Assert.All(line.Versions.Values.Where(known => known.Stage is ModelStage.Production or ModelStage.Staging), known => Assert.True(
            audit.Entries().Where(entry => entry.Kind == StageEntries.Approved && (string?)entry.Body["version"] == known.Version.ToString()).Select(entry => (string?)entry.Body["by"]).Distinct().Count() >= 2));
    }, iter: 300);

    [Theory]
    [InlineData("\"promoted\":true", "\"promoted\":false")]
    [InlineData("\"version\":\"1.0.0\"", "\"version\":\"3.0.0\"")]
    [InlineData("\"to\":\"staging\"", "\"to\":\"heaven\"")]
    public void Log_whose_entries_contradict_each_other_stops_the_start(string from, string to)
    {
        Confirm(1, s_first);
        Promote(s_first, ModelStage.Staging);
        var other = new SimulatedDisk(2);
        using (var audit = new AuditTrail(other, _key, _time))
        {
            foreach (var entry in _audit.Entries())
            {
                var body = Encoding.UTF8.GetString(CanonicalJson.Write(entry.Body));
                audit.Record(entry.Kind, s_ada, CanonicalJson.Read(Encoding.UTF8.GetBytes(entry.Kind == StageEntries.Approved ? body.Replace(from, to, StringComparison.Ordinal) : body))!.AsObject());
            }
        }

        using var read = new AuditTrail(other, _key, _time);
        Assert.Contains("audit.log, entry", Assert.Throws<InvalidDataException>(() => new ModelLines(read, _time)).Message, StringComparison.Ordinal);
    }

    private (AuditTrail, ModelLines) Open()
    {
        var audit = new AuditTrail(_disk, _key, _time);
        return (audit, new ModelLines(audit, _time));
    }

    private void Production(int model, ModelVersion version)
    {
        Confirm(model, version);
        Promote(version, ModelStage.Staging);
        Promote(version, ModelStage.Production);
    }

    private void Confirm(int model, ModelVersion version) => Assert.Null(_lines.Handle(Heart, s_ada, line => new ConfirmVersion(
        Model(model), line.Greatest is { } greatest ? new VersionProposal(VersionPart.Minor, greatest.Next(VersionPart.Minor), []) : VersionProposal.First, version)).Refusal);

    private void Promote(ModelVersion version, ModelStage to)
    {
        Assert.Null(Ask(version, to));
        Assert.Null(Agree(s_ada, version, to));
        Assert.Null(Agree(s_grace, version, to));
        Assert.Equal(to, Stage(version));
    }

    private string? Ask(ModelVersion version, ModelStage to, GateReport? gates = null) => Handle(s_ada, new AskPromotion(version, to, gates ?? s_passed));

    private string? Agree(Member member, ModelVersion version, ModelStage to, GateResult? production = null) =>
        Handle(member, new ApprovePromotion(member.Role.HasFlag(Roles.Clinician), version, to, "Looked at it", production));

    private string? Roll(RolloutMode mode, int percent) => Handle(s_ada, new SetRollout(s_second, Rollout.Of(mode, percent), "A quiet week"));

    private string? Withdraw(int model) => _lines.Handle(Heart, null, _ => Withdrawn(model)).Refusal;

    private static WithdrawnAtSite Withdrawn(int model) => new(SiteId.Parse("north"), new Withdrawal(Heart, Model(model), WithdrawalReason.Latency, DateTimeOffset.UnixEpoch));

    private string? Handle(Member member, StageCommand command) => _lines.Handle(Heart, member, _ => command).Refusal;

    private ModelStage Stage(ModelVersion version) => _lines.Of(Heart).Versions[version].Stage;

    private static Sha256Digest Model(int number) => Sha256Digest.Of([(byte)number]);
}
