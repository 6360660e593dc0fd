using System.Collections.Immutable;
using System.Text.Json.Nodes;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.ClinicalData;
using FederatedClinicalMl.Tests.ClinicalData.Quality;
using FederatedClinicalMl.Tests.Coordinator;
using Kind = FederatedClinicalMl.Protos.WorkerPort.StepOrder.Types.Kind;

namespace FederatedClinicalMl.Tests.Worker.Computing;

public sealed class QualityGateTests : IDisposable
{
    private static readonly Study s_study = ClinicalStudyText.Of(
        "pulse: {kind: number, of: [observation], codes: {loinc: [8867-4]}, unit: /min, plausible: [20, 300]}",
        """
        index: {event: encounter}
        outcome: {name: outcome, of: [condition], codes: {snomed: ["77386006"]}, within: 365d, follow-up: assumed}
        """);

    private readonly TemporaryFolder _temporary = new();
    private readonly WorkerFolder _folder;
    private readonly SiteEvents _events;
    private readonly CohortCache _cohorts;
    private readonly QualityDesk _desk;
    private readonly Site _site;
    private Ward _ward = Ward.Sound();
    private string? _mapping;

    public QualityGateTests()
    {
        _folder = new WorkerFolder(_temporary.Of("worker"));
        Directory.CreateDirectory(_folder.Root);
        var quality = new QualityFile(_folder.Quality).Read;
        Site? site = null;
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(Ward.ImportedAt);
        _events = new SiteEvents(_folder, Map, Site.Secret, new StoreKey(new byte[32]), time, dataset => site!.Core.State.Decisions.GetValueOrDefault(dataset, DecisionMark.None), (dataset, mapping) => site!.Core.State.Approves(dataset, mapping));
        _cohorts = new CohortCache(Map, _events.Open, Site.Secret, quality);
        _site = site = new Site(computer: new SiteStepComputer(_cohorts, new FakeTrainer()));
        _desk = new QualityDesk(_site.Core, _events, quality, time);
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _site.Dispose();
        _temporary.Dispose();
    }

    [Fact]
    public void Site_whose_data_pass_takes_part()
    {
        Import();

        Assert.NotNull(_site.Release(Order()));
        Assert.True(_desk.Check("ehr", s_study, Stop).Passed);
    }

    [Fact]
    public void Site_whose_data_fail_is_declined_by_a_reason_of_its_own_and_the_sentence_tells_counts_alone()
    {
        PlantPulses();

        var declined = Declined();

        Assert.Equal(Reason.DataQuality, declined.Reason);
        Assert.Contains("range-heart-rate (high): 3 of 183 numbers fail, allowed are 1 %", declined.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("p1", declined.Message, StringComparison.Ordinal);
        Assert.Empty(_site.Outgoing);
    }

    [Fact]
    public void Study_says_which_severities_keep_a_site_out()
    {
        PlantPulses();
        var declaration = JsonNode.Parse(s_study.Canonical.Span)!;
        declaration["data"]!["quality"] = new JsonObject { ["keeps-out"] = new JsonArray("critical"), ["rules"] = new JsonArray() };
        var lenient = StudyChecker.CheckCanonical(CanonicalJson.Write(declaration)).Study!;
        _site.Approve(lenient);

        Assert.NotNull(_site.Release(Site.Order(Kind.Preparation, study: lenient)));
    }

    [Fact]
    public void Site_joins_after_its_steward_has_reviewed_what_was_flagged()
    {
        PlantPulses();
        Assert.Equal(Reason.DataQuality, Declined().Reason);

        var taken = _desk.Decide("ehr", Decided("keep", "exclude", "correct 72"), "grace");

        Assert.Equal((1u, 3u), (taken.Version, taken.Count));
        Assert.NotNull(_site.Release(Order()));
        var entry = _site.Entries.Single(entry => (string)entry["kind"]! == WorkerEntries.QualityDecided)["body"]!;
        Assert.Equal(("ehr", 1, 3, "grace"), ((string)entry["dataset"]!, (int)entry["version"]!, (int)entry["count"]!, (string)entry["steward"]!));
        Assert.Equal(64, ((string)entry["digest"]!).Length);
    }

    [Fact]
    public void Decision_changes_the_rows_and_their_fingerprint()
    {
        PlantPulses();
        var exclusions = _site.Core.Exclusions();
        var before = _cohorts.Load(s_study, exclusions);
        Assert.Same(before, _cohorts.Load(s_study, exclusions));
        _ = Assert.Single(_desk.Check("ehr", null, Stop).Rules, rule => rule.Rule == "range-heart-rate" && rule.Verdict == "failed");

        _desk.Decide("ehr", Decided("", "", "correct 99"), "grace");

        Assert.NotEqual(before.Fingerprint, _cohorts.Load(s_study, exclusions).Fingerprint);
    }

    [Theory]
    [InlineData("store.json")]
    [InlineData("imports/000001/events-000.parquet")]
    public void Store_that_cannot_be_opened_declines_every_study_over_it_and_the_steward_hears_what_to_do(string file)
    {
        Import();
        var path = Path.Combine(_folder.Events, "ehr", file);
        var bytes = File.ReadAllBytes(path);
        bytes[^1] ^= 1;
        File.WriteAllBytes(path, bytes);

        var declined = Declined();

        Assert.Equal(Reason.DataUnfit, declined.Reason);
        Assert.StartsWith($"'{file}' cannot be opened: its key is another one, or its bytes were changed", declined.Message, StringComparison.Ordinal);
        Assert.EndsWith("remove that folder and import the export again.", declined.Message, StringComparison.Ordinal);
        Assert.Equal(declined.Message, Assert.Throws<StewardException>(() => _desk.Check("ehr", null, Stop)).Message);
        _ = _events.Stored().ToList(); // the worker starts all the same
    }

    [Fact]
    public void Faulty_rules_of_the_site_decline_every_study_over_events_and_the_steward_hears_where()
    {
        Import();
        File.WriteAllText(_folder.Quality, "quality: 1\nrules:\n  - {test: range, name: x}\n");

        var declined = Declined();

        Assert.Equal(Reason.DataUnfit, declined.Reason);
        Assert.StartsWith("quality.yaml:3:5: The key 'dimension' is missing.", declined.Message, StringComparison.Ordinal);
        Assert.StartsWith("quality.yaml:3:5:", Assert.Throws<StewardException>(() => _desk.Check("ehr", null, Stop)).Message, StringComparison.Ordinal);
        File.Delete(_folder.Quality);
        Assert.NotNull(_site.Release(Order()));
    }

    [Fact]
    public void Rule_of_the_site_keeps_it_out_from_the_moment_it_is_saved()
    {
        Import();
        _cohorts.Load(s_study, _site.Core.Exclusions());
        File.WriteAllText(_folder.Quality, "quality: 1\nrules:\n  - {test: recorded, name: surgery, dimension: completeness, severity: high, of: [procedure]}\n");

        Assert.Contains("site-surgery (high): 60 of 60 patients", Declined().Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Rule_that_the_site_loosens_still_keeps_it_out_of_a_study_and_the_sentence_says_why()
    {
        PlantPulses();
        File.WriteAllText(_folder.Quality, "quality: 1\nchanges:\n  - {rule: range-heart-rate, maximum-share: 0.5, severity: low, reason: ours are fast}\n");

        Assert.Contains(
            "range-heart-rate (high): 3 of 183 numbers fail, allowed are 1 %, for a study holds no change of the site's that loosens a rule", Declined().Message, StringComparison.Ordinal);
        Assert.False(_desk.Check("ehr", s_study, Stop).Passed);
        var own = _desk.Check("ehr", null, Stop);
        Assert.True(own.Passed);
        Assert.Equal("range-heart-rate", Assert.Single(own.Loosened));
        Assert.Equal("comes as high with 1 % allowed. ours are fast", own.Rules.Single(rule => rule.Rule == "range-heart-rate").Change);
    }

    [Fact]
    public void Rule_that_the_site_tightens_keeps_it_out_from_the_moment_it_is_saved()
    {
        _ward = _ward.Number("p1", 24, "8867-4", 7, "/min"); // 1 of 181 numbers: 0.6 %
        Import();
        Assert.Empty(_cohorts.Load(s_study, _site.Core.Exclusions()).Faults); // and the report is in the cache
        Assert.True(_desk.Check("ehr", s_study, Stop).Passed);
        File.WriteAllText(_folder.Quality, "quality: 1\nchanges:\n  - {rule: range-heart-rate, maximum-share: 0.001, reason: ours are sure}\n");

        Assert.Contains("range-heart-rate (high): 1 of 181 numbers fail, allowed are 0.1 %", Declined().Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Decisions_that_a_kill_kept_from_the_log_hold_once_they_are_logged()
    {
        PlantPulses();
        _events.Decide("ehr", Decided("exclude", "exclude", "exclude"), "grace");
        Assert.Equal(Reason.DataQuality, Declined().Reason);

        _desk.Recover();

        Assert.Contains(WorkerEntries.QualityDecided, _site.Kinds);
        Assert.NotNull(_site.Release(Order()));
    }

    [Fact]
    public void Decisions_that_were_lost_decline_instead_of_being_forgotten()
    {
        PlantPulses();
        _desk.Decide("ehr", Decided("exclude", "exclude", "exclude"), "grace");
        File.Delete(Path.Combine(_folder.Decisions, "ehr.jsonl"));

        var declined = Declined();

        Assert.Equal(Reason.DataUnfit, declined.Reason);
        Assert.Contains("not those that the worker's log has as version 1", declined.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Patients_who_opted_out_are_left_out_of_a_study_over_events()
    {
        Import();
        _site.Core.SetExclusions(["p1"], "grace");

        Assert.NotNull(_site.Release(Order()));
        Assert.Equal(59u, _desk.Check("ehr", null, Stop).Patients);
    }

    [Fact]
    public void Mapping_that_no_steward_approved_declines_and_one_that_was_is_used()
    {
        Import();
        _mapping = _temporary.Of("mapping.yaml");
        File.WriteAllText(_mapping, "{version: 1, reviewed-by: Ann, reviewed-on: 2026-01-31, codes: [], units: []}");

        var declined = Declined();
        Assert.Equal(Reason.DataUnfit, declined.Reason);
        Assert.StartsWith("Version 1 of the mapping of 'ehr' was not approved here.", declined.Message, StringComparison.Ordinal);

        _site.Core.ApproveMapping("ehr", SiteMappingReader.Read(File.ReadAllText(_mapping)).Mapping!, "grace", "");
        Assert.NotNull(_site.Release(Order()));
    }

    [Fact]
    public void Review_of_a_study_of_another_dataset_is_refused()
    {
        Import();

        Assert.Contains("reads a table", Assert.Throws<StewardException>(() => _desk.Check("ehr", Site.Study, Stop)).Message, StringComparison.Ordinal);
    }

    private void PlantPulses()
    {
        _ward = _ward.Number("p1", 24, "8867-4", 7, "/min").Number("p2", 48, "8867-4", 8, "/min").Number("p3", 72, "8867-4", 9, "/min");
        Import();
    }

    private void Import() => _events.Import("ehr", 0, Stop);

    private StepDeclinedException Declined()
    {
        StepDeclinedException? declined = null;
        Assert.Equal(StepResult.BodyOneofCase.Declined, _site.Core.Perform(Order(), decline => declined = decline).BodyCase);
        return declined!;
    }

    private StepOrder Order()
    {
        _site.Approve(s_study);
        return Site.Order(Kind.Preparation, study: s_study);
    }

    private string Decided(params string[] decisions) =>
        string.Join('\n', _desk.Review("ehr", null, Stop).Csv.Split('\n').Select((line, i) => i >= 1 && i <= decisions.Length ? line + decisions[i - 1] : line));

    private DatasetMap Map() => new(
        ImmutableDictionary<string, DatasetSource>.Empty, ImmutableDictionary<string, EventDataset>.Empty.Add("ehr", new WardDataset(_ward, _mapping)), []);

    private sealed record WardDataset(Ward Ward, string? Mapping) : EventDataset("ward", TimeZoneInfo.Utc, Mapping)
    {
        public override IEventSource Open() => Ward;
    }
}
