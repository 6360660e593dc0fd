namespace FederatedClinicalMl.Privacy;

/// <summary>
/// The privacy loss of one step on the grid of multiples of a width h: how likely each loss is under the data for which the loss is counted. Pessimistic, by
/// "connect the dots" (Doroshenko, Ghazi, Kamath, Kumar and Manurangsi 2022): an outcome whose likelihood ratio lies between two grid points is
/// split between them so that the ratio keeps its mean. That only spreads the ratio, so no delta gets smaller; unlike rounding up, its error is of second
/// order in h.
/// </summary>
internal sealed class LossGrid
{
    /// <summary>Every probability is at most this much, relatively, off before it is raised by as much (accounting.md, "Rounding").</summary>
    public const double MassError = 1e-12;

    /// <summary>The loss of each outcome is raised by this on average, which is more than rounding can lower it.</summary>
    public const double LossError = 1e-12;

    private readonly double _width;
    private readonly double _gap;
    private readonly List<double> _masses = [];

    public LossGrid(double width)
    {
        _width = width;
        _gap = -Elementary.ExpMinusOne(-width);
    }

    /// <summary>The grid's first point, in widths from 0.</summary>
    public int First { get; private set; }

    /// <summary>Probabilities from <see cref="First"/> on.</summary>
    public IReadOnlyList<double> Masses => _masses;

    /// <summary>Probability of an unbounded loss: what was cut off.</summary>
    public double Unbounded { get; private set; }

    /// <summary>Adds outcomes whose loss lies between two grid points. Cells come in order of their loss.</summary>
    /// <param name="cell">The lower grid point.</param>
    /// <param name="mass">Their probability under the data for which the loss is counted.</param>
    /// <param name="other">Their probability under the other data.</param>
    public void Add(int cell, double mass, double other)
    {
        if (mass <= 0)
            return;
        // exp(-loss) over the ratio's own is 1 at the lower point and 1 - gap at the upper one.
        var upper = ((1 - (Math.Exp(cell * _width) * (other / mass))) / _gap) + (LossError / _gap);
        upper = upper >= 0 ? Math.Min(upper, 1) : 0;
        mass *= 1 + MassError;
        Add(cell, mass * (1 - upper));
        Add(cell + 1, mass * upper);
    }

    /// <summary>Adds outcomes of which nothing but a bound on their probability is known.</summary>
    public void AddUnbounded(double mass) => Unbounded += mass * (1 + MassError);

    private void Add(int point, double mass)
    {
        if (_masses.Count == 0)
            First = point;
        while (_masses.Count <= point - First)
            _masses.Add(0);
        _masses[point - First] += mass;
    }
}
