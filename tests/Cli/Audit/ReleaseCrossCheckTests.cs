using System.Text;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Cli.Audit;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Cli.Audit;

public sealed class ReleaseCrossCheckTests : IDisposable
{
    private static readonly RunId s_run = RunId.Parse("0123456789abcdef"), s_open = RunId.Parse("00000000000000aa"), s_unknown = RunId.Parse("00000000000000bb");
    private static readonly SiteId s_north = SiteId.Parse("north");

    private readonly SigningKey _key = SigningKey.Create();
    private readonly SigningKey _coordinator = SigningKey.Create();

    public void Dispose()
    {
        _key.Dispose();
        _coordinator.Dispose();
    }

    [Fact]
    public void Lists_that_have_what_was_taken_do_not_differ_and_what_came_late_is_counted()
    {
        var found = Compare([Listed(1, taken: true), Listed(2, taken: true), Listed(3, taken: false)], [Accepted(1), Accepted(2)]);

        Assert.Equal((3, 2, 2, 1, 0), (found.Listed, found.Journaled, found.Counted, found.NotTaken, found.Differences.Length));
    }

    [Fact]
    public void Release_that_was_taken_and_is_not_in_the_list_was_removed_at_the_site() =>
        Assert.Contains("the worker's list, up to entry 9, has none", Assert.Single(Compare([Listed(1, taken: true)], [Accepted(1), Accepted(2)]).Differences), StringComparison.Ordinal);

    [Fact]
    public void Release_of_which_the_worker_has_heard_that_it_counts_and_which_the_journal_lacks_was_removed_at_the_coordinator() =>
        Assert.Contains("It was removed there", Assert.Single(Compare([Listed(1, taken: true), Listed(2, taken: true)], [Accepted(1)]).Differences), StringComparison.Ordinal);

    [Fact]
    public void Run_that_the_coordinator_does_not_know_is_a_difference_and_one_that_is_not_over_is_not_compared()
    {
        Assert.Contains("has no such run", Assert.Single(Compare([Listed(1, taken: true, s_unknown)], []).Differences), StringComparison.Ordinal);
        Assert.Empty(Compare([Listed(1, taken: true, s_open)], []).Differences);
    }

    [Fact]
    public void Release_of_another_digest_is_a_difference() =>
        Assert.Contains("the worker's list has", Assert.Single(Compare([Listed(1, taken: true) with { Release = Sha256Digest.Of([99]) }], [Accepted(1)]).Differences), StringComparison.Ordinal);

    [Fact]
    public void Site_without_a_list_is_compared_with_nothing_and_said_to_be()
    {
        var check = new ReleaseCrossCheck(new Dictionary<SiteId, ReleaseList>(), _coordinator.PublicKey);
        check.Hear(s_run, [Accepted(1)]);

        Assert.Equal((null, 1), Assert.Single(check.Compare()) is var found ? (found.Listed, found.Journaled) : default);
    }

    [Fact]
    public void Release_that_a_signed_record_counts_is_found_where_both_the_events_and_the_list_have_lost_it()
    {
        var differences = Compare([Listed(1, taken: true)], [Accepted(1)], [Record(1, 1), Record(2, 2)]).Differences;

        Assert.Equal(2, differences.Length);
        Assert.Contains("the signed record of round 2 counts the release", differences[0], StringComparison.Ordinal);
        Assert.Contains("the coordinator's events have none", differences[0], StringComparison.Ordinal);
        Assert.Contains("the worker's list, up to entry 9, has none", differences[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Release_that_events_and_list_have_and_no_signed_record_counts_is_found() =>
        Assert.Contains("no signed round record of the coordinator counts it", Assert.Single(Compare([Listed(1, taken: true), Listed(2, taken: true)], [Accepted(1), Accepted(2)], [Record(1, 1), Record(2)]).Differences), StringComparison.Ordinal);

    [Fact]
    public void Events_that_were_edited_to_what_a_forged_list_says_differ_from_the_signed_record()
    {
        var forged = Sha256Digest.Of([99]);
        var differences = Compare([Listed(1, taken: true) with { Release = forged }], [Accepted(1) with { Release = forged }], [Record(1, 1)]).Differences;

        Assert.Contains("They were changed", Assert.Single(differences), StringComparison.Ordinal);
    }

    [Fact]
    public void Record_of_an_entry_tells_what_was_removed_from_the_events_of_a_site_that_gave_no_list()
    {
        var check = new ReleaseCrossCheck(new Dictionary<SiteId, ReleaseList>(), _coordinator.PublicKey);
        check.Hear(s_run, []);
        Hear(check, Record(1, 1));

        Assert.Contains("the coordinator's events have none", Assert.Single(Assert.Single(check.Compare()).Differences), StringComparison.Ordinal);
    }

    [Fact]
    public void Record_that_is_not_signed_is_missing_or_is_one_of_two_is_named()
    {
        var check = new ReleaseCrossCheck(new Dictionary<SiteId, ReleaseList>(), _coordinator.PublicKey);
        var changed = Record(2) with { Record = Record(3).Record };
        check.Hear(s_run, [Committed(1), Record(1), Committed(2), changed]);
        Hear(check, Record(1, 1));

        Assert.Collection(
            check.Faults,
            fault => Assert.Contains("The record of round 2 in the journal of run 0123456789abcdef is not signed", fault, StringComparison.Ordinal),
            fault => Assert.Contains("has signed two records of round 1", fault, StringComparison.Ordinal),
            fault => Assert.Contains("Round 2 of run 0123456789abcdef has no signed record", fault, StringComparison.Ordinal));
    }

    [Fact]
    public void Record_that_was_removed_from_the_journal_is_named_although_an_entry_has_it()
    {
        var check = new ReleaseCrossCheck(new Dictionary<SiteId, ReleaseList>(), _coordinator.PublicKey);
        check.Hear(s_run, [Committed(1)]);
        Hear(check, Record(1));

        Assert.Contains("Round 1 of run 0123456789abcdef has no signed record", Assert.Single(check.Faults), StringComparison.Ordinal);
    }

    [Fact]
    public void Record_of_a_run_that_is_not_over_is_not_compared()
    {
        var check = new ReleaseCrossCheck(new Dictionary<SiteId, ReleaseList>(), _coordinator.PublicKey);
        check.IsOpen(s_run);
        Hear(check, Record(1, 1));

        Assert.Empty(check.Compare());
    }

    // Where nothing else is said, each round that the journal has taken a release of has a record that counts it.
    private SiteCrossCheck Compare(IEnumerable<ListedRelease> listed, IReadOnlyCollection<ReleaseAccepted> journaled, IEnumerable<RoundRecorded>? records = null)
    {
        var check = new ReleaseCrossCheck(new Dictionary<SiteId, ReleaseList> { [s_north] = ReleaseList.Read(ReleaseList.Sign(s_north, 9, Sha256Digest.Of([9]), listed, _key)) }, _coordinator.PublicKey);
        check.Hear(s_run, [.. journaled, .. records ?? journaled.Select(accepted => Record(accepted.Step.Round.Value, accepted.Step.Round.Value))]);
        check.IsOpen(s_open);
        Assert.Empty(check.Faults);
        return Assert.Single(check.Compare());
    }

    private static void Hear(ReleaseCrossCheck check, RoundRecorded record) => check.Hear("The entry's record", Encoding.UTF8.GetBytes(record.Record), record.Signature);

    /// <summary>The record of a round, which counts the release of that number of the site, or none.</summary>
    private RoundRecorded Record(int round, int? release = null)
    {
        var record = CanonicalJson.Write(new JsonObject
        {
            ["format"] = 1,
            ["run"] = s_run.Value,
            ["study"] = Sha256Digest.Of([7]).ToString(),
            ["round"] = round,
            ["quorum"] = 1,
            ["required"] = new JsonArray(),
            ["steps"] = new JsonArray(new JsonObject
            {
                ["step"] = Step(round, s_run).ToString(),
                ["opened"] = "2026-11-24T10:00:00.000Z",
                ["ended"] = "2026-11-24T10:00:01.000Z",
                ["invited"] = new JsonArray(s_north.Value),
                ["participants"] = release is { } counted
                    ? new JsonArray(new JsonObject
                    {
                        ["site"] = s_north.Value, ["release"] = Sha256Digest.Of([(byte)counted]).ToString(), ["weight"] = 1, ["data"] = null, ["software"] = "1.0.0", ["capability"] = "managed", ["minimumCell"] = 0,
                    })
                    : [],
                ["absent"] = new JsonArray(),
                ["result"] = Sha256Digest.Of([8]).ToString(),
                ["reason"] = null,
            }),
        });
        return new RoundRecorded(DateTimeOffset.UnixEpoch, new RoundNumber(round), Encoding.UTF8.GetString(record), Convert.ToBase64String(_coordinator.Sign(SignatureContext.RoundRecord, record)));
    }

    private static StepCommitted Committed(int round) => new(DateTimeOffset.UnixEpoch, Step(round, s_run), Sha256Digest.Of([8]), 1);

    private static StepId Step(int round, RunId run) => new(run, new RoundNumber(round), StepKind.Training, 1);

    private static ListedRelease Listed(int round, bool taken, RunId? run = null) => new(Step(round, run ?? s_run), Sha256Digest.Of([(byte)round]), taken);

    private static ReleaseAccepted Accepted(int round) =>
        new(DateTimeOffset.UnixEpoch, Step(round, s_run), s_north, Sha256Digest.Of([(byte)round]), 1, new ReleaseOrigin(null, "1.0.0", "managed", 0));
}
