using System.Numerics;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// The privacy loss of fixed steps one after the other, in one direction (patient added, or removed): a power of each step's tilted transform, with every
/// error bounded (accounting.md, "Loss distributions"). After Koskela, Jälkö and Honkela 2020 and Gopi, Lee and Wutschitz 2021.
/// </summary>
internal sealed class LossComposition
{
    /// <summary>The tilted probability that may lie outside of the window, on either side.</summary>
    private const double Outside = 5e-10;

    // Losses this far above the window add their whole probability to delta, whichever they are.
    private const double BeyondWindow = 4;

    // A step's own losses may reach much farther than the sum's window is wide. They get at most this many grid points for each of the window's.
    private const int LongestStep = 8;

    // To which epsilon is searched for, relatively.
    private const double Precision = 1e-7;

    private const double Unit = 1.1102230246251565e-16;

    private readonly double _tilt;
    private readonly double _width;
    private readonly int _first;
    private readonly double[] _tilted;
    private readonly double _logMoment;
    private readonly double _error;
    private readonly double _growth;
    private readonly double _unbounded;
    private readonly double _deviation;
    private readonly long _count;

    private LossComposition(TiltedLoss[] losses, double tilt, double width, int first, int length, double deviation)
    {
        (_tilt, _width, _first, _deviation) = (tilt, width, first, deviation);
        _count = losses.Sum(loss => loss.Count);
        _logMoment = losses.Sum(loss => loss.Count * loss.LogMoment);
        _unbounded = losses.Sum(loss => loss.Count * loss.Unbounded);
        var magnitude = losses.Sum(loss => loss.Count * Math.Abs(loss.LogMoment)) + (tilt * width * (Math.Abs((double)first) + length));
        _growth = losses.Sum(loss => loss.Count * ((2 * LossGrid.MassError) + loss.RelativeError)) + (8 * Unit * magnitude);
        _tilted = Convolve(losses, first, length, out var transformError);
        // One Outside for either side, one more than covers the rounding of the moments that they were computed from.
        _error = (3 * Outside) + transformError + (4 * length * Unit);
    }

    /// <summary>Composes steps.</summary>
    /// <param name="steps">Different steps, and how often each is taken.</param>
    /// <param name="added">The direction, as for <see cref="LossStep.Fill"/>.</param>
    /// <param name="choose">Chooses the tilt. Any above 0 gives valid bounds.</param>
    /// <param name="length">Grid points of the window, a power of two.</param>
    public static LossComposition Of(IReadOnlyDictionary<LossStep, long> steps, bool added, Func<LossSketch, double> choose, int length)
    {
        // The sketch only guesses where the window is and how fine the grid can be; what is proved is proved of the grid.
        var sketch = new LossSketch(steps, added);
        var tilt = choose(sketch);
        var (down, up) = sketch.Slopes(tilt, Outside);
        var (guessFrom, guessTo) = Window(sketch.LogMoment);
        var cap = guessTo + BeyondWindow;
        var width = Math.Max((guessTo - guessFrom) / (0.95 * length), (Math.Min(cap, sketch.Largest) - sketch.Least) / (LongestStep * (double)length));
        for (var attempt = 0; attempt < 50; attempt++, width *= 1.25)
        {
            TiltedLoss[] losses = [.. steps.Select(step => Tilt(step.Key, step.Value))];
            var (from, to) = Window(argument => losses.Sum(loss => loss.Count * loss.LogMomentAt(argument)));
            if (((to - from) / width) + 2 <= length)
                return new(losses, tilt, width, (int)Math.Floor(from / width), length, steps.Sum(step => step.Value * step.Key.Deviation));
        }

        throw new ArgumentOutOfRangeException(nameof(steps), "The losses of these steps are too far apart for one grid.");

        // Chernoff's bound under the tilt: at most Outside of the sum lies beyond, on either side.
        (double From, double To) Window(Func<double, double> logMoment)
        {
            var centre = logMoment(tilt) + Math.Log(Outside);
            return ((centre - logMoment(tilt - down)) / down, (logMoment(tilt + up) - centre) / up);
        }

        TiltedLoss Tilt(LossStep step, long count)
        {
            var grid = new LossGrid(width);
            step.Fill(grid, width, added, cap);
            return new(grid, width, tilt, count);
        }
    }

    private double Last => (_first + _tilted.Length) * _width;

    /// <summary>An upper bound of delta at an epsilon, for the mechanisms that run.</summary>
    public double Upper(double epsilon)
    {
        var at = epsilon - (2 * _deviation);
        return Math.Min(1, (Math.Exp(_deviation + _growth) * Back(at) * (Tilted(at) + _error)) + _unbounded);
    }

    /// <summary>
    /// A lower bound of delta at an epsilon, for the continuous mechanisms that bound those that run. Connecting the dots moves the loss of a step within one width, by
    /// (exp(h) - 1)²/8 on average; by Hoeffding's inequality all steps together seldom exceed the mean by more than width sqrt(count log(1/rare)/2).
    /// </summary>
    public double Lower(double epsilon)
    {
        if (Tilted(epsilon) is not (> 0 and var tilted))
            return 0;
        var rare = 1e-3 * Math.Min(1, Back(epsilon) * tilted);
        var step = Elementary.ExpMinusOne(_width);
        var moved = (_count * ((step * step / 8) + (2 * LossGrid.LossError))) + (_width * Math.Sqrt(_count * Math.Log(1 / rare) / 2));
        // What the errors may have made says nothing, however much it is tilted back.
        var certain = Tilted(epsilon + moved) - _error;
        return certain <= 0 ? 0 : Math.Max(0, (certain * Back(epsilon + moved) * Math.Exp(-_growth)) - rare);
    }

    /// <summary>The least epsilon at which <see cref="Upper"/> is not above a delta, from above; infinite where the window ends first.</summary>
    public double UpperEpsilon(double delta)
    {
        var (fails, holds) = (0.0, Math.Max(0, Last));
        if (Upper(0) <= delta)
            return 0;
        if (Upper(holds) > delta)
            return double.PositiveInfinity;
        while (holds - fails > Precision * holds)
        {
            var middle = fails + ((holds - fails) / 2);
            (fails, holds) = Upper(middle) <= delta ? (fails, middle) : (middle, holds);
        }

        return holds;
    }

    /// <summary>An epsilon at which <see cref="Lower"/> is still above a delta; 0 where none is found.</summary>
    public double LowerEpsilon(double delta)
    {
        // Far below where the tilt looks, the error takes all: go down from the upper bound until the lower one shows, then up again.
        var fails = UpperEpsilon(delta);
        var holds = double.IsFinite(fails) ? fails : 0;
        for (var below = holds / 1024; holds > 0 && Lower(holds) <= delta; below *= 2)
            holds = Math.Max(0, fails - below);
        while (fails - holds > Precision * fails && holds > 0)
        {
            var middle = holds + ((fails - holds) / 2);
            (holds, fails) = Lower(middle) > delta ? (middle, fails) : (holds, middle);
        }

        return holds;
    }

    // The sum over losses l > epsilon of tilted probability times exp(-tilt (l - epsilon)) (1 - exp(epsilon - l)); times Back it is delta. What is wrapped around,
    // rounded or outside of the window weighs less than itself in it, for both factors are below 1: so the error of the whole is _error.
    private double Tilted(double epsilon)
    {
        var index = Math.Max(0, (int)Math.Min((Math.Floor(epsilon / _width) + 1) - _first, _tilted.Length));
        var above = ((_first + index) * _width) - epsilon;
        var (weight, part) = (Math.Exp(-_tilt * above), Math.Exp(-above));
        var (weightStep, partStep) = (Math.Exp(-_tilt * _width), Math.Exp(-_width));
        var sum = 0.0;
        for (; index < _tilted.Length && weight > Unit * Unit; index++, weight *= weightStep, part *= partStep)
            sum += _tilted[index] * weight * (1 - part);
        return Math.Max(0, sum);
    }

    // Far below where the tilt looks it is infinite, and times an error it still is: not a number it must never be.
    private double Back(double epsilon) => Math.Exp(_logMoment - (_tilt * epsilon));

    private static double[] Convolve(TiltedLoss[] losses, int first, int length, out double error)
    {
        var transform = new FourierTransform(length);
        var product = new Complex[length];
        Array.Fill(product, Complex.One);
        foreach (var loss in losses)
        {
            var values = loss.Wrap(length);
            transform.Forward(values);
            for (var i = 0; i < length; i++)
                product[i] *= Power(values[i], loss.Count);
        }

        transform.Inverse(product);
        // Each factor has modulus at most 1, so errors add; a Euclidean norm is at least the sum of moduli over the root of the length.
        var count = (double)losses.Sum(loss => loss.Count);
        var grown = Math.Exp(count * transform.RelativeError * Math.Sqrt(length));
        error = 2 * Math.Sqrt(length) * ((count * grown * (transform.RelativeError + (4 * Unit))) + transform.RelativeError);
        var tilted = new double[length];
        for (var i = 0; i < length; i++)
            tilted[i] = product[(first + i) & (length - 1)].Real;
        return tilted;
    }

    // By squaring: Complex.Pow goes through angles, whose error grows with the exponent just so but is not bounded by anyone.
    private static Complex Power(Complex value, long exponent)
    {
        var power = Complex.One;
        for (; exponent > 0; exponent >>= 1, value *= value)
        {
            if ((exponent & 1) != 0)
                power *= value;
        }

        return power;
    }
}
