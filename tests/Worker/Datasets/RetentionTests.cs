using System.Collections.Immutable;
using System.Text.Json.Nodes;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.ClinicalData;
using FederatedClinicalMl.Tests.ClinicalData.Quality;
using FederatedClinicalMl.Tests.Coordinator;
using Microsoft.Extensions.Time.Testing;
using Kind = FederatedClinicalMl.Protos.WorkerPort.StepOrder.Types.Kind;

namespace FederatedClinicalMl.Tests.Worker.Datasets;

/// <summary>What is kept until when, and what a kill leaves. The data set is a hospital's in New York.</summary>
public sealed class RetentionTests : IDisposable
{
    private const string Profile = "drift";
    private static readonly DateOnly s_lastDay = new(2026, 11, 24);

    // The end of that day in New York.
    private static readonly DateTimeOffset s_end = new(2026, 11, 25, 5, 0, 0, TimeSpan.Zero);

    private static readonly Study s_study = ClinicalStudyText.Of(
        "pulse: {kind: number, of: [observation], codes: {loinc: [8867-4]}, unit: /min, plausible: [20, 300]}",
        """
        index: {event: encounter}
        outcome: {name: outcome, of: [condition], codes: {snomed: ["77386006"]}, within: 365d, follow-up: assumed}
        """);

    private readonly TemporaryFolder _temporary = new();
    private readonly WorkerFolder _folder;
    private readonly FakeComputer _computer = new();
    private readonly Site _site;
    private readonly SiteEvents _events;
    private readonly CohortCache _cohorts;
    private readonly List<string> _failed = [];
    private DateOnly? _keepUntil = s_lastDay;
    private bool _reads = true;

    public RetentionTests()
    {
        _folder = new WorkerFolder(_temporary.Of("worker"));
        Directory.CreateDirectory(_folder.Root);
        Site? site = null;
        _site = site = new Site(computer: new Reading(this));
        _events = new SiteEvents(_folder, Map, Site.Secret, new StoreKey(new byte[32]), _site.Time, dataset => site.Core.State.Decisions.GetValueOrDefault(dataset, DecisionMark.None), (_, _) => true)
        {
            IsBeingErased = dataset => site.Core.State.ErasuresOf(dataset).Pending,
        };
        _cohorts = new CohortCache(Map, _events.Open, Site.Secret);
        _events.Erased += _cohorts.Forget;
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private FakeTimeProvider Time => _site.Time;

    private string Store => Path.Combine(_folder.Events, "ehr");

    // Anew each time, as at a start.
    private Retention Retention => new(_site.Core, _events, new DriftDesk(_site.Disk, (_, _) => { }), TimeSpan.FromDays(90), Time, _failed.Add);

    public void Dispose()
    {
        _site.Dispose();
        _temporary.Dispose();
    }

    [Fact]
    public void Data_are_used_through_their_last_day_at_the_hospital_and_erased_after_it()
    {
        _events.Import("ehr", 0, Stop);
        Time.SetUtcNow(s_end - TimeSpan.FromSeconds(1));
        Retention.Check();
        Assert.NotNull(_site.Release(Order()));

        Time.SetUtcNow(s_end);

        Assert.Equal(Reason.DatasetMissing, _site.Decline(Order(attempt: 2))); // even where nobody has looked yet
        Assert.Contains("used after 2026-11-24", Assert.Throws<DatasetMissingException>(() => _events.Import("ehr", 0, Stop)).Message, StringComparison.Ordinal);
        Assert.True(Directory.Exists(Store));
        Retention.Check();
        Assert.False(Directory.Exists(Store));
        Assert.Equal(["erasure-ordered", "data-erased"], _site.Kinds.TakeLast(2));
        Assert.Equal(("ehr", "keep-until"), ((string)Ordered["dataset"]!, (string)Ordered["why"]!));
        Retention.Check();
        Assert.Equal(1, _site.Kinds.Count(kind => kind == WorkerEntries.ErasureOrdered));
        Assert.Empty(_failed);
    }

    [Fact]
    public void Day_is_looked_at_once_a_day()
    {
        _events.Import("ehr", 0, Stop);
        using var daily = Retention.CheckDaily();

        Time.SetUtcNow(s_end - TimeSpan.FromMinutes(1));
        Assert.True(Directory.Exists(Store));
        Time.SetUtcNow(s_end + TimeSpan.FromDays(1));

        Assert.False(Directory.Exists(Store));
    }

    [Theory]
    [InlineData("nothing")]
    [InlineData("a segment")]
    [InlineData("the manifest")]
    [InlineData("everything")]
    public void Erasing_that_a_kill_cut_off_uses_nothing_meanwhile_and_is_finished_by_the_next_start(string removed)
    {
        _keepUntil = null;
        _events.Import("ehr", 0, Stop);
        _site.Core.OrderErasure("ehr", "order", "grace", "");
        if (removed == "a segment")
            File.Delete(Path.Combine(Store, "imports/000001/events-000.parquet"));
        else if (removed == "the manifest")
            File.Delete(Path.Combine(Store, "store.json"));
        else if (removed == "everything")
            Directory.Delete(Store, recursive: true);
        _site.Restart();

        Assert.Equal(Reason.DatasetMissing, _site.Decline(Order()));
        Assert.Throws<DatasetMissingException>(() => _events.Import("ehr", 0, Stop));
        Retention.Check();

        Assert.False(Directory.Exists(Store));
        Assert.Equal(1, _site.Kinds.Count(kind => kind == WorkerEntries.DataErased));
        _events.Import("ehr", 0, Stop);
        Assert.NotNull(_site.Release(Order()));
    }

    [Fact]
    public void Order_of_the_steward_erases_store_decisions_and_profiles_and_what_is_imported_after_it_is_another_store()
    {
        _keepUntil = null;
        var desk = new DataDesk(_site.Core, _events);
        var quality = new QualityDesk(_site.Core, _events, () => QualityReading.None, TimeProvider.System);
        desk.Import("ehr", "grace", Stop);
        quality.Decide("ehr", Decided(quality), "grace");
        _site.Approve(s_study);
        _site.Approve();
        PutProfiles();

        Retention.Erase("ehr", "ada", "consent withdrawn");

        Assert.Equal(("order", "ada", "consent withdrawn"), ((string)Ordered["why"]!, (string)Ordered["steward"]!, (string)Ordered["note"]!));
        Assert.False(Directory.Exists(Store));
        Assert.Empty(_events.WithDecisions);
        Assert.Equal([$"{Site.Study.Digest}.json"], _site.Disk.List(Profile)); // of a study over a table
        desk.Import("ehr", "grace", Stop);
        Assert.Equal(2, _site.Kinds.Count(kind => kind == WorkerEntries.DataImported)); // with the fingerprint of the one before
        Assert.Equal(1u, quality.Decide("ehr", Decided(quality), "grace").Version);
        _site.Restart();
        Assert.Null(_site.Core.Broken);
        Assert.NotNull(_site.Release(Order()));
    }

    [Theory]
    [InlineData("other")]
    [InlineData("../worker")]
    [InlineData("")]
    public void Order_to_erase_what_is_not_there_is_refused_and_not_logged(string dataset)
    {
        _events.Import("ehr", 0, Stop);

        Assert.Contains("data list", Assert.Throws<StewardException>(() => Retention.Erase(dataset, "ada", "")).Message, StringComparison.Ordinal);
        Assert.Empty(_site.Entries);
        Assert.True(Directory.Exists(Store));
    }

    [Fact]
    public void Nothing_leaves_of_what_was_erased_while_it_was_computed()
    {
        _keepUntil = null;
        _events.Import("ehr", 0, Stop);
        _computer.Meanwhile = (_, _) => Retention.Erase("ehr", "ada", "");

        Assert.Equal(Reason.DatasetMissing, _site.Decline(Order()));

        Assert.Empty(_site.Outgoing);
        Assert.DoesNotContain(WorkerEntries.Released, _site.Kinds);
    }

    [Fact]
    public void Faulty_map_erases_nothing_and_uses_nothing()
    {
        _events.Import("ehr", 0, Stop);
        Time.SetUtcNow(s_end);
        _reads = false;

        Retention.Check();

        Assert.True(Directory.Exists(Store));
        Assert.Throws<DatasetException>(() => _events.Open("ehr"));
    }

    [Fact]
    public void List_says_until_when_each_is_kept_and_what_is_no_longer_mapped()
    {
        _events.Import("ehr", 0, Stop);
        File.WriteAllText(Path.Combine(Directory.CreateDirectory(Path.Combine(_folder.Events, "old")).FullName, "store.json"), "");
        var desk = new DataDesk(_site.Core, _events);

        Assert.Equal([("ehr", "2026-11-24", true, false), ("old", "", false, false)], desk.Kept().Select(kept => (kept.Dataset, kept.KeepUntil, kept.Mapped, kept.Over)));
        Assert.Single(desk.List().Imports);
        Time.SetUtcNow(s_end);
        Assert.True(desk.Kept()[0].Over);
        Assert.Empty(desk.List().Imports);
    }

    [Fact]
    public void Profile_for_drift_is_kept_while_its_study_is_approved()
    {
        _site.Approve(s_study);
        _site.Approve();
        PutProfiles();
        Retention.Check();
        Assert.Equal(2, _site.Disk.List(Profile).Count);

        _site.Core.Revoke(s_study.Digest, "grace", "");
        Retention.Check();

        Assert.Equal([$"{Site.Study.Digest}.json"], _site.Disk.List(Profile));
    }

    [Fact]
    public void Content_of_a_release_goes_after_its_days_with_the_daily_look()
    {
        _site.Approve();
        _site.Release(Site.Order(Kind.Preparation));
        Time.Advance(TimeSpan.FromDays(40));
        Retention.Check();
        Assert.Single(_site.Disk.List("contents"));

        Time.Advance(TimeSpan.FromDays(1));
        Retention.Check();

        Assert.Empty(_site.Disk.List("contents"));
    }

    [Fact]
    public void Release_on_which_the_coordinator_is_silent_is_destroyed_after_its_days_and_never_made_again()
    {
        _site.Approve();
        var ticket = _site.Release(Site.Order());
        Time.Advance(TimeSpan.FromDays(90));
        Retention.Check();
        Assert.Equal([ticket.File], _site.Outgoing);

        Time.Advance(TimeSpan.FromSeconds(1));
        Retention.Check();

        Assert.Empty(_site.Outgoing);
        Assert.Equal("expired", (string)_site.Entries[^1]["body"]!["outcome"]!);
        Assert.Equal(Reason.RoundOutOfOrder, _site.Decline(Site.Order()));
    }

    [Fact]
    public void Worker_that_is_killed_while_a_release_expires_has_no_file_of_what_its_log_calls_settled() => KillPoints.Each(
        site =>
        {
            site.Approve();
            site.Release(Site.Order());
        },
        site => site.Core.ExpireReleases(DateTimeOffset.MaxValue),
        (site, finished) =>
        {
            var settled = site.Kinds.Contains(WorkerEntries.Settled);
            Assert.True(settled || !finished);
            Assert.Equal(settled ? 0 : 1, site.Outgoing.Count);
            site.Core.ExpireReleases(DateTimeOffset.MaxValue);
            Assert.Empty(site.Outgoing);
            Assert.Equal(1, site.Kinds.Count(kind => kind == WorkerEntries.Settled));
        });

    private JsonNode Ordered => _site.Entries.Single(entry => (string)entry["kind"]! == WorkerEntries.ErasureOrdered)["body"]!;

    private static string Decided(QualityDesk quality) =>
        string.Join('\n', quality.Review("ehr", null, Stop).Csv.Split('\n').Select((line, i) => i == 1 ? line + "exclude" : line));

    private void PutProfiles()
    {
        _site.Disk.CreateDirectory(Profile);
        foreach (var study in (Study[])[Site.Study, s_study])
            DurableFile.Write(_site.Disk, $"{Profile}/{study.Digest}.json", "{}"u8);
    }

    private StepOrder Order(int attempt = 1)
    {
        _site.Approve(s_study);
        return Site.Order(Kind.Preparation, study: s_study, attempt: attempt);
    }

    private DatasetMap Map() => new(
        ImmutableDictionary<string, DatasetSource>.Empty,
        ImmutableDictionary<string, EventDataset>.Empty.Add("ehr", new WardDataset(Ward.Sound().Number("p1", 24, "8867-4", 7, "/min")) { KeepUntil = _keepUntil }),
        _reads ? [] : [new ConfigurationFault(1, 1, "a fault")]);

    private sealed record WardDataset(Ward Ward) : EventDataset("ward", TimeZoneInfo.FindSystemTimeZoneById("America/New_York"), null)
    {
        public override IEventSource Open() => Ward;
    }

    /// <summary>Reads the rows of a study over events, as the real one does, and makes numbers up.</summary>
    private sealed class Reading(RetentionTests test) : IStepComputer
    {
        public StepComputation Compute(StepRequest request, CancellationToken cancel)
        {
            if (request.Study.Data.Cohort is not null)
                _ = test._cohorts.Load(request.Study, request.Exclusions);
            return test._computer.Compute(request, cancel);
        }
    }
}
