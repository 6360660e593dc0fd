using System.Collections.Immutable;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>
/// Errors of a model of a number by subgroup of several partitions of the same rows, as they were counted, beside a <see cref="SubgroupCounts"/> of these rows as ones of one class with one score: that decides what is told, by the
/// one rule that there is, and this is what is told then. Sums of few rows are in it: it stays where the rows are.
/// </summary>
public sealed class SubgroupErrors
{
    private readonly RegressionSums[][] _groups;

    /// <summary>Errors of no rows.</summary>
    /// <param name="number">What is predicted.</param>
    /// <param name="sizes">Subgroups of each partition.</param>
    public SubgroupErrors(NumericOutcome number, IReadOnlyList<int> sizes)
    {
        ArgumentNullException.ThrowIfNull(number);
        ArgumentNullException.ThrowIfNull(sizes);
        var none = RegressionSums.Of(number.Minimum, number.Maximum, [], []);
        _groups = [.. sizes.Select(size => Enumerable.Repeat(none, size).ToArray())];
    }

    /// <summary>The errors of a partition's subgroups.</summary>
    public IReadOnlyList<RegressionSums> Groups(int partition) => _groups[partition];

    /// <summary>Counts a row.</summary>
    /// <param name="row">Its error.</param>
    /// <param name="groups">Its subgroup of each partition.</param>
    public void Count(RegressionSums row, ImmutableArray<int> groups)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(groups.Length, _groups.Length);
        foreach (var (partition, group) in groups.Index())
            _groups[partition][group] = _groups[partition][group].Merge(row);
    }

    /// <summary>Adds the errors of other rows, by the same partitions.</summary>
    public void Add(SubgroupErrors other)
    {
        ArgumentNullException.ThrowIfNull(other);
        for (var partition = 0; partition < _groups.Length; partition++)
            _groups[partition] = [.. _groups[partition].Zip(other._groups[partition], (mine, theirs) => mine.Merge(theirs))];
    }

    /// <summary>Whether each partition's subgroups add up to all rows, and each has as many as were counted of it.</summary>
    /// <param name="all">All rows.</param>
    /// <param name="counts">The rows by subgroup.</param>
    public bool AddUpTo(RegressionSums all, SubgroupCounts counts)
    {
        ArgumentNullException.ThrowIfNull(counts);
        return _groups.Index().All(partition => partition.Item.Aggregate((sum, next) => sum.Merge(next)) == all
            && partition.Item.Zip(counts.Groups(partition.Index)).All(group => (group.First.Count, 0) == (group.Second.Negatives, group.Second.Positives)));
    }

    /// <summary>JSON <c>[[errors]]</c>: of each partition each subgroup.</summary>
    public JsonArray ToJson() => new([.. _groups.Select(groups => new JsonArray([.. groups.Select(group => group.ToJson())]))]);

    internal static SubgroupErrors Read(JsonFields fields, string name, NumericOutcome number, IReadOnlyList<int> sizes)
    {
        var errors = new SubgroupErrors(number, sizes);
        var index = 0;
        var read = fields.List(name, sizes.Count, (node, path) => ReadGroups(number, node, sizes[index++], path));
        if (read.Length != sizes.Count)
            fields.Fail(name, "have each partition of the study once");
        read.CopyTo(errors._groups, 0);
        return errors;
    }

    private static RegressionSums[] ReadGroups(NumericOutcome number, JsonNode? node, int size, string path)
    {
        if (node is not JsonArray groups || groups.Count != size)
            throw new FormatException($"{path} must have {size} subgroups.");
        return [.. groups.Select((group, i) => Read(number, group, $"{path}[{i}]"))];
    }

    internal static RegressionSums Read(NumericOutcome number, JsonNode? node, string path)
    {
        var errors = RegressionSums.Read(node, path);
        return (errors.Minimum, errors.Maximum) == (number.Minimum, number.Maximum) ? errors : throw new FormatException($"{path} must be of outcomes within the study's range.");
    }
}
