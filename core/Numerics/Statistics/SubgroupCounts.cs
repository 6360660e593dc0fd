using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace FederatedClinicalMl.Numerics;

/// <summary>
/// Scores by subgroup of several partitions of the same rows, as they were counted, and which subgroups of two partitions have rows in common: all that <see cref="SubgroupSuppression"/> needs, in whole numbers that
/// are added up. Small counts are in it: it stays where the rows are.
/// </summary>
public sealed class SubgroupCounts
{
    private readonly ScoreHistogram[][] _groups;
    private readonly Dictionary<(int First, int Second), bool[]> _shared = []; // [groups of the first * groups of the second]

    /// <summary>Counts of no rows.</summary>
    /// <param name="sizes">Subgroups of each partition.</param>
    public SubgroupCounts(IReadOnlyList<int> sizes)
    {
        ArgumentNullException.ThrowIfNull(sizes);
        var none = ScoreHistogram.Of([], []);
        _groups = [.. sizes.Select(size => Enumerable.Repeat(none, size).ToArray())];
        for (var second = 1; second < sizes.Count; second++)
        {
            for (var first = 0; first < second; first++)
                _shared[(first, second)] = new bool[sizes[first] * sizes[second]];
        }
    }

    /// <summary>Partitions.</summary>
    public int Partitions => _groups.Length;

    /// <summary>Counts rows.</summary>
    /// <param name="logits">[rows], none of them NaN.</param>
    /// <param name="labels">[rows].</param>
    /// <param name="partitions">Of each partition, in which subgroup each row is, and how many subgroups there are.</param>
    public static SubgroupCounts Of(double[] logits, bool[] labels, IReadOnlyList<(int[] GroupOf, int Groups)> partitions)
    {
        ArgumentNullException.ThrowIfNull(logits);
        ArgumentNullException.ThrowIfNull(labels);
        var counts = new SubgroupCounts([.. partitions.Select(partition => partition.Groups)]);
        foreach (var (partition, (groupOf, groups)) in partitions.Index())
        {
            ArgumentOutOfRangeException.ThrowIfNotEqual(groupOf.Length, logits.Length, nameof(partitions));
            for (var group = 0; group < groups; group++)
                counts._groups[partition][group] = ScoreHistogram.Of(In(logits, groupOf, group), In(labels, groupOf, group));
        }

        for (var row = 0; row < logits.Length; row++)
            counts.Mark(partition => partitions[partition].GroupOf[row]);
        return counts;

        static T[] In<T>(T[] values, int[] groupOf, int group) => [.. values.Where((_, row) => groupOf[row] == group)];
    }

    /// <summary>The histograms of a partition's subgroups, in all bins of the grid.</summary>
    public IReadOnlyList<ScoreHistogram> Groups(int partition) => _groups[partition];

    /// <summary>Whether a row is in both of two subgroups of two partitions.</summary>
    /// <param name="first">A partition, before the other.</param>
    /// <param name="group">One of its subgroups.</param>
    /// <param name="second">The other partition.</param>
    /// <param name="other">One of its subgroups.</param>
    public bool Overlap(int first, int group, int second, int other) => _shared[(first, second)][(group * _groups[second].Length) + other];

    /// <summary>Counts a row.</summary>
    /// <param name="logit">Its score.</param>
    /// <param name="positive">Its label.</param>
    /// <param name="groups">Its subgroup of each partition.</param>
    public void Count(double logit, bool positive, ImmutableArray<int> groups)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(groups.Length, _groups.Length);
        var row = ScoreHistogram.Of([logit], [positive]);
        foreach (var (partition, group) in groups.Index())
            _groups[partition][group] = _groups[partition][group].Merge(row);
        Mark(partition => groups[partition]);
    }

    /// <summary>Adds what another counts of other rows, by the same partitions.</summary>
    public void Add(SubgroupCounts other)
    {
        ArgumentNullException.ThrowIfNull(other);
        for (var partition = 0; partition < _groups.Length; partition++)
            _groups[partition] = [.. _groups[partition].Zip(other._groups[partition], (mine, theirs) => mine.Merge(theirs))];
        foreach (var (pair, shared) in _shared)
        {
            for (var i = 0; i < shared.Length; i++)
                shared[i] |= other._shared[pair][i];
        }
    }

    /// <summary>Whether each partition's subgroups add up to all rows.</summary>
    /// <param name="all">All rows, in the grid's own bins.</param>
    public bool AddUpTo(ScoreHistogram all)
    {
        ArgumentNullException.ThrowIfNull(all);
        return Array.TrueForAll(_groups, groups => groups.Aggregate((sum, next) => sum.Merge(next)).Bins.SequenceEqual(all.Bins));
    }

    /// <summary>JSON <c>{"partitions":[[histogram]],"shared":["0110..."]}</c>: of each pair of partitions, by the second and then the first, which subgroups have rows in common.</summary>
    public JsonObject ToJson() => new()
    {
        ["partitions"] = new JsonArray([.. _groups.Select(groups => new JsonArray([.. groups.Select(group => group.ToJson())]))]),
        ["shared"] = new JsonArray([.. Pairs().Select(pair => (JsonNode)string.Concat(_shared[pair].Select(isShared => isShared ? '1' : '0')))]),
    };

    /// <summary>Reads what <see cref="ToJson"/> writes, strictly.</summary>
    /// <exception cref="FormatException">The JSON is something else.</exception>
    public static SubgroupCounts Read(JsonFields fields, IReadOnlyList<int> sizes)
    {
        ArgumentNullException.ThrowIfNull(fields);
        var counts = new SubgroupCounts(sizes);
        var index = 0;
        var read = fields.List("partitions", sizes.Count, (node, path) => ReadGroups(node, sizes[index++], path));
        if (read.Length != sizes.Count)
            fields.Fail("partitions", "have each partition of the study once");
        read.CopyTo(counts._groups, 0);
        var pairs = counts.Pairs().ToList();
        var shared = fields.List("shared", pairs.Count, (node, path) => node is JsonValue value && value.TryGetValue(out string? text) && text.All(letter => letter is '0' or '1') ? text : throw new FormatException($"{path} must be 0s and 1s."));
        fields.End();
        if (shared.Length != pairs.Count || pairs.Zip(shared).Any(pair => counts._shared[pair.First].Length != pair.Second.Length))
            fields.Fail("shared", "have a digit for each two subgroups of two partitions");
        foreach (var (pair, text) in pairs.Zip(shared))
            counts._shared[pair] = [.. text.Select(letter => letter == '1')];
        return counts;
    }

    private static ScoreHistogram[] ReadGroups(JsonNode? node, int size, string path)
    {
        if (node is not JsonArray groups || groups.Count != size)
            throw new FormatException($"{path} must have {size} subgroups.");
        var read = groups.Select((group, i) => ScoreHistogram.Read(group, $"{path}[{i}]")).ToArray();
        return Array.TrueForAll(read, group => group.Bins.Length == ScoreHistogram.GridBins && group.IsPartition) ? read : throw new FormatException($"{path} must be in the grid's own bins.");
    }

    private void Mark(Func<int, int> groupOf)
    {
        foreach (var ((first, second), shared) in _shared)
            shared[(groupOf(first) * _groups[second].Length) + groupOf(second)] = true;
    }

    private IEnumerable<(int First, int Second)> Pairs() => Enumerable.Range(0, _groups.Length).SelectMany(second => Enumerable.Range(0, second).Select(first => (first, second)));
}
