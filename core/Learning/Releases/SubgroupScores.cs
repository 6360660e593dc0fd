using System.Collections.Immutable;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>One subgroup's scores, over the sites that tell it.</summary>
/// <param name="Scores">Scores on test rows; null where every site withholds them.</param>
/// <param name="Sites">How many sites, or windows of sites, tell them.</param>
public readonly record struct SubgroupCount(ScoreHistogram? Scores, int Sites);

/// <summary>
/// Scores by subgroup, of one site or of several added up: the field <c>subgroups</c> of an evaluation, <c>{"partitions":[[{"scores","sites"} or null]],"sites"}</c>. A site that withholds a subgroup does
/// not count in it, so that subgroups need not add up to all rows.
/// </summary>
/// <param name="Sites">How many sites were added up, or, of live outcomes, windows of sites.</param>
/// <param name="Partitions">Of each of the study's partitions, in its order, each subgroup.</param>
public sealed record SubgroupScores(int Sites, ImmutableArray<ImmutableArray<SubgroupCount>> Partitions)
{
    private const int MaximumPartitions = 16; // the study's own bounds are less: they are held against it where one is at hand
    private const int MaximumGroups = 64;

    /// <summary>Those of one site.</summary>
    /// <param name="suppressed">What <see cref="SubgroupSuppression"/> left of each partition.</param>
    public static SubgroupScores Of(ImmutableArray<ImmutableArray<ScoreHistogram?>> suppressed) =>
        new(1, [.. suppressed.Select(groups => ImmutableArray.CreateRange(groups, scores => new SubgroupCount(scores, scores is null ? 0 : 1)))]);

    /// <summary>Whether these are subgroups of the study's partitions, and, of one site, what its policy lets out beside its histogram of all rows.</summary>
    /// <param name="study">The study.</param>
    /// <param name="all">The site's histogram of all rows.</param>
    /// <param name="minimum">The least count that its policy lets out.</param>
    public bool FitsSite(Study study, ScoreHistogram? all, int minimum) => Fits(study) && FitsSite(all, minimum);

    /// <summary>Whether they are what a site's policy lets out beside its histogram of all rows.</summary>
    /// <param name="all">The site's histogram of all rows.</param>
    /// <param name="minimum">The least count that its policy lets out.</param>
    public bool FitsSite(ScoreHistogram? all, int minimum) => Sites == 1 && Partitions.All(groups => SubgroupSuppression.Fits(all, groups.Select(group => group.Scores), minimum));

    /// <summary>Whether these are subgroups of the study's partitions.</summary>
    public bool Fits(Study study)
    {
        ArgumentNullException.ThrowIfNull(study);
        return Partitions.Select(groups => groups.Length).SequenceEqual(study.Evaluation.Subgroups.Select(partition => partition.Groups.Length));
    }

    /// <summary>Both added up.</summary>
    public SubgroupScores Merge(SubgroupScores other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new SubgroupScores(
            checked(Sites + other.Sites),
            [.. Partitions.Zip(other.Partitions, (mine, theirs) => ImmutableArray.CreateRange(mine.Zip(theirs, (one, next) =>
                new SubgroupCount(one.Scores is { } scores && next.Scores is { } more ? scores.Merge(more) : one.Scores ?? next.Scores, one.Sites + next.Sites))))]);
    }

    /// <summary>The JSON form.</summary>
    public JsonObject ToJson() => new()
    {
        ["partitions"] = new JsonArray([.. Partitions.Select(groups => new JsonArray([.. groups.Select(group =>
            group.Scores is { } scores ? new JsonObject { ["scores"] = scores.ToJson(), ["sites"] = group.Sites } : null)]))]),
        ["sites"] = Sites,
    };

    internal static SubgroupScores Read(JsonFields fields)
    {
        var sites = (int)fields.Integer("sites", 1, int.MaxValue);
        var partitions = fields.List("partitions", MaximumPartitions, (node, path) => ReadGroups(node, path, sites));
        fields.End();
        return new SubgroupScores(sites, [.. partitions]);
    }

    private static ImmutableArray<SubgroupCount> ReadGroups(JsonNode? node, string path, int sites)
    {
        if (node is not JsonArray { Count: > 0 and <= MaximumGroups } groups)
            throw new FormatException($"{path} must be a list of 1 to {MaximumGroups} items.");
        return [.. groups.Select((group, i) =>
        {
            if (group is null)
                return default;
            var fields = new JsonFields(group, $"{path}[{i}]");
            var told = (int)fields.Integer("sites", 1, sites);
            var scores = ScoreHistogram.Read(fields.Node("scores"), fields.PathOf("scores"));
            fields.End();
            return new SubgroupCount(scores, told);
        })];
    }
}
