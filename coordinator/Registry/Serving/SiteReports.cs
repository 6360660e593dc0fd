using System.Collections.Immutable;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Registry;

/// <summary>What a site has said of an order.</summary>
/// <param name="Order">The order's number.</param>
/// <param name="State">What became of it.</param>
/// <param name="Since">Since when, by the site's clock.</param>
public sealed record SiteReport(long Order, ServingState State, DateTimeOffset Since);

/// <summary>What sites have said of orders since the coordinator was started: each says it again when it connects.</summary>
public sealed class SiteReports
{
    private ImmutableDictionary<(SiteId Site, string Line), SiteReport> _reports = ImmutableDictionary<(SiteId Site, string Line), SiteReport>.Empty;

    private readonly Signal _changed = new();

    /// <summary>Completes at the next word of a site. Ask before looking.</summary>
    public Task NextChange => _changed.Next;

    /// <summary>The last words of all sites, by site and line.</summary>
    public IReadOnlyDictionary<(SiteId Site, string Line), SiteReport> All => _reports;

    /// <summary>Takes a site's word.</summary>
    public void Take(SiteId site, string line, SiteReport report)
    {
        ImmutableInterlocked.AddOrUpdate(ref _reports, (site, line), report, (_, _) => report);
        _changed.Raise();
    }

    /// <summary>A site's last word on a line; null: none.</summary>
    public SiteReport? Of(SiteId site, string line) => _reports.GetValueOrDefault((site, line));
}
