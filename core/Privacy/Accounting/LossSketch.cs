namespace FederatedClinicalMl.Privacy;

/// <summary>Steps' losses by a few hundred outcomes each: where to look, before anything is proved.</summary>
internal sealed class LossSketch
{
    private readonly (long Count, (double LogMass, double Loss)[] Outcomes)[] _steps;

    public LossSketch(IReadOnlyDictionary<LossStep, long> steps, bool added)
    {
        _steps = [.. steps.Select(step => (step.Value, step.Key.Outcomes(added).ToArray()))];
        Least = _steps.Min(step => step.Outcomes.Min(outcome => outcome.Loss));
        Largest = _steps.Max(step => step.Outcomes.Max(outcome => outcome.Loss));
    }

    /// <summary>The least loss of any step.</summary>
    public double Least { get; }

    /// <summary>The largest loss of any step.</summary>
    public double Largest { get; }

    /// <summary>A good tilt for finding epsilon at a delta.</summary>
    public double TiltForDelta(double delta) => Below(Minimise(tilt => (LogBound(tilt) - Math.Log(delta)) / tilt, 1e-3, 1e4));

    /// <summary>A good tilt for finding delta at an epsilon.</summary>
    public double TiltForEpsilon(double epsilon) => Below(Minimise(tilt => LogMoment(tilt) - (tilt * epsilon), 1e-3, 1e4));

    /// <summary>The slopes at which Chernoff's bound, under a tilt, shows the nearest losses below and above which less than a probability lies.</summary>
    public (double Down, double Up) Slopes(double tilt, double outside)
    {
        var centre = LogMoment(tilt) + Math.Log(outside);
        return (Minimise(slope => (LogMoment(tilt - slope) - centre) / slope, 1e-3, 1e6), Minimise(slope => (LogMoment(tilt + slope) - centre) / slope, 1e-3, 1e6));
    }

    /// <summary>log of the expectation of exp(argument times the loss), all steps together.</summary>
    public double LogMoment(double argument)
    {
        var total = 0.0;
        foreach (var (count, outcomes) in _steps)
        {
            var (largest, sum) = (double.NegativeInfinity, 0.0);
            foreach (var (logMass, loss) in outcomes)
                largest = Math.Max(largest, logMass + (argument * loss));
            foreach (var (logMass, loss) in outcomes)
                sum += Math.Exp(logMass + (argument * loss) - largest);
            total += count * (largest + Math.Log(sum));
        }

        return total;
    }

    // delta at epsilon is at most exp(this - tilt epsilon) (Canonne, Kamath and Steinke 2020, proposition 12). Without the last terms the best tilt has no end
    // where the largest loss alone is likelier than delta.
    private double LogBound(double tilt) => LogMoment(tilt) + (tilt * Math.Log(tilt)) - ((1 + tilt) * Math.Log(1 + tilt));

    // Below the best one: it often stands where rare large losses are about to take over, which would make the window wide. The bound loses a factor of
    // three or so, of the millions that it has.
    private static double Below(double tilt) => 0.7 * tilt;

    // Golden section in the logarithm; the functions here fall and then rise.
    private static double Minimise(Func<double, double> function, double least, double most)
    {
        const double Ratio = 0.6180339887498949;
        var (from, to) = (Math.Log(least), Math.Log(most));
        while (to - from > 0.02)
        {
            var (left, right) = (to - (Ratio * (to - from)), from + (Ratio * (to - from)));
            (from, to) = function(Math.Exp(left)) < function(Math.Exp(right)) ? (from, right) : (left, to);
        }

        return Math.Exp(from);
    }
}
