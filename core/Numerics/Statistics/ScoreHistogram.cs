using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace FederatedClinicalMl.Numerics;

/// <summary>One bin of a <see cref="ScoreHistogram"/>.</summary>
/// <param name="From">Index of its lower edge on the public grid.</param>
/// <param name="To">Index of its upper edge.</param>
/// <param name="Negatives">Rows with a negative label.</param>
/// <param name="Positives">Rows with a positive label.</param>
/// <param name="Probability">Sum of the predicted probabilities, in units of 2^-32.</param>
public readonly record struct ScoreBin(int From, int To, long Negatives, long Positives, long Probability)
{
    /// <summary>Rows.</summary>
    public long Count => Negatives + Positives;

    /// <summary>Whether it reaches across logit 0, so that it does not tell on which side its rows lie.</summary>
    public bool Straddles => From < ScoreHistogram.MiddleEdge && To > ScoreHistogram.MiddleEdge;

    internal ScoreBin With(ScoreBin next) => new(
        From, next.To, checked(Negatives + next.Negatives), checked(Positives + next.Positives), checked(Probability + next.Probability));
}

/// <summary>
/// A model's scores on labelled rows as two histograms, of the negatives and of the positives, over the logit: from their sums over all sites
/// follow the overall metrics, without a row or a score ever leaving a site.
/// </summary>
/// <remarks>
/// The public grid has 64 bins. Its edges 1 to 63 lie at logit (i - 32) / 4, from -7.75 to 7.75; the outer bins are open. A bin holds its lower
/// edge. Edge 32 is logit 0, which is probability 0.5. Adjacent bins may have been merged (<see cref="Suppress"/>). The histogram of several
/// sites keeps every site's bins as they came, so that they may overlap: a site that can show little does not make the others' bins as coarse
/// as its own. It is still a sum, of at most 64 * 65 / 2 cells, one for each pair of edges. All sums are whole numbers, so that merging in any
/// order gives the same bits.
/// </remarks>
public sealed class ScoreHistogram : IMergeable<ScoreHistogram>
{
    /// <summary>Bins of the public grid.</summary>
    public const int GridBins = 64;

    /// <summary>Index of the edge at logit 0.</summary>
    public const int MiddleEdge = GridBins / 2;

    /// <summary>Most bins that different edges can make.</summary>
    public const int MaximumBins = GridBins * (GridBins + 1) / 2;

    /// <summary>Most rows.</summary>
    public const long MaximumCount = 1L << 30;

    /// <summary>What one unit of the fixed-point sums is worth.</summary>
    public const double Unit = 1.0 / (1L << 32);

    private ScoreHistogram(ImmutableArray<ScoreBin> bins, long squaredError, long? correct)
    {
        Bins = bins;
        SquaredError = squaredError;
        Correct = correct;
    }

    /// <inheritdoc/>
    public static string Field => "scores";

    /// <summary>The bins, by lower edge, then by upper edge. Those of one site have neither gaps nor overlaps (<see cref="IsPartition"/>).</summary>
    public ImmutableArray<ScoreBin> Bins { get; }

    /// <summary>Whether the bins cover the grid without gaps and overlaps, as one site's do.</summary>
    public bool IsPartition => Bins[0].From == 0 && Bins[^1].To == GridBins && Bins.Zip(Bins.Skip(1)).All(pair => pair.First.To == pair.Second.From);

    /// <summary>Sum of (probability - label)², in units of 2^-32.</summary>
    public long SquaredError { get; }

    /// <summary>
    /// Rows on the right side of logit 0 (0 counts as positive); null where withheld. Bins that do not reach across logit 0 tell it of their own
    /// rows, so that it is withheld only where another has rows.
    /// </summary>
    public long? Correct { get; }

    /// <summary>Rows with a negative label.</summary>
    public long Negatives => Bins.Sum(bin => bin.Negatives);

    /// <summary>Rows with a positive label.</summary>
    public long Positives => Bins.Sum(bin => bin.Positives);

    /// <summary>The logit of an edge of the grid.</summary>
    public static double LogitOf(int edge) => edge switch
    {
        0 => double.NegativeInfinity,
        GridBins => double.PositiveInfinity,
        _ => (edge - MiddleEdge) / 4.0,
    };

    /// <summary>Counts scores.</summary>
    /// <param name="logits">[rows], none of them NaN.</param>
    /// <param name="labels">[rows].</param>
    /// <exception cref="ArgumentException">The lengths differ, or a logit is NaN.</exception>
    public static ScoreHistogram Of(ReadOnlySpan<double> logits, ReadOnlySpan<bool> labels)
    {
        if (logits.Length != labels.Length)
            throw new ArgumentException($"There are {logits.Length} logits and {labels.Length} labels.", nameof(labels));
        var bins = new ScoreBin[GridBins];
        for (var i = 0; i < bins.Length; i++)
            bins[i] = new ScoreBin(i, i + 1, 0, 0, 0);
        var squaredError = 0L;
        for (var row = 0; row < logits.Length; row++)
        {
            var logit = logits[row];
            if (double.IsNaN(logit))
                throw new ArgumentException($"The logit of row {row} is NaN: the model has diverged.", nameof(logits));
            var probability = 1 / (1 + Math.Exp(-logit));
            var error = labels[row] ? 1 - probability : probability;
            squaredError += InUnits(error * error);
            ref var bin = ref bins[BinOf(logit, GridBins)];
            bin = bin.With(new ScoreBin(bin.From, bin.To, labels[row] ? 0 : 1, labels[row] ? 1 : 0, InUnits(probability)));
        }

        return new ScoreHistogram([.. bins], squaredError, Sides(bins).Correct);
    }

    /// <summary>
    /// A histogram of which nothing but counts is known, in bins of one width on the grid: each row is taken to lie in the middle of its bin (the open ones as if they ended at logit -8 and 8), so that the sums of
    /// probabilities and of squared errors are what the counts say. Counts that had noise tell no more, and are made of no more.
    /// </summary>
    /// <param name="negatives">[bins], each from 0; bins divide <see cref="GridBins"/> and are 2 or more.</param>
    /// <param name="positives">[bins].</param>
    public static ScoreHistogram OfCounts(ReadOnlySpan<long> negatives, ReadOnlySpan<long> positives)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(positives.Length, negatives.Length);
        if (negatives.Length < 2 || GridBins % negatives.Length != 0)
            throw new ArgumentException($"The number of bins divides {GridBins}.", nameof(negatives));
        var width = GridBins / negatives.Length;
        var bins = new ScoreBin[negatives.Length];
        var squaredError = 0L;
        for (var i = 0; i < bins.Length; i++)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(negatives[i]);
            ArgumentOutOfRangeException.ThrowIfNegative(positives[i]);
            var probability = 1 / (1 + Math.Exp(-(((i + 0.5) * width) - MiddleEdge) / 4));
            bins[i] = new ScoreBin(i * width, (i + 1) * width, negatives[i], positives[i], InUnits(probability * (negatives[i] + positives[i])));
            squaredError += InUnits((negatives[i] * probability * probability) + (positives[i] * (1 - probability) * (1 - probability)));
        }

        return new ScoreHistogram([.. bins], squaredError, Sides(bins).Correct);
    }

    /// <summary>The bin of a score, of so many bins of one width on the grid; the first for what is no number.</summary>
    public static int BinOf(double logit, int bins) => double.IsNaN(logit) ? 0 : (int)Math.Clamp(Math.Floor(logit * 4) + MiddleEdge, 0, GridBins - 1) / (GridBins / bins);

    /// <summary>
    /// Merges adjacent bins until each class count of each bin is 0 or at least <paramref name="minimum"/>; keeps the edge at logit 0 where
    /// it can, and ties as few pairs of a negative and a positive row as it can. Null where no merging suffices: the histogram is then withheld. <see cref="Correct"/> is kept
    /// unless it would tell a smaller count of right or of wrong rows in the bin that reaches across logit 0. Suppression is not differential privacy.
    /// </summary>
    /// <param name="minimum">Least count that may leave, from 1.</param>
    public ScoreHistogram? Suppress(int minimum)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(minimum, 1);
        return Suppress([this], minimum)?[0];
    }

    /// <summary>
    /// The same where it is known besides how many rows were scored in each of some cells, whether they have a label or not: bins are made of whole cells, and the rows without a label of each bin are none or at least
    /// <paramref name="minimum"/> too, so that they do not follow by subtraction.
    /// </summary>
    /// <param name="minimum">Least count that may leave, from 1.</param>
    /// <param name="scored">The cells of that histogram of scores: a partition of the grid, each with its rows.</param>
    /// <exception cref="ArgumentException">The cells are no partition of the grid, or this histogram's bins were merged before.</exception>
    public ScoreHistogram? Suppress(int minimum, IReadOnlyList<(int From, int To, long Rows)> scored)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(minimum, 1);
        ArgumentNullException.ThrowIfNull(scored);
        if (Bins.Length != GridBins || scored.Count == 0 || scored[0].From != 0 || scored[^1].To != GridBins || scored.Zip(scored.Skip(1)).Any(pair => pair.First.To != pair.Second.From))
            throw new ArgumentException("The cells must be a partition of the grid whose bins these are.", nameof(scored));
        var coarse = MergeRuns([.. scored.Select(cell => (cell.From, cell.To))]);
        var without = new ScoreHistogram([.. coarse.Bins.Select((bin, i) => new ScoreBin(bin.From, bin.To, scored[i].Rows - bin.Count, 0, 0))], 0, null);
        return Suppress([coarse, without], minimum)?[0];
    }

    /// <summary>
    /// The histogram of both populations together: bins with the same edges are added, others stand side by side. <see cref="Correct"/> is withheld
    /// where one of them withholds it.
    /// </summary>
    /// <exception cref="OverflowException">A sum is beyond 63 bits.</exception>
    public ScoreHistogram Merge(ScoreHistogram other)
    {
        ArgumentNullException.ThrowIfNull(other);
        var sums = ImmutableArray.CreateBuilder<ScoreBin>(Math.Max(Bins.Length, other.Bins.Length));
        for (var (mine, theirs) = (0, 0); mine < Bins.Length || theirs < other.Bins.Length;)
        {
            var order = mine == Bins.Length ? 1 : theirs == other.Bins.Length ? -1 : (Bins[mine].From, Bins[mine].To).CompareTo((other.Bins[theirs].From, other.Bins[theirs].To));
            sums.Add(order == 0 ? Bins[mine].With(other.Bins[theirs]) : order < 0 ? Bins[mine] : other.Bins[theirs]);
            mine += order <= 0 ? 1 : 0;
            theirs += order >= 0 ? 1 : 0;
        }

        return new ScoreHistogram(sums.DrainToImmutable(), checked(SquaredError + other.SquaredError), checked(Correct + other.Correct));
    }

    /// <summary>JSON with the fields from and to (edges, as indices on the grid), negatives, positives, probabilities, squaredError and correct; sums are decimal strings.</summary>
    public JsonObject ToJson() => new()
    {
        ["from"] = new JsonArray([.. Bins.Select(bin => (JsonNode)bin.From)]),
        ["to"] = new JsonArray([.. Bins.Select(bin => (JsonNode)bin.To)]),
        ["negatives"] = new JsonArray([.. Bins.Select(bin => (JsonNode)bin.Negatives)]),
        ["positives"] = new JsonArray([.. Bins.Select(bin => (JsonNode)bin.Positives)]),
        ["probabilities"] = new JsonArray([.. Bins.Select(bin => (JsonNode)JsonFields.Text(bin.Probability))]),
        ["squaredError"] = JsonFields.Text(SquaredError),
        ["correct"] = Correct,
    };

    /// <summary>Reads what <see cref="ToJson"/> writes, strictly: counts and sums that no scores can have are refused.</summary>
    /// <exception cref="FormatException">The JSON is something else.</exception>
    public static ScoreHistogram Read(JsonNode? node, string path)
    {
        var fields = new JsonFields(node, path);
        var from = Edges("from");
        var to = Edges("to");
        if (from.Length == 0 || to.Length != from.Length || from.Zip(to).Any(bin => bin.First >= bin.Second))
            fields.Fail("from", "name for each bin an edge below that of 'to'");
        var edges = from.Zip(to).ToArray();
        if (edges.Zip(edges.Skip(1)).Any(pair => pair.First.CompareTo(pair.Second) >= 0))
            fields.Fail("from", "rise, and 'to' where it stays");
        var negatives = Counts("negatives");
        var positives = Counts("positives");
        var probabilities = fields.List("probabilities", MaximumBins, JsonFields.BigInteger);
        var squaredError = fields.BigInteger("squaredError");
        long? correct = fields.IsNull("correct") ? null : fields.Integer("correct", 0, MaximumCount);
        fields.End();
        var bins = new ScoreBin[edges.Length];
        if (negatives.Length != bins.Length || positives.Length != bins.Length || probabilities.Length != bins.Length)
            fields.Fail("from", "have one count of each list");
        if (negatives.Sum() + positives.Sum() > MaximumCount)
            fields.Fail("negatives", $"and the positives count at most {MaximumCount} rows");
        for (var i = 0; i < bins.Length; i++)
        {
            if (probabilities[i] < 0 || probabilities[i] > InUnits(negatives[i] + positives[i]))
                fields.Fail("probabilities", "lie between 0 and the bins' counts");
            bins[i] = new ScoreBin(from[i], to[i], negatives[i], positives[i], (long)probabilities[i]);
        }

        if (squaredError < 0 || squaredError > InUnits(negatives.Sum() + positives.Sum()))
            fields.Fail("squaredError", "lie between 0 and the number of rows");
        var (certain, open) = Sides(bins);
        if (correct is null ? open == 0 : correct < certain || correct > certain + open)
            fields.Fail("correct", "be what the bins tell of the rows' sides, and null only where one with rows reaches across logit 0");
        return new ScoreHistogram([.. bins], (long)squaredError, correct);

        int[] Edges(string name) => [.. fields.List(name, MaximumBins, (item, at) => (int)JsonFields.Integer(item, at, 0, GridBins))];

        long[] Counts(string name) => fields.List(name, MaximumBins, (item, at) => JsonFields.Integer(item, at, 0, MaximumCount));
    }

    // What bins tell of the side of logit 0 on which their rows lie: how many are right, and how many may be either.
    private static (long Correct, long Open) Sides(IReadOnlyCollection<ScoreBin> bins) => (
        bins.Where(bin => !bin.Straddles).Sum(bin => bin.From >= MiddleEdge ? bin.Positives : bin.Negatives),
        bins.Where(bin => bin.Straddles).Sum(bin => bin.Count));

    private static long InUnits(double value) => (long)Math.Round(value / Unit, MidpointRounding.ToEven);

    /// <summary>Several histograms with the same bins, merged alike, so that sums and differences of them tell no smaller count either; <see cref="Correct"/> is kept of
    /// all or of none that have rows on both sides of an edge.</summary>
    internal static ImmutableArray<ScoreHistogram>? Suppress(IReadOnlyList<ScoreHistogram> parts, int minimum)
    {
        var bins = parts[0].Bins;
        var middle = bins.ToList().FindIndex(bin => bin.From == MiddleEdge);
        var runs = middle > 0 && Partition(parts, 0, middle, minimum) is { } low && Partition(parts, middle, bins.Length, minimum) is { } high
            ? [.. low, .. high]
            : Partition(parts, 0, bins.Length, minimum);
        if (runs is null)
            return null;
        var merged = parts.Select(part => part.MergeRuns(runs)).ToArray();
        var isTold = merged.Select(part => (part.Correct, Sides: Sides(part.Bins)))
            .All(part => part.Correct - part.Sides.Correct is { } right && MayLeave(right, minimum) && MayLeave(part.Sides.Open - right, minimum));
        return [.. merged.Select(part => isTold ? part : part.WithholdCorrect())];
    }

    /// <summary>The same in the coarser bins of another, whose edges are edges here.</summary>
    internal ScoreHistogram InBinsOf(ScoreHistogram coarser) =>
        MergeRuns([.. coarser.Bins.Select(bin => (Bins.ToList().FindIndex(mine => mine.From == bin.From), Bins.ToList().FindIndex(mine => mine.To == bin.To) + 1))]);

    /// <summary>The same without <see cref="Correct"/>, unless no bin leaves it open.</summary>
    internal ScoreHistogram WithholdCorrect() => Sides(Bins).Open == 0 ? this : new ScoreHistogram(Bins, SquaredError, null);

    private ScoreHistogram MergeRuns(List<(int Start, int End)> runs) =>
        new([.. runs.Select(run => Bins[run.Start..run.End].Aggregate((sum, next) => sum.With(next)))], SquaredError, Correct);

    // The partition of bins into runs that may leave, of each part, which ties the fewest pairs of a negative and a positive row, and of those the one with the
    // most runs: best[j] is what the bins from the first up to the jth can be cut into.
    private static List<(int Start, int End)>? Partition(IReadOnlyList<ScoreHistogram> parts, int first, int last, int minimum)
    {
        var best = new (Int128 Tied, int Runs)?[last + 1];
        var from = new int[last + 1];
        best[first] = (0, 0);
        for (var end = first + 1; end <= last; end++)
        {
            var (negatives, positives) = (new long[parts.Count], new long[parts.Count]);
            for (var start = end - 1; start >= first; start--)
            {
                var (mayLeave, ties) = (true, Int128.Zero);
                for (var part = 0; part < parts.Count; part++)
                {
                    var bin = parts[part].Bins[start];
                    negatives[part] += bin.Negatives;
                    positives[part] += bin.Positives;
                    mayLeave &= MayLeave(negatives[part], minimum) && MayLeave(positives[part], minimum);
                    ties += (Int128)negatives[part] * positives[part];
                }

                if (!mayLeave || best[start] is not var (tied, runs))
                    continue;
                var here = (tied + ties, runs + 1);
                if (best[end] is not var (least, most) || here.Item1 < least || (here.Item1 == least && here.Item2 > most))
                    (best[end], from[end]) = (here, start);
            }
        }

        if (best[last] is null)
            return null;
        var partition = new List<(int, int)>();
        for (var end = last; end > first; end = from[end])
            partition.Insert(0, (from[end], end));
        return partition;
    }

    private static bool MayLeave(long count, int minimum) => count == 0 || count >= minimum;
}
