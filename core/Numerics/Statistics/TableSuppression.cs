namespace FederatedClinicalMl.Numerics;

/// <summary>
/// Complementary cell suppression in a two-way table of counts with its margins: rows are cells (levels, other, missing), columns are sites; the margins,
/// each column's total and the overall column, are published and may be withheld as any other cell.
/// </summary>
/// <remarks>
/// <para>
/// What is guaranteed, against somebody who knows the published cells, that every row adds up to its overall, every column to its total, and that counts
/// are not negative: (1) no withheld cell follows by adding and subtracting published ones, in the whole table and not only along one line; (2) a cell that is
/// withheld for its size, 1 to minimum - 1, could as well be 0, and as well be minimum or more. What is not: against knowledge from elsewhere (a site knows
/// its own counts; who knows one withheld cell may derive another), or of how this algorithm chooses; zeros are published. It is not differential privacy.
/// </para>
/// <para>
/// Such a table is a circulation: each cell is an arc (row to site, site to the total, the total to overall, overall to row), and the equations say that what
/// flows into a node flows out of it. A cell follows from the published ones exactly where no cycle of withheld arcs passes through it (Gusfield 1988, "A
/// graph theoretic approach to data security", SIAM J. Comput. 17(3)), and how far it can go up and down is what other withheld arcs can carry back (Kelly,
/// Golden and Assad 1992, "Cell suppression: disclosure protection for sensitive tabular data", Networks 22(4)). So for each small cell, the flow that lets it
/// move is sent along the paths that withhold the least, one cell after the other: a greedy choice, not the least possible number.
/// </para>
/// </remarks>
public static class TableSuppression
{
    // What withholding costs: a total is read by everybody, an overall count by most.
    private const int CellCost = 4;
    private const int OverallCost = 6;
    private const int TotalCost = 64;

    /// <summary>Suppresses a table. It needs the true counts of all sites, so that it is for whoever may know them.</summary>
    /// <param name="counts">[cells, sites], none negative.</param>
    /// <param name="minimum">Least count that may be published, from 1.</param>
    /// <returns>[cells + 1, sites + 1]: with the totals as last row and overall as last column; null where withheld.</returns>
    public static long?[,] Suppress(long[,] counts, int minimum)
    {
        ArgumentNullException.ThrowIfNull(counts);
        ArgumentOutOfRangeException.ThrowIfLessThan(minimum, 1);
        var (rows, sites) = (counts.GetLength(0), counts.GetLength(1));
        var table = new long[rows + 1, sites + 1];
        for (var row = 0; row < rows; row++)
        {
            for (var site = 0; site < sites; site++)
            {
                var count = counts[row, site];
                ArgumentOutOfRangeException.ThrowIfNegative(count, nameof(counts));
                table[row, site] = count;
                table[rows, site] = checked(table[rows, site] + count);
                table[row, sites] = checked(table[row, sites] + count);
                table[rows, sites] = checked(table[rows, sites] + count);
            }
        }

        // Zeros carry nothing and stay published: whether a level occurs at a site at all is often known.
        var arcs = new List<Arc>();
        for (var row = 0; row <= rows; row++)
        {
            for (var column = 0; column <= sites; column++)
            {
                if (table[row, column] > 0)
                    arcs.Add(ArcOf(row, column, rows, sites, table[row, column], minimum));
            }
        }

        var network = new Network(arcs, rows + sites + 2);
        foreach (var small in arcs.Where(arc => arc.IsSmall).OrderBy(arc => arc.Count).ToList())
        {
            network.Protect(small, small.To, small.From, minimum - small.Count); // up to the minimum
            network.Protect(small, small.From, small.To, small.Count); // down to 0
        }

        var published = new long?[rows + 1, sites + 1];
        foreach (var arc in arcs.Where(arc => !arc.IsWithheld))
            published[arc.Row, arc.Column] = arc.Count;
        for (var row = 0; row <= rows; row++)
        {
            for (var column = 0; column <= sites; column++)
            {
                if (table[row, column] == 0)
                    published[row, column] = 0;
            }
        }

        return published;
    }

    // Nodes: the rows, then the totals' row, then the sites, then overall.
    private static Arc ArcOf(int row, int column, int rows, int sites, long count, int minimum)
    {
        var (rowNode, columnNode) = (row, rows + 1 + column);
        var (isTotal, isOverall) = (row == rows, column == sites);
        var (from, to) = isTotal == isOverall ? (rowNode, columnNode) : (columnNode, rowNode);
        var small = count < minimum;
        return new Arc(row, column, from, to, count, isTotal ? TotalCost : isOverall ? OverallCost : CellCost, small) { IsWithheld = small };
    }

    private sealed record Arc(int Row, int Column, int From, int To, long Count, int Cost, bool IsSmall)
    {
        public bool IsWithheld { get; set; }

        public long Flow { get; set; }

        public int CostNow => IsWithheld || Flow != 0 ? 0 : Cost;
    }

    private sealed class Network(List<Arc> arcs, int nodes)
    {
        /// <summary>
        /// Withholds arcs that can carry <paramref name="amount"/> from one end of <paramref name="small"/> to its other end without it. There always are
        /// some: forwards an arc carries any amount (a count may be larger), backwards its count, and what a cell adds its total, overall and row can add.
        /// </summary>
        public void Protect(Arc small, int source, int target, long amount)
        {
            foreach (var arc in arcs)
                arc.Flow = 0;
            while (amount > 0)
                amount -= Send(small, source, target, amount);
            foreach (var arc in arcs.Where(arc => arc.Flow != 0))
                arc.IsWithheld = true;
        }

        // Sends what the cheapest path that can carry something carries, and of those with the same cost, the first.
        private long Send(Arc small, int source, int target, long amount)
        {
            var cost = new int[nodes];
            var by = new Arc?[nodes];
            Array.Fill(cost, int.MaxValue);
            cost[source] = 0;
            // Bellman-Ford: the graphs are small.
            for (var changed = true; changed;)
            {
                changed = false;
                foreach (var arc in arcs)
                {
                    if (arc == small)
                        continue;
                    changed |= Relax(arc, arc.From, arc.To);
                    if (arc.Count + arc.Flow > 0)
                        changed |= Relax(arc, arc.To, arc.From);
                }
            }

            for (var node = target; node != source; node = Before(node))
            {
                if (by[node]!.From == node)
                    amount = Math.Min(amount, by[node]!.Count + by[node]!.Flow);
            }

            for (var node = target; node != source; node = Before(node))
                by[node]!.Flow += by[node]!.To == node ? amount : -amount;
            return amount;

            int Before(int node) => by[node]!.From == node ? by[node]!.To : by[node]!.From;

            bool Relax(Arc arc, int from, int to)
            {
                if (cost[from] == int.MaxValue || cost[from] + arc.CostNow >= cost[to])
                    return false;
                (cost[to], by[to]) = (cost[from] + arc.CostNow, arc);
                return true;
            }
        }
    }
}
