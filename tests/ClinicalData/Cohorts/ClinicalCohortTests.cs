using System.Security.Cryptography;
using System.Text;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Durability.Simulation;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.ClinicalData.Quality;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace FederatedClinicalMl.Tests.ClinicalData;

public sealed class ClinicalCohortTests
{
    private const string Count = "count: {kind: count, of: [observation], codes: {loinc: [8867-4]}, range: [0, 100]}";

    private static ScriptedRecord Stay(string patient, string id, double time, double end) =>
        new($"e{id}", patient, time, time, Code: "IMP") { Kind = EventKind.Encounter, Encounter = id, End = end };

    private static ScriptedRecord Diagnosis(string patient, string id, double time, double? available = null) => new($"c{id}", patient, time, available ?? time, Code: "1") { Kind = EventKind.Condition };

    private static ScriptedRecord Pulse(string patient, string id, double time, double? available = null) => new($"o{id}", patient, time, available ?? time, Number: 70);

    // The script's codes are all of one system.
    private static string Cohort(string index, string rest = "", string outcome = "within: 30d, follow-up: assumed") => $$"""
        index: {{index}}
        outcome: {name: outcome, of: [condition], codes: {loinc: ["1"]}, {{outcome}}}
        {{rest}}
        """;

    [Fact]
    public void Row_is_predicted_at_its_index_and_labelled_by_what_comes_after_it()
    {
        var rows = Rows(Cohort("{event: encounter, at: end}"),
            Stay("p", "1", 0, 48), Pulse("p", "1", 47), Pulse("p", "2", 48.5), Diagnosis("p", "1", 48 + 24),
            Stay("q", "2", 0, 48), Diagnosis("q", "2", 10), Diagnosis("q", "3", 48 + (31 * 24)));

        Assert.Equal([("p", Chart.Hour(48), 1.0, 1f), ("q", Chart.Hour(48), 0.0, 0f)], rows.Select(row => (row.Patient, row.Prediction, row.Values[0], row.Label)));
    }

    [Fact]
    public void Prediction_after_the_index_sees_what_became_known_meanwhile()
    {
        var rows = Rows(Cohort("{event: encounter}", "prediction-after: 24h"), Stay("p", "1", 0, 48), Pulse("p", "1", 1, available: 23), Pulse("p", "2", 1, available: 25));

        Assert.Equal((Chart.Hour(24), 1.0), (Assert.Single(rows).Prediction, rows[0].Values[0]));
    }

    [Fact]
    public void Condition_as_index_counts_from_its_recorded_date()
    {
        var rows = Rows(Cohort("{event: condition, codes: {loinc: [\"1\"]}}"), Diagnosis("p", "1", 5, available: 100), Pulse("p", "1", 99));

        Assert.Equal((Chart.Hour(100), 1.0), (Assert.Single(rows).Prediction, rows[0].Values[0]));
    }

    [Theory]
    [InlineData("first", new[] { 0.0 })]
    [InlineData("last", new[] { 2000.0 })]
    [InlineData("each", new[] { 0.0, 100, 800, 2000 })]
    [InlineData("each, gap: 30d", new[] { 0.0, 800, 2000 })]
    public void Occurrence_says_which_index_events_make_rows(string occurrence, double[] expected)
    {
        var rows = Rows(Cohort($"{{event: encounter, occurrence: {occurrence}}}"), Stay("p", "1", 0, 1), Stay("p", "2", 100, 101), Stay("p", "3", 800, 801), Stay("p", "4", 2000, 2001));

        Assert.Equal(expected.Select(Chart.Hour), rows.Select(row => row.Prediction));
    }

    [Fact]
    public void Criteria_hold_by_what_was_known_at_the_prediction_and_the_flow_counts_each()
    {
        var cohort = Of(Cohort("{event: encounter}", """
            include:
              - {name: measured, kind: events, of: [observation], codes: {loinc: [8867-4]}}
              - {name: known for a day, kind: history, at-least: 24h}
            exclude:
              - {name: ill already, kind: events, of: [condition]}
            """),
            Stay("in", "1", 100, 101), Pulse("in", "1", 50),
            Stay("unmeasured", "2", 100, 101), Pulse("unmeasured", "2", 50, available: 200),
            Stay("new", "3", 100, 101), Pulse("new", "3", 90),
            Stay("ill", "4", 100, 101), Pulse("ill", "4", 50), Diagnosis("ill", "4", 60),
            Stay("found ill later", "5", 100, 101), Pulse("found ill later", "5", 50), Diagnosis("found ill later", "5", 60, available: 150));

        Assert.Equal(["found ill later", "in"], cohort.Rows.Select(row => row.Patient));
        Assert.Equal(
            [5, 5, 5, 5, 4, 3, 2, 2, 2, 2],
            cohort.Cohort.Counts.Flow.Select(step => step.Patients));
        Assert.Equal("with: measured", cohort.Cohort.Counts.Flow[4].Name);
    }

    [Fact]
    public void Row_without_outcome_and_without_follow_up_is_left_out()
    {
        var cohort = Of(Cohort("{event: encounter}", outcome: "within: 30d"),
            Stay("gone", "1", 0, 1),
            Stay("seen", "2", 0, 1), Pulse("seen", "2", 31 * 24),
            Stay("dead", "3", 0, 1), new ScriptedRecord("d3", "dead", 20, 20) { Kind = EventKind.Death },
            Stay("ill", "4", 0, 1), Diagnosis("ill", "4", 5));

        Assert.Equal([("dead", 0f), ("ill", 1f), ("seen", 0f)], cohort.Rows.Select(row => (row.Patient, row.Label)));
        Assert.Equal(1, cohort.Cohort.Counts.WithoutLabel);
    }

    [Theory]
    [InlineData("last", 90f)]
    [InlineData("first", 60f)]
    [InlineData("mean", 70f)]
    [InlineData("min", 60f)]
    [InlineData("max", 90f)]
    public void Number_that_is_predicted_is_made_of_what_was_measured_in_the_horizon(string aggregate, float expected)
    {
        var cohort = Of(aggregate, new Ward()
            .Add("p", EventKind.Encounter, 0, CodeSystems.ActCode, "IMP", end: 2).Number("p", 1.9, "8867-4", 150, "/min")
            .Number("p", 3, "8867-4", 60, "/min").Number("p", 4, "8867-4", 60, "/min").Number("p", 5, "8867-4", 90, "/min")
            .Number("p", 6, "8867-4", 1000, "/min").Number("p", 7, "8867-4", 70, "mg/dL").Number("p", 800, "8867-4", 200, "/min") // implausible, no frequency, after the horizon
            .Add("unmeasured", EventKind.Encounter, 0, CodeSystems.ActCode, "IMP", end: 2).Number("unmeasured", 800, "8867-4", 60, "/min"));

        var row = Assert.Single(cohort.Rows);
        Assert.Equal(("p", expected), (row.Patient, row.Label));
        Assert.Equal([expected], cohort.Cohort.Training.Labels.Concat(cohort.Cohort.Test.Labels));
        Assert.Equal(1, cohort.Cohort.Counts.WithoutLabel);
        Assert.Equal(1, cohort.Cohort.Counts.Flow.Single(step => step.Name == "with a plausible outcome").Rows);
    }

    [Fact]
    public void Events_that_are_counted_are_whole_only_of_whom_was_followed_up()
    {
        var cohort = Of(Cohort("{event: encounter}", outcome: "within: 30d, number: {aggregate: count, unit: \"1\", range: [0, 2]}"),
            Stay("gone", "1", 0, 1), Diagnosis("gone", "1", 5),
            Stay("dead", "2", 0, 1), Diagnosis("dead", "2", 5), new ScriptedRecord("d2", "dead", 20, 20) { Kind = EventKind.Death },
            Stay("seen", "3", 0, 1), Diagnosis("seen", "3", 5), Diagnosis("seen", "4", 6), Pulse("seen", "1", 31 * 24),
            Stay("well", "4", 0, 1), Pulse("well", "2", 31 * 24),
            Stay("often", "5", 0, 1), Diagnosis("often", "5", 5), Diagnosis("often", "6", 6), Diagnosis("often", "7", 7), Pulse("often", "3", 31 * 24)); // more than is plausible

        Assert.Equal([("dead", 1f), ("seen", 2f), ("well", 0f)], cohort.Rows.Select(row => (row.Patient, row.Label)));
        Assert.Equal(2, cohort.Cohort.Counts.WithoutLabel);
    }

    [Fact]
    public void Fingerprint_tells_numbers_apart_and_of_yes_and_no_is_what_it_was()
    {
        Assert.NotEqual(Fingerprint(Of("last", Pulses(60))), Fingerprint(Of("last", Pulses(61))));
        // Of a row of patient p, predicted at hour 48, with one pulse, the outcome and in the training set: as written down before a number could be predicted.
        var rows = Rows(Cohort("{event: encounter, at: end}"), Stay("p", "1", 0, 48), Pulse("p", "1", 47), Diagnosis("p", "1", 72));
        using var hash = Key();
        hash.AppendData("p"u8);
        hash.AppendData(BitConverter.GetBytes(Chart.Hour(48).Microseconds));
        hash.AppendData(BitConverter.GetBytes(1.0));
        hash.AppendData([(byte)1, (byte)(rows[0].IsTest ? 1 : 0)]);
        Assert.Equal(Convert.ToHexString(hash.GetHashAndReset()), Fingerprint(Of(Cohort("{event: encounter, at: end}"), Stay("p", "1", 0, 48), Pulse("p", "1", 47), Diagnosis("p", "1", 72))));

        static Ward Pulses(double number) => new Ward().Add("p", EventKind.Encounter, 0, CodeSystems.ActCode, "IMP", end: 2).Number("p", 3, "8867-4", number, "/min");

        static string Fingerprint(ClinicalCohort cohort)
        {
            using var hash = Key();
            cohort.AppendTo(hash);
            return Convert.ToHexString(hash.GetHashAndReset());
        }

        static IncrementalHash Key() => IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, "k"u8);
    }

    [Fact]
    public void Nobody_is_predicted_after_death()
    {
        Assert.Empty(Rows(Cohort("{event: date, date: 2020-06-01}"), Pulse("p", "1", 0), new ScriptedRecord("d", "p", 20, 20) { Kind = EventKind.Death }));
    }

    [Fact]
    public void Birthday_as_index_is_its_end_by_the_hospitals_clock()
    {
        var rows = Rows(Cohort("{event: age, years: 20}"), new ScriptedRecord("b", "p", -20 * 365.25 * 24, 0) { Kind = EventKind.Birth }, Pulse("p", "1", 0));

        Assert.Equal(Chart.Clock.EndOfDay(new DateOnly(2020, 1, 1)), Assert.Single(rows).Prediction);
    }

    [Fact]
    public void Patients_belong_to_one_part_by_their_first_year_of_care()
    {
        var year = 366 * 24.0;
        var rows = Rows(Cohort("{event: encounter, occurrence: each}"), "{test-from: 2021}",
            Stay("early", "1", 0, 1), Stay("both", "2", 0, 1), Stay("both", "3", year + 1, year + 2), Stay("late", "4", year + 1, year + 2), Stay("late", "5", year + 50, year + 51));

        Assert.Equal([("both", false), ("early", false), ("late", true), ("late", true)], rows.Select(row => (row.Patient, row.IsTest)));
    }

    [Fact]
    public void Opted_out_patients_are_counted_and_nothing_else()
    {
        var cohort = ClinicalCohort.Of(
            ClinicalStudyText.Of(Count, Cohort("{event: encounter}")).Data, Source(Stay("p", "1", 0, 1), Stay("q", "2", 0, 1)), patient => patient == "p", TestContext.Current.CancellationToken);

        Assert.Equal(["q"], cohort.Rows.Select(row => row.Patient));
        Assert.Equal(1, cohort.Cohort.Counts.OptedOut);
    }

    private static ClinicalCohort Of(string aggregate, Ward ward) => ClinicalCohort.Of(
        ClinicalStudyText.Of(Count, $$"""
            index: {event: encounter, at: end}
            outcome: {name: pulse, of: [observation], codes: {loinc: [8867-4]}, within: 30d, number: {aggregate: {{aggregate}}, unit: /min, range: [20, 300]} }
            """, model: "{kind: linear-regression}").Data, ward.Open(), _ => false, TestContext.Current.CancellationToken);

    private static ClinicalCohort Of(string cohort, params ReadOnlySpan<ScriptedRecord> records) =>
        ClinicalCohort.Of(ClinicalStudyText.Of(Count, cohort, model: cohort.Contains("number:", StringComparison.Ordinal) ? "{kind: linear-regression}" : "{kind: logistic-regression}").Data, Source(records), _ => false, TestContext.Current.CancellationToken);

    private static ClinicalRow[] Rows(string cohort, params ReadOnlySpan<ScriptedRecord> records) => [.. Of(cohort, records).Rows];

    private static ClinicalRow[] Rows(string cohort, string split, params ReadOnlySpan<ScriptedRecord> records) =>
        [.. ClinicalCohort.Of(ClinicalStudyText.Of(Count, cohort, split).Data, Source(records), _ => false, TestContext.Current.CancellationToken).Rows];

    private static ClinicalSource Source(params ReadOnlySpan<ScriptedRecord> records)
    {
        var store = new EventStore(new SimulatedDisk(1), () => IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes("k")), new FakeTimeProvider());
        store.Import(new ScriptedSource(records), new ImportLimits(0), TestContext.Current.CancellationToken);
        var snapshot = store.Snapshot();
        return new ClinicalSource(snapshot, new SiteConcepts(snapshot.Concepts, SiteMapping.Empty), Chart.Clock);
    }
}
