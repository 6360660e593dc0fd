using System.Collections.Immutable;
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

    public void Dispose() => _key.Dispose();

    [Fact]
    public void Lists_that_have_what_was_taken_do_not_differ_and_what_came_late_is_counted()
    {
        var found = Compare([Listed(1, taken: true), Listed(2, taken: true), Listed(3, taken: false)], [Accepted(1), Accepted(2)]);

        Assert.Equal((3, 2, 1, 0), (found.Listed, found.Journaled, found.NotTaken, found.Differences.Length));
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
        var check = new ReleaseCrossCheck(new Dictionary<SiteId, ReleaseList>());
        check.Hear(s_run, [Accepted(1)]);

        Assert.Equal((null, 1), Assert.Single(check.Compare()) is var found ? (found.Listed, found.Journaled) : default);
    }

    private SiteCrossCheck Compare(IEnumerable<ListedRelease> listed, IEnumerable<RunEvent> journaled)
    {
        var check = new ReleaseCrossCheck(new Dictionary<SiteId, ReleaseList> { [s_north] = ReleaseList.Read(ReleaseList.Sign(s_north, 9, Sha256Digest.Of([9]), listed, _key)) });
        check.Hear(s_run, journaled);
        check.IsOpen(s_open);
        return Assert.Single(check.Compare());
    }

    private static StepId Step(int round, RunId run) => new(run, new RoundNumber(round), StepKind.Training, 1);

    private static ListedRelease Listed(int round, bool taken, RunId? run = null) => new(Step(round, run ?? s_run), Sha256Digest.Of([(byte)round]), taken);

    private static ReleaseAccepted Accepted(int round) =>
        new(DateTimeOffset.UnixEpoch, Step(round, s_run), s_north, Sha256Digest.Of([(byte)round]), 1, new ReleaseOrigin(null, "1.0.0", "managed", 0));
}
