using System.Text.Json.Nodes;

namespace FederatedClinicalMl.Numerics;

/// <summary>Exact sums over rows that can be added up over populations, in any order, and travel as JSON.</summary>
/// <typeparam name="TSelf">The sums.</typeparam>
public interface IMergeable<TSelf>
    where TSelf : class, IMergeable<TSelf>
{
    /// <summary>What JSON that holds them calls them.</summary>
    static abstract string Field { get; }

    /// <summary>The sums over both populations together.</summary>
    TSelf Merge(TSelf other);

    /// <summary>The JSON form.</summary>
    JsonObject ToJson();

    /// <summary>Reads what <see cref="ToJson"/> writes, strictly.</summary>
    /// <exception cref="FormatException">The JSON is something else.</exception>
    static abstract TSelf Read(JsonNode? node, string path);
}
