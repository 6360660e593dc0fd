using System.Collections.Immutable;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>What is counted of one subgroup, over the sites that tell it.</summary>
/// <param name="Sum">Scores or errors on its rows; null where every site withholds them.</param>
/// <param name="Sites">How many sites, or windows of sites, tell them.</param>
/// <typeparam name="T">What is counted.</typeparam>
public readonly record struct SubgroupSum<T>(T? Sum, int Sites)
    where T : class;

/// <summary>Makes <see cref="SubgroupSums{T}"/>.</summary>
public static class SubgroupSums
{
    /// <summary>Those of one site.</summary>
    /// <param name="suppressed">What <see cref="SubgroupSuppression"/> or <see cref="ErrorSuppression"/> left of each partition.</param>
    public static SubgroupSums<T> OfSite<T>(ImmutableArray<ImmutableArray<T?>> suppressed)
        where T : class, IMergeable<T> => new(1, [.. suppressed.Select(groups => ImmutableArray.CreateRange(groups, sum => new SubgroupSum<T>(sum, sum is null ? 0 : 1)))]);
}

/// <summary>
/// Scores or errors by subgroup, of one site or of several added up: the field <c>subgroups</c> of an evaluation, <c>{"partitions":[[{"scores" or "errors","sites"} or null]],"sites"}</c>. A site that withholds a
/// subgroup does not count in it, so that subgroups need not add up to all rows.
/// </summary>
/// <param name="Sites">How many sites were added up, or, of live outcomes, windows of sites.</param>
/// <param name="Partitions">Of each of the study's partitions, in its order, each subgroup.</param>
/// <typeparam name="T">What is counted.</typeparam>
public sealed record SubgroupSums<T>(int Sites, ImmutableArray<ImmutableArray<SubgroupSum<T>>> Partitions)
    where T : class, IMergeable<T>
{
    private const int MaximumPartitions = 16; // the study's own bounds are less: they are held against it where one is at hand
    private const int MaximumGroups = 64;

    /// <summary>Whether these are subgroups of the study's partitions.</summary>
    public bool Fits(Study study)
    {
        ArgumentNullException.ThrowIfNull(study);
        return Partitions.Select(groups => groups.Length).SequenceEqual(study.Evaluation.Subgroups.Select(partition => partition.Groups.Length));
    }

    /// <summary>Whether they are one site's, and of each partition hold.</summary>
    /// <param name="fits">Whether a partition's subgroups can be what a site lets out.</param>
    public bool FitsSite(Func<IEnumerable<T?>, bool> fits) => Sites == 1 && Partitions.All(groups => fits(groups.Select(group => group.Sum)));

    /// <summary>Both added up.</summary>
    public SubgroupSums<T> Merge(SubgroupSums<T> other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new SubgroupSums<T>(
            checked(Sites + other.Sites),
            [.. Partitions.Zip(other.Partitions, (mine, theirs) => ImmutableArray.CreateRange(mine.Zip(theirs, (one, next) =>
                new SubgroupSum<T>(one.Sum is { } sum && next.Sum is { } more ? sum.Merge(more) : one.Sum ?? next.Sum, one.Sites + next.Sites))))]);
    }

    /// <summary>The JSON form.</summary>
    public JsonObject ToJson() => new()
    {
        ["partitions"] = new JsonArray([.. Partitions.Select(groups => new JsonArray([.. groups.Select(group =>
            group.Sum is { } sum ? new JsonObject { [T.Field] = sum.ToJson(), ["sites"] = group.Sites } : null)]))]),
        ["sites"] = Sites,
    };

    internal static SubgroupSums<T> Read(JsonFields fields)
    {
        var sites = (int)fields.Integer("sites", 1, int.MaxValue);
        var partitions = fields.List("partitions", MaximumPartitions, (node, path) => ReadGroups(node, path, sites));
        fields.End();
        return new SubgroupSums<T>(sites, [.. partitions]);
    }

    private static ImmutableArray<SubgroupSum<T>> ReadGroups(JsonNode? node, string path, int sites)
    {
        if (node is not JsonArray { Count: > 0 and <= MaximumGroups } groups)
            throw new FormatException($"{path} must be a list of 1 to {MaximumGroups} items.");
        return [.. groups.Select((group, i) =>
        {
            if (group is null)
                return default;
            var fields = new JsonFields(group, $"{path}[{i}]");
            var told = (int)fields.Integer("sites", 1, sites);
            var sum = T.Read(fields.Node(T.Field), fields.PathOf(T.Field));
            fields.End();
            return new SubgroupSum<T>(sum, told);
        })];
    }
}
