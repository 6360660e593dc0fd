using CsCheck;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Durability.Simulation;
using Xunit;

namespace FederatedClinicalMl.Tests.ClinicalData.Quality;

public sealed class QualityDecisionTests
{
    private const string File = "ehr.jsonl";

    private readonly SimulatedDisk _disk = new(1);
    private readonly Ward _ward = Ward.Sound().Number("p1", 30, "8867-4", 7, "/min").Number("p2", 30, "8867-4", 8, "/min").Number("p3", 30, "8867-4", 9, "/min");

    [Fact]
    public void Queue_shows_pseudonym_time_value_rule_and_line()
    {
        var lines = Queue(_ward.Open()).Split('\n');

        Assert.Equal("rule,pseudonym,when,kind,code,value,unit,import,file,line,concept,decision", lines[0]);
        Assert.StartsWith("range-heart-rate,p1,2020-01-02T06:00:00Z,Observation,http://loinc.org|8867-4,7,/min,1,ward.ndjson,541,", lines[1], StringComparison.Ordinal);
        Assert.EndsWith(",", lines[1], StringComparison.Ordinal);
        Assert.Equal(["outliers-iqr", "outliers-z", "range-heart-rate"], lines[1..^1].Select(line => line[..line.IndexOf(',', StringComparison.Ordinal)]).Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(1 + (3 * 3) + 1, lines.Length);
    }

    [Fact]
    public void Decisions_that_were_filled_in_are_applied_whenever_the_store_is_read()
    {
        var source = _ward.Open();
        var log = new DecisionLog(_disk, File, Ward.Key);
        var decided = ReviewQueue.Read(Decided(source, "keep", "exclude", "correct 80"), source);
        var mark = log.Append("grace", Ward.ImportedAt, source.Snapshot, decided).Mark;

        var decisions = log.Of(mark, source.Snapshot.Imports);

        var run = _ward.Check(decisions: decisions);
        var heartRate = run.Report.Results.Single(result => result.Rule.Id == "range-heart-rate");
        Assert.Equal((182, 0, 1, 1), (heartRate.Checked, heartRate.Failed, heartRate.Kept, run.Report.Decisions));
        Assert.Equal([7.0], Pulses(source.Snapshot.With(decisions), "p1", 30));
        Assert.Equal([], Pulses(source.Snapshot.With(decisions), "p2", 30));
        Assert.Equal([80.0], Pulses(source.Snapshot.With(decisions), "p3", 30));
    }

    [Fact]
    public void Events_that_are_excluded_are_as_if_they_had_never_been()
    {
        var pulse = Gen.Select(Gen.Int[0, 4], Gen.Int[0, 200], Gen.Int[30, 200], Gen.Bool, (patient, hour, number, isExcluded) => (patient, hour, number, isExcluded));
        pulse.Array[1, 40].Sample(pulses =>
        {
            Ward Of(IEnumerable<(int Patient, int Hour, int Number, bool)> all) => all.Aggregate(
                Sentinel(), (ward, one) => ward.Number($"p{one.Patient}", one.Hour, "8867-4", one.Number, "/min"));
            var decisions = new EventDecisions(1, pulses.Index().Where(item => item.Item.isExcluded).Select(item =>
                new EventDecision(new EventKey(new EventOrigin(1, 0, item.Index + 2), EventKind.Observation, 0), "range-heart-rate", DecisionAction.Exclude)));

            Assert.Equal(Everything(Of(pulses.Where(one => !one.isExcluded)).Open().Snapshot), Everything(Of(pulses).Open(decisions).Snapshot));
        }, iter: 50);
    }

    [Fact]
    public void Last_decision_about_an_event_counts()
    {
        var source = _ward.Open();
        var log = new DecisionLog(_disk, File, Ward.Key);
        log.Append("grace", Ward.ImportedAt, source.Snapshot, ReviewQueue.Read(Decided(source, "exclude", "exclude", "keep"), source));
        var mark = log.Append("ada", Ward.ImportedAt, source.Snapshot, ReviewQueue.Read(Decided(source, "correct 70", "", "exclude"), source)).Mark;

        var snapshot = source.Snapshot.With(log.Of(mark, source.Snapshot.Imports));

        Assert.Equal(2, mark.Version);
        Assert.Equal([70.0], Pulses(snapshot, "p1", 30));
        Assert.Equal([], Pulses(snapshot, "p2", 30));
        Assert.Equal([], Pulses(snapshot, "p3", 30));
        Assert.Equal(["grace", "ada"], log.Read().Select(batch => batch.Steward));
    }

    [Fact]
    public void Decisions_behind_the_mark_do_not_hold()
    {
        var source = _ward.Open();
        var log = new DecisionLog(_disk, File, Ward.Key);
        log.Append("grace", Ward.ImportedAt, source.Snapshot, ReviewQueue.Read(Decided(source, "exclude", "", ""), source));

        Assert.Same(EventDecisions.None, log.Of(DecisionMark.None, source.Snapshot.Imports));
    }

    [Fact]
    public void Decisions_that_are_not_those_of_the_mark_are_refused()
    {
        var source = _ward.Open();
        var log = new DecisionLog(_disk, File, Ward.Key);
        var mark = log.Append("grace", Ward.ImportedAt, source.Snapshot, ReviewQueue.Read(Decided(source, "correct 70", "", ""), source)).Mark;
        var bytes = DurableFile.Read(_disk, File);
        bytes[bytes.AsSpan().IndexOf("\"number\":70"u8) + 9] = (byte)'9';
        DurableFile.Write(_disk, File, bytes);

        Assert.Contains("not those that the worker's log has as version 1", Assert.Throws<DatasetException>(() => log.Of(mark, source.Snapshot.Imports)).Message, StringComparison.Ordinal);
        _disk.Delete(File);
        Assert.Throws<DatasetException>(() => log.Of(mark, source.Snapshot.Imports));
    }

    [Fact]
    public void Decisions_about_a_store_that_was_made_anew_from_something_else_do_not_hold()
    {
        var source = _ward.Open();
        var log = new DecisionLog(_disk, File, Ward.Key);
        var mark = log.Append("grace", Ward.ImportedAt, source.Snapshot, ReviewQueue.Read(Decided(source, "exclude", "", ""), source)).Mark;
        var other = _ward.Number("p4", 30, "8867-4", 70, "/min").Open();

        Assert.Equal((1, 0), (log.Of(mark, source.Snapshot.Imports).Count, log.Of(mark, other.Snapshot.Imports).Count));
    }

    [Theory]
    [InlineData("maybe", "Line 2", "keep, exclude, or correct")]
    [InlineData("correct", "Line 2", "keep, exclude, or correct")]
    [InlineData("correct 7,5", "Line 2", "13 fields")]
    [InlineData("correct NaN", "Line 2", "keep, exclude, or correct")]
    public void Table_with_a_faulty_decision_decides_nothing(string decision, string where, string what)
    {
        var source = _ward.Open();

        var fault = Assert.Throws<DatasetException>(() => ReviewQueue.Read(Decided(source, decision, "keep", ""), source)).Message;

        Assert.Contains(where, fault, StringComparison.Ordinal);
        Assert.Contains(what, fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(",541,", ",540,", "no such event")]
    [InlineData(",541,", ",x,", "whole numbers")]
    [InlineData("ward.ndjson", "other.ndjson", "none of that import")]
    [InlineData("7,/min,1,", "7,/min,2,", "'import'")]
    [InlineData("Observation", "Observatory", "'kind'")]
    public void Table_that_names_what_is_not_there_decides_nothing(string text, string changed, string what)
    {
        var source = _ward.Open();
        var table = Decided(source, "exclude", "", "").Replace(text, changed, StringComparison.Ordinal);

        Assert.Contains(what, Assert.Throws<DatasetException>(() => ReviewQueue.Read(table, source)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Table_that_decides_twice_about_one_event_does_it_alike_or_decides_nothing()
    {
        var source = _ward.Open();
        var lines = Decided(source, "exclude", "", "").Split('\n');
        string Twice(string decision) => string.Join('\n', [lines[0], lines[1], "another-rule" + lines[1][lines[1].IndexOf(',', StringComparison.Ordinal)..lines[1].LastIndexOf(',')] + "," + decision]);

        Assert.Equal(["exclude", "exclude"], ReviewQueue.Read(Twice("exclude"), source).Select(decision => decision.Action.ToString().ToLowerInvariant()));
        Assert.Equal(
            "Line 3 of the table: it is about the event of line 2, and decides otherwise; decide the same in both. Nothing was decided.",
            Assert.Throws<DatasetException>(() => ReviewQueue.Read(Twice("keep"), source)).Message);
    }

    [Fact]
    public void Text_that_would_be_a_formula_in_a_spreadsheet_is_none()
    {
        var source = new Ward().Born("=cmd|' /C calc'!A0, \"x\"", 1960, "male").Number("=cmd|' /C calc'!A0, \"x\"", 0, "8867-4", 7, "/min").Open();

        var queue = Queue(source);

        Assert.Contains("range-heart-rate,\"'=cmd|' /C calc'!A0, \"\"x\"\"\",", queue, StringComparison.Ordinal);
        Assert.Single(ReviewQueue.Read(queue.TrimEnd('\n') + "exclude\r\n", source));
    }

    [Fact]
    public void Batch_that_could_not_be_read_again_is_not_written()
    {
        var source = _ward.Open();
        var log = new DecisionLog(_disk, File, Ward.Key);
        var decided = ReviewQueue.Read(Decided(source, "keep", "", ""), source);

        Assert.Contains("1 to 256 characters", Assert.Throws<DatasetException>(() => log.Append(new string('g', 257), Ward.ImportedAt, source.Snapshot, decided)).Message, StringComparison.Ordinal);
        Assert.Throws<DatasetException>(() => log.Append("grace", Ward.ImportedAt, source.Snapshot, [decided[0] with { Rule = new string('r', 101) }]));

        Assert.Empty(log.Read());
    }

    // Gives the dictionary its first concept, whatever follows.
    private static Ward Sentinel() => new Ward().Number("sentinel", 0, "8867-4", 70, "/min");

    private static List<(string, long, double)> Everything(EventSnapshot snapshot)
    {
        var all = new List<(string, long, double)>();
        foreach (var timeline in snapshot.Read((_, _) => true))
            all.AddRange(timeline.Events.ToArray().Select(item => (snapshot.Patients[timeline.Patient], item.Event.Time.Microseconds, item.Event.Number)));
        return [.. all.Order()];
    }

    private static string Queue(ClinicalSource source) =>
        ReviewQueue.Write(QualityCheck.Of(source, new QualityScope(null, SiteQuality.None), _ => false, 100, TestContext.Current.CancellationToken).Findings, source);

    private static string Decided(ClinicalSource source, params string[] decisions) =>
        string.Join('\n', Queue(source).Split('\n').Select((line, i) => i >= 1 && i <= decisions.Length ? line + decisions[i - 1] : line));

    private static double[] Pulses(EventSnapshot snapshot, string patient, double hour)
    {
        var numbers = new List<double>();
        foreach (var timeline in snapshot.Read((kind, _) => kind == EventKind.Observation).Where(timeline => snapshot.Patients[timeline.Patient] == patient))
            numbers.AddRange(timeline.Events.ToArray().Where(item => item.Event.Time == Ward.Hour(hour)).Select(item => item.Event.Number));
        return [.. numbers];
    }
}
