using System.Collections.Immutable;
using FederatedClinicalMl.ClinicalData;

namespace FederatedClinicalMl.SiteAgent.Import;

/// <summary>What will be copied.</summary>
/// <param name="Version">Version of the model.</param>
/// <param name="Tables">The tables, in order.</param>
/// <param name="Missing">Tables that could be copied and are not there.</param>
internal sealed record CopyPlan(OmopVersion Version, ImmutableArray<TableCopy> Tables, ImmutableArray<string> Missing)
{
    /// <summary>A version in words.</summary>
    public static string Text(OmopVersion version) => version == OmopVersion.V53 ? "5.3" : "5.4";
}

/// <summary>One table that will be copied.</summary>
/// <param name="Name">Its name in the model.</param>
/// <param name="Select">The query for just those columns and rows that are read.</param>
internal sealed record TableCopy(string Name, string Select);
