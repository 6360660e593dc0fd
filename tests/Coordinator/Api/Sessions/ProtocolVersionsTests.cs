using FederatedClinicalMl.Coordinator.Api.Sessions;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.SiteAgent.Gateway;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Coordinator.Api.Sessions;

public sealed class ProtocolVersionsTests
{
    [Theory]
    [InlineData(1u, 1u)] // the first has no predecessor
    [InlineData(2u, 1u)]
    [InlineData(7u, 6u)]
    public void Build_speaks_its_newest_version_and_the_one_before(uint newest, uint oldest) =>
        Assert.Equal(new ProtocolVersions(oldest, newest), ProtocolVersions.UpTo(newest));

    [Fact]
    public void Coordinator_and_gateway_of_one_build_speak_the_same_versions() =>
        Assert.Equal(ProtocolVersions.Ours, new ProtocolVersions(SoftwareVersion.OldestProtocol, SoftwareVersion.NewestProtocol));

    [Theory]
    [InlineData(6u, 7u, 7u)] // of the same build
    [InlineData(5u, 6u, 6u)] // one behind
    [InlineData(7u, 8u, 7u)] // one ahead: the coordinator is not updated yet
    public async Task Site_of_the_same_or_a_neighbouring_version_is_welcomed_with_the_newest_that_both_know(uint oldest, uint newest, uint spoken)
    {
        var answer = await AnswerAsync(oldest, newest);

        Assert.Equal(CoordinatorMessage.BodyOneofCase.Welcome, answer.BodyCase);
        Assert.Equal(spoken, answer.Welcome.Protocol);
    }

    [Fact]
    public async Task Site_two_versions_behind_is_refused_with_the_version_that_it_needs()
    {
        var answer = await AnswerAsync(4, 5);

        Assert.Equal("PROTOCOL_TOO_OLD", answer.Farewell.Fault.Code);
        Assert.Contains("version 6 is needed", answer.Farewell.Fault.Sentence);
    }

    [Fact]
    public async Task Site_two_versions_ahead_is_refused_with_the_version_that_the_coordinator_speaks()
    {
        var answer = await AnswerAsync(8, 9);

        Assert.Equal("PROTOCOL_TOO_NEW", answer.Farewell.Fault.Code);
        Assert.Contains("up to 7", answer.Farewell.Fault.Sentence);
    }

    [Theory]
    [InlineData(0u, 7u)]
    [InlineData(7u, 6u)]
    public async Task Hello_without_a_range_of_versions_is_refused(uint oldest, uint newest) =>
        Assert.Equal("REQUEST_INVALID", (await AnswerAsync(oldest, newest)).Farewell.Fault.Code);

    /// <summary>What a coordinator that speaks versions 6 and 7 answers first to a site's Hello, over real TLS.</summary>
    private static async Task<CoordinatorMessage> AnswerAsync(uint oldest, uint newest)
    {
        using var worker = SigningKey.Create();
        await using var coordinator = await RunningCoordinator.StartAsync(ProtocolVersions.UpTo(7));
        using var identity = await coordinator.EnrolSiteAsync("north", worker);
        using var session = await SiteStream.OpenAsync(coordinator, identity, worker, oldest, newest);
        var answer = await session.NextAsync();
        Assert.NotNull(answer);
        return answer;
    }
}
