using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.SiteAgent.Worker;

namespace FederatedClinicalMl.Tests.Worker.Serving;

/// <summary>The worker is killed at every operation of its disks while it changes what is served.</summary>
public sealed class ServingKillTests : IDisposable
{
    private readonly Orders _orders = new();

    public void Dispose() => _orders.Dispose();

    [Fact]
    public void Promotion_leaves_the_shelf_before_or_after_it_and_each_model_that_it_names_whole() => KillPoints.Each(
        Arrange,
        site => site.Models.Offer(_orders.Of(2, 2, fallback: 1)),
        (site, ended) =>
        {
            Assert.Contains(Orders.Served(site), new (string?, string?, string?)[] { ("1.0.0", null, null), ("2.0.0", "1.0.0", null) });
            Assert.True(!ended || Orders.Served(site).Production == "2.0.0");
            RequireWhole(site);
            Assert.Equal(ServingState.OnShelf, site.Models.Offer(_orders.Of(2, 2, fallback: 1)).State);
            Assert.Equal(("2.0.0", "1.0.0", null), Orders.Served(site));
            RequireWhole(site);
        },
        beforeStart: RequireWhole);

    [Fact]
    public void Line_that_was_forbidden_is_off_the_shelf_once_the_log_says_so() => KillPoints.Each(
        Arrange,
        site => site.Models.Forbid(Orders.Line, "grace", ""),
        (site, ended) =>
        {
            Assert.Equal(site.Kinds.Contains(ServingEntries.Forbidden), Orders.OnShelf(site) is null);
            Assert.True(!ended || Orders.OnShelf(site) is null);
        });

    [Fact]
    public void Rollback_needs_no_model_and_is_on_the_shelf_once_the_log_says_so() => KillPoints.Each(
        site =>
        {
            Arrange(site);
            site.Models.Offer(_orders.Of(2, 2, fallback: 1));
        },
        site => site.Models.Offer(_orders.Of(3, 1)),
        (site, ended) =>
        {
            var isLogged = site.Core.State.Serving.Of(Orders.Line).Followed!.Order.Sequence == 3;
            Assert.Equal(isLogged ? ("1.0.0", null, null) : ("2.0.0", "1.0.0", null), Orders.Served(site));
            Assert.True(!ended || isLogged);
            RequireWhole(site);
        });

    private void Arrange(Site site)
    {
        _orders.Allow(site);
        _orders.Bring(site, 1, 2);
        Assert.Equal(ServingState.OnShelf, site.Models.Offer(_orders.Of(1, 1)).State);
    }

    // As the scoring program finds it, whenever it looks.
    private static void RequireWhole(Site site)
    {
        var shelf = Shelf.Read(DurableFile.Read(site.Serving, ServingPaths.Shelf));
        Assert.All(shelf.Models, model => ServedModel.Read(model, null, name => DurableFile.Read(site.Serving, $"{ServingPaths.Model(model)}/{name}")));
    }
}
