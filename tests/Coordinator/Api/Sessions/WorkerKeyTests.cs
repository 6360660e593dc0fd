using FederatedClinicalMl.Studies;
using Microsoft.Extensions.Logging;
using BodyCase = FederatedClinicalMl.Protos.Federation.CoordinatorMessage.BodyOneofCase;

namespace FederatedClinicalMl.Tests.Coordinator.Api.Sessions;

public sealed class WorkerKeyTests
{
    [Fact]
    public async Task Session_with_another_workers_key_is_refused_and_the_admin_warned()
    {
        await using var coordinator = await RunningCoordinator.StartAsync();
        using var worker = SigningKey.Create();
        using var another = SigningKey.Create();
        using var site = await coordinator.EnrolSiteAsync("north", worker);

        using var session = await SiteStream.OpenAsync(coordinator, site, another);

        Assert.Equal("WORKER_KEY_WRONG", (await session.NextAsync(BodyCase.Farewell)).Farewell.Fault.Code);
        Assert.Contains(coordinator.Logged, entry => entry.Level == LogLevel.Warning && entry.Text.Contains("WORKER_KEY_WRONG", StringComparison.Ordinal));
    }
}
