using System.Text.Json.Nodes;
using FederatedClinicalMl.Coordinator.Audit;
using FederatedClinicalMl.Coordinator.Monitoring;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Coordinator.Retention;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.Studies;
using Microsoft.Extensions.Time.Testing;

namespace FederatedClinicalMl.Tests.Coordinator.Retention;

/// <summary>What a coordinator lets go after seven years, and what never. Its clock stands in 2034; what is old happened in 2026.</summary>
public sealed class RetentionTests : IDisposable
{
    private static readonly DateTimeOffset s_then = new(2026, 11, 26, 8, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset s_lately = s_then.AddDays(1000);

    private readonly TemporaryFolder _root = new();
    private readonly FakeTimeProvider _time = new(s_then.AddDays(RetentionSettings.SevenYears + 1));
    private readonly DataFolder _folder;
    private readonly SqliteRunJournal _journal;
    private readonly ResultStore _results;
    private readonly MonitoringStore _monitoring;
    private readonly AuditTrail _audit;
    private int _runs;

    public RetentionTests()
    {
        _folder = DataFolder.Create(_root.Of("data"), ["127.0.0.1"], 0, authority: null, TimeProvider.System);
        (_journal, _results, _monitoring, _audit) = (new SqliteRunJournal(_folder.Database), new ResultStore(_folder.Disk), new MonitoringStore(_folder.Database), new AuditTrail(_folder.Disk, _folder.Key, _time));
    }

    private RetentionDesk Desk => new(_folder, _journal, new ModelRegistry(_folder.Disk), _results, _monitoring, _time);

    public void Dispose()
    {
        _audit.Dispose();
        _journal.Dispose();
        _folder.Dispose();
        _root.Dispose();
    }

    [Fact]
    public void Results_of_runs_that_made_no_model_go_after_their_days_and_those_of_every_other_run_stay()
    {
        var (failed, cancelled, profiled) = (Result("failed"), Result("cancelled"), Result("profiled"));
        Run(s_then, failed, at => new RunFailed(at, "too few sites"));
        Run(s_then, cancelled, at => new RunCancelled(at));
        Run(s_then, profiled, at => new RunProfiled(at, profiled));
        Run(s_then, Result("registered"), at => new RunRegistered(at, Sha256Digest.Of("model"u8)));
        Run(s_then, Result("compared"), at => new RunCompared(at, Sha256Digest.Of("compared"u8)));
        Run(s_then, Result("open"), at => new RunPaused(at, null));
        Run(s_lately, Result("lately"), at => new RunFailed(at, "too few sites"));
        Result("nobody's");

        var over = Desk.Look();

        Assert.Equal(new[] { failed, cancelled, profiled }.Order(), over.Results);
        Assert.Equal("failed".Length + "cancelled".Length + "profiled".Length, over.Bytes);
        Assert.Equal(8, _results.List().Count()); // nothing was changed by looking
    }

    [Fact]
    public void Result_that_another_run_names_anywhere_stays()
    {
        var shared = Result("shared");
        Run(s_then, shared, at => new RunFailed(at, "too few sites"));
        Run(s_then, Result("registered"), at => new RunRegistered(at, shared));
        var inRecord = Result("in a record");
        Run(s_then, inRecord, at => new RunFailed(at, "too few sites"));
        Run(s_lately, Result("another"), at => new RoundRecorded(at, new RoundNumber(1), $$"""{"result":"{{inRecord}}"}""", "c2ln"));

        Assert.Empty(Desk.Look().Results);
    }

    [Fact]
    public void Removal_is_in_the_audit_log_with_its_counts_before_anything_is_gone_and_the_log_stays_whole()
    {
        Run(s_then, Result("failed"), at => new RunFailed(at, "too few sites"));
        Append(s_then, new AlertOpened(s_then, 1, "rule", Subject.None, "signal", 1, Severity.Warning, "group", ""), new AlertResolved(s_then, 1));
        Append(s_lately, new AlertOpened(s_lately, 2, "rule", Subject.None, "signal", 1, Severity.Warning, "group", ""));
        _audit.Record("study-submitted", null, []);

        Assert.False(Desk.Remove(_audit).IsNothing);

        var entry = _audit.Entries()[^1];
        Assert.Equal((RetentionDesk.Entry, 1, 6, 2), (entry.Kind, (int)entry.Body["results"]!, (int)entry.Body["bytes"]!, (int)entry.Body["monitoringEvents"]!));
        Assert.Equal(2, _audit.Count);
        Assert.True(_audit.Verify().Intact);
        Assert.Empty(_results.List());
        Assert.Equal(2, Assert.Single(_monitoring.Events().OfType<AlertOpened>()).Number);
        Assert.True(Desk.Remove(_audit).IsNothing);
        Assert.Equal(2, _audit.Count); // nothing more to be said
    }

    [Fact]
    public void Events_of_monitoring_go_up_to_a_moment_at_which_nothing_was_open_and_the_rest_adds_up_to_the_same()
    {
        MonitoringEvent[] events =
        [
            Opened(1), new IncidentOpened(s_then, 1, "group", 1), new AlertResolved(s_then, 1), new IncidentClosed(s_then, 1, "ada", "mended"), // 4: quiet
            Opened(2), new ProposalOpened(s_then, 1, "heart", "alert", "coordinator", "worse"), new AlertResolved(s_then, 2), // a proposal is open
            new ProposalRefused(s_then, 1, "ada", "not now"), // 8: quiet
            Opened(3), new AlertResolved(s_then, 3), Opened(4), // 10: quiet; 4 stays open
        ];

        Assert.Equal(0, MonitoringRetention.Over(events, s_then.AddDays(1))); // of the incident there is no newer one
        MonitoringEvent[] more = [.. events, new IncidentOpened(s_then, 2, "group", 4), new ProposalOpened(s_then, 2, "heart", "alert", "coordinator", "worse")];
        Assert.Equal(10, MonitoringRetention.Over(more, s_then.AddDays(1)));
        Assert.Equal(0, MonitoringRetention.Over(more, s_then));
        var (all, rest) = (more.Aggregate(MonitoringBook.Empty, (book, next) => book.Apply(next)), more.Skip(10).Aggregate(MonitoringBook.Empty, (book, next) => book.Apply(next)));
        Assert.Equal(all.Open, rest.Open);
        Assert.Equal((all.LastAlert, 2, 2), (rest.LastAlert, rest.LastIncident, rest.LastProposal)); // so that no number is given twice
    }

    [Theory]
    [InlineData("""{"keep-runs-days": 0}""")]
    [InlineData("""{"keep-runs-days": "always"}""")]
    [InlineData("""{"keep-run-days": 30}""")]
    [InlineData("null")]
    [InlineData("")]
    public void Settings_that_are_not_understood_remove_nothing_and_are_named(string json)
    {
        Run(s_then, Result("failed"), at => new RunFailed(at, "too few sites"));
        File.WriteAllText(Path.Combine(_folder.Disk.Root, RetentionSettings.File), json);

        Assert.Contains(RetentionSettings.File, Assert.Throws<DataFolderException>(() => Desk.Remove(_audit)).Message, StringComparison.Ordinal);
        Assert.Single(_results.List());
    }

    [Fact]
    public void Settings_say_how_long()
    {
        Run(s_lately, Result("lately"), at => new RunFailed(at, "too few sites"));
        File.WriteAllText(Path.Combine(_folder.Disk.Root, RetentionSettings.File), """{"keep-runs-days": 30} // short""");
        Assert.Single(Desk.Look().Results);
        Assert.Equal(new RetentionSettings(30), RetentionSettings.Read(_folder.Disk.Root));
    }

    [Fact]
    public async Task Verb_prints_what_would_go_and_changes_nothing()
    {
        var failed = Result("failed");
        Run(new DateTimeOffset(2001, 1, 1, 0, 0, 0, TimeSpan.Zero), failed, at => new RunFailed(at, "too few sites"));
        _audit.Dispose();
        _journal.Dispose();
        _folder.Dispose();

        var (code, output, _) = await CoordinatorProgram.RunAsync("retention", "--data", _root.Of("data"));

        Assert.Equal(0, code);
        Assert.Equal([failed.ToString()], JsonNode.Parse(output)!["results"]!.AsArray().Select(result => (string)result!));
        Assert.Single(Directory.EnumerateFiles(_root.Of("data/results")));
    }

    private static AlertOpened Opened(int number) => new(s_then, number, "rule", Subject.None, "signal", 1, Severity.Critical, "group", "");

    private Sha256Digest Result(string content) => _results.Write(System.Text.Encoding.UTF8.GetBytes(content));

    private void Append(DateTimeOffset at, params MonitoringEvent[] events) => _monitoring.Append(events, [], at);

    private void Run(DateTimeOffset at, Sha256Digest result, Func<DateTimeOffset, RunEvent> end)
    {
        var run = RunId.Parse($"{++_runs:x16}");
        var plan = RunPlan.For(run, BenchmarkStudy.For("north"), [SiteId.Parse("north")], Sha256Digest.Of("initial"u8), 8, null, _ => null, _ => KeyRenewals.None);
        _journal.Append(run, 0, [new RunCreated(at, plan), new StepCommitted(at, new StepId(run, RoundNumber.Preparation, StepKind.Preparation, 1), result, 8), end(at)]);
    }
}
