using System.Collections.Immutable;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>A version of the OMOP Common Data Model (https://ohdsi.github.io/CommonDataModel).</summary>
public enum OmopVersion
{
    /// <summary>5.3 and 5.3.1.</summary>
    V53 = 1,

    /// <summary>5.4.</summary>
    V54 = 2,
}

/// <summary>What a site's steward declares of an OMOP database.</summary>
/// <param name="Version">Version of its tables, whatever <c>cdm_source</c> says; null: what that says.</param>
/// <param name="Availability">
/// When what a table says became available, by the table's name (<see cref="OmopSource.TablesWithAvailability"/>). Where nothing is declared: at
/// the visit's end; without a visit nothing is known, and no feature uses the event.
/// </param>
public sealed record OmopOptions(OmopVersion? Version, ImmutableDictionary<string, AvailabilityRule> Availability)
{
    /// <summary>Nothing is declared.</summary>
    public static OmopOptions None { get; } = new(null, ImmutableDictionary<string, AvailabilityRule>.Empty);
}
