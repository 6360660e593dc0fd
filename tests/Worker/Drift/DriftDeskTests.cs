using System.Collections.Immutable;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Durability.Simulation;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.ClinicalData;
using FederatedClinicalMl.Tests.ClinicalData.Quality;
using FederatedClinicalMl.Tests.Coordinator;

namespace FederatedClinicalMl.Tests.Worker.Drift;

public sealed class DriftDeskTests : IDisposable
{
    private static readonly Study s_study = ClinicalStudyText.Of(
        "pulse: {kind: number, of: [observation], codes: {loinc: [8867-4]}, unit: /min, plausible: [20, 300]}",
        """
        index: {event: encounter}
        outcome: {name: outcome, of: [condition], codes: {snomed: ["77386006"]}, within: 365d, follow-up: assumed}
        """);

    private static readonly RunId s_first = RunId.Parse(new string('1', 16));
    private static readonly RunId s_second = RunId.Parse(new string('2', 16));

    private readonly SimulatedDisk _disk = new(1);
    private readonly TemporaryFolder _temporary = new();
    private readonly List<DriftCheck> _alarms = [];
    private readonly SiteEvents _events;
    private readonly CohortCache _cohorts;
    private readonly DriftDesk _desk;
    private readonly DriftReport _report;
    private readonly Site _site = new();
    private readonly Ward _ward = new();
    private int _patients;

    public DriftDeskTests()
    {
        DatasetMap Map() => new(ImmutableDictionary<string, DatasetSource>.Empty, ImmutableDictionary<string, EventDataset>.Empty.Add("ehr", new WardDataset(_ward)), []);
        var folder = new WorkerFolder(_temporary.Of("worker"));
        Directory.CreateDirectory(folder.Root);
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(Ward.ImportedAt);
        _events = new SiteEvents(folder, Map, Site.Secret, new StoreKey(new byte[32]), time, _ => DecisionMark.None, (_, _) => true);
        _cohorts = new CohortCache(Map, _events.Open, Site.Secret);
        _desk = new DriftDesk(_disk, (_, check) => _alarms.Add(check));
        _report = new DriftReport(_site.Core, _events, Site.Secret, _desk);
        Admit(300, pulse: 70);
    }

    public void Dispose()
    {
        _site.Dispose();
        _temporary.Dispose();
    }

    [Fact]
    public void Rows_that_change_between_rounds_of_a_run_are_checked_once_and_unchanged_ones_spend_nothing()
    {
        Round(s_first);
        Round(s_first);
        Assert.Empty(_alarms);
        Assert.Equal(0, Checks());

        Admit(300, pulse: 120);
        Round(s_first);
        Round(s_first);
        Round(s_first);

        Assert.Equal(1, Assert.Single(_alarms).Number);
        Assert.Contains(_alarms[0].Alarms, alarm => alarm.Measurement is { Subject: "pulse", Test: DriftTest.KolmogorovSmirnov });
        Assert.Equal(1, Checks());
    }

    [Fact]
    public void Reference_stays_through_a_run_so_that_many_small_changes_are_seen()
    {
        Round(s_first);
        foreach (var pulse in (double[])[71, 72, 73, 74, 75, 76, 77, 78])
        {
            Admit(150, pulse);
            Round(s_first);
        }

        Assert.Equal(8, Checks());
        Assert.NotEmpty(_alarms);
    }

    [Fact]
    public void New_run_is_checked_against_the_last_ones_rows_where_they_are_others()
    {
        Round(s_first);
        Round(s_second);
        Assert.Equal(0, Checks());

        Admit(300, pulse: 120);
        Round(RunId.Parse(new string('3', 16)));
        Assert.Equal(1, Assert.Single(_alarms).Number);

        Admit(10, pulse: 120); // nothing to speak of, against the rows with which that run began
        Round(RunId.Parse(new string('4', 16)));
        Assert.Equal((2, 1), (Checks(), _alarms.Count));
    }

    [Fact]
    public void Question_that_is_asked_again_of_the_same_rows_is_the_same_check()
    {
        Round(s_first);
        var (all, years) = (_report.Of(s_study, ""), _report.Of(s_study, "2020-06-01", "month"));

        Assert.Equal((1u, 2u), (all.Number, years.Number));
        Assert.Equal(all, _report.Of(s_study, ""));
        Assert.Equal(years, _report.Of(s_study, "2020-06-01", "month"));
        Assert.Equal(3u, _report.Of(s_study, "2020-06-01").Number);

        Admit(300, pulse: 70);
        Assert.Equal(4u, _report.Of(s_study, "").Number);
        Round(s_first);
        Assert.Equal(5, Checks());
    }

    [Fact]
    public void Site_on_which_nobody_trained_can_be_checked_by_day_and_by_window_alone()
    {
        Assert.Contains("No run of the study", Assert.Throws<StewardException>(() => _report.Of(s_study, "")).Message, StringComparison.Ordinal);
        Assert.Equal(0, Checks());

        Assert.Equal(1u, _report.Of(s_study, "2020-06-01").Number);
        Assert.Throws<StewardException>(() => _report.Of(s_study, "", "week"));
        Assert.Contains("300 rows none are left after the first 500", Assert.Throws<DatasetException>(() => _report.Of(s_study, "", "month")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void File_that_is_damaged_keeps_nobody_from_training()
    {
        Round(s_first);
        var path = $"drift/{s_study.Digest}.json";
        DurableFile.Write(_disk, path, DurableFile.Read(_disk, path).AsSpan(0, 100).ToArray());

        Round(s_second);
        Admit(300, pulse: 120);
        Round(s_second);

        Assert.Single(_alarms);
    }

    private void Round(RunId run) => _desk.BeforeRound(s_study, run, _cohorts.Load(s_study, _site.Core.Exclusions()));

    private int Checks() => _disk.Exists($"drift/{s_study.Digest}.json") ? (int)CanonicalJson.Read(DurableFile.Read(_disk, $"drift/{s_study.Digest}.json"))!["checks"]! : 0;

    // Patients with a stay each, one a day, and a pulse an hour before.
    private void Admit(int patients, double pulse)
    {
        for (var i = 0; i < patients; i++, _patients++)
        {
            var (patient, start) = ($"p{_patients}", 24.0 * (_patients % 400));
            _ward.Born(patient, 1960, "male").Number(patient, start - 1, "8867-4", pulse + ((i * 7) % 20), "/min").Add(patient, EventKind.Encounter, start, CodeSystems.ActCode, "IMP", end: start + 5);
        }

        _events.Import("ehr", 0, TestContext.Current.CancellationToken);
    }

    private sealed record WardDataset(Ward Ward) : EventDataset("ward", TimeZoneInfo.Utc, null)
    {
        public override IEventSource Open() => Ward;
    }
}
