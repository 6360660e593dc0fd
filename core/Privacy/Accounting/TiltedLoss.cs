using System.Numerics;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// A step's loss, each probability multiplied by exp(tilt times the loss) and the whole divided by its sum exp(<see cref="LogMoment"/>). Under the tilt the losses
/// that make up delta are the likely ones, so that what a transform rounds or wraps around is small against delta, not against 1.
/// </summary>
internal sealed class TiltedLoss
{
    private const double Unit = 1.1102230246251565e-16;

    private readonly double[] _logMasses;
    private readonly int _first;
    private readonly double _width;
    private readonly double _tilt;

    public TiltedLoss(LossGrid grid, double width, double tilt, long count)
    {
        (_first, _width, _tilt, Count, Unbounded) = (grid.First, width, tilt, count, grid.Unbounded);
        _logMasses = [.. grid.Masses.Select(mass => Math.Log(mass))];
        LogMoment = LogMomentAt(tilt);
        var last = _first + _logMasses.Length - 1;
        var largest = 750 + (tilt * width * Math.Max(Math.Abs(_first), Math.Abs(last))) + Math.Abs(LogMoment);
        RelativeError = 8 * Unit * largest;
    }

    /// <summary>How many such steps there are.</summary>
    public long Count { get; }

    /// <summary>Probability of an unbounded loss, per step.</summary>
    public double Unbounded { get; }

    /// <summary>The logarithm of the moment generating function at the tilt.</summary>
    public double LogMoment { get; }

    /// <summary>How far a tilted probability may be off, relatively.</summary>
    public double RelativeError { get; }

    /// <summary>log of the sum of probabilities times exp(argument times the loss).</summary>
    public double LogMomentAt(double argument)
    {
        var slope = argument * _width;
        var largest = double.NegativeInfinity;
        for (var i = 0; i < _logMasses.Length; i++)
            largest = Math.Max(largest, _logMasses[i] + (slope * (_first + i)));
        var sum = 0.0;
        for (var i = 0; i < _logMasses.Length; i++)
            sum += Math.Exp(_logMasses[i] + (slope * (_first + i)) - largest);
        return largest + Math.Log(sum);
    }

    /// <summary>The tilted probabilities, wrapped around an array: a grid point stands at its number modulo the length.</summary>
    public Complex[] Wrap(int length)
    {
        var values = new Complex[length];
        foreach (var (point, weight) in Weights())
            values[point & (length - 1)] += weight;
        return values;
    }

    private IEnumerable<(int Point, double Weight)> Weights()
    {
        for (var i = 0; i < _logMasses.Length; i++)
            yield return (_first + i, Math.Exp(_logMasses[i] + (_tilt * _width * (_first + i)) - LogMoment));
    }
}
