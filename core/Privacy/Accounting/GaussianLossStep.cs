namespace FederatedClinicalMl.Privacy;

/// <summary>
/// The Poisson-sampled Gaussian in one dimension, in units of its noise: with the patient (1-q) N(0,1) + q N(m,1), without it N(0,1), a dominating pair in
/// each direction (Zhu, Dong and Wang 2022, theorem 11). Masses are Gauss-Legendre integrals of the densities over each cell: nothing is subtracted, so
/// even the farthest tail keeps its digits, and no error function is needed.
/// </summary>
internal sealed record GaussianLossStep(double SamplingRate, double Shift, double NoiseDeviation) : LossStep
{
    /// <summary>Beyond this many standard deviations an outcome counts as unboundedly bad: less than 1e-32 of them, per step.</summary>
    private const double Reach = 12;

    private const double LargestShift = 8;

    private const double WidestPanel = 1.0 / 64;

    private const double NarrowPanel = 1.0 / 4096;

    private static readonly (double Node, double Weight)[] Two = [(-0.57735026918962576, 1), (0.57735026918962576, 1)];

    private static readonly (double Node, double Weight)[] Four =
    [
        (-0.86113631159405258, 0.34785484513745386), (-0.33998104358485626, 0.65214515486254614),
        (0.33998104358485626, 0.65214515486254614), (0.86113631159405258, 0.34785484513745386),
    ];

    public override double Deviation => NoiseDeviation;

    public override bool Symmetric => SamplingRate >= 1;

    /// <summary>
    /// The continuous mechanism that bounds a discrete one. Rounding a continuous Gaussian of variance s² - t² at random, by a discrete Gaussian of variance t² around
    /// it, gives the discrete Gaussian of variance s² but for a factor exp(±5 exp(-2 pi² t²)) per coordinate (accounting.md, "From the continuous to the
    /// discrete Gaussian"). Rounding is post-processing, so the continuous one, a little louder, is the upper bound; t² = 4 makes the factor 1e-34.
    /// </summary>
    public static GaussianLossStep Of(GaussianCharge charge)
    {
        var rounding = Rational.Of(8) < charge.Variance ? Rational.Of(4) : charge.Variance / Rational.Of(2);
        var variance = Rational.Of(
            (charge.Variance.Numerator * rounding.Denominator) - (rounding.Numerator * charge.Variance.Denominator), charge.Variance.Denominator * rounding.Denominator);
        var perCoordinate = 5 * Math.Exp(-2 * Math.PI * Math.PI * RationalBounds.Below(rounding) * (1 - 1e-14));
        var shift = Math.BitIncrement(Math.Sqrt(RationalBounds.Above(charge.SquaredSensitivity / variance)));
        if (shift > LargestShift)
            throw new ArgumentOutOfRangeException(nameof(charge), "Loss distributions are computed for noise of at least an eighth of the sensitivity.");
        return new(RationalBounds.Above(charge.SamplingRate), shift, RationalBounds.Above(charge.Deviation) + (charge.Coordinates * perCoordinate));
    }

    public override IEnumerable<(double LogMass, double Loss)> Outcomes(bool added)
    {
        // Trapezoids of an eighth: for densities as smooth as these they are right to many more digits than a choice needs.
        const double Step = 1.0 / 8;
        var end = added ? Reach : Shift + Reach;
        for (var t = added || SamplingRate < 1 ? -Reach : Shift - Reach; t <= end; t += Step)
        {
            var loss = LossOf(t, added);
            yield return (Math.Log(Step / Math.Sqrt(2 * Math.PI)) - (t * t / 2) + (added ? 0 : loss), loss);
        }
    }

    public override void Fill(LossGrid grid, double width, bool added, double cap)
    {
        // Along t the loss only grows: t is the outcome where the patient is removed, and its negative where it is added.
        var start = added || SamplingRate < 1 ? -Reach : Shift - Reach;
        var end = added ? Reach : Math.Min(Shift + Reach, OutcomeOf(cap, added));
        grid.AddUnbounded(TailBound(-start));
        grid.AddUnbounded(added ? TailBound(end) : ((1 - SamplingRate) * TailBound(end)) + (SamplingRate * TailBound(end - Shift)));
        var cell = (int)Math.Floor(LossOf(start, added) / width);
        for (var t = start; t < end; cell++)
        {
            var next = Math.Min(end, OutcomeOf((cell + 1) * width, added));
            if (next <= t)
                continue;
            var (with, without) = Integrate(t, next, added ? -1 : 1);
            grid.Add(cell, added ? without : with, added ? with : without);
            t = next;
        }
    }

    private double LossOf(double t, bool added) => added
        ? -Elementary.LogOnePlus(SamplingRate * Elementary.ExpMinusOne((-Shift * t) - (Shift * Shift / 2)))
        : Elementary.LogOnePlus(SamplingRate * Elementary.ExpMinusOne((Shift * t) - (Shift * Shift / 2)));

    // Where the loss is this much. A loss below all possible ones is at minus infinity, one above them at infinity.
    private double OutcomeOf(double loss, bool added)
    {
        if (loss > 700)
            return double.PositiveInfinity;
        var excess = Elementary.ExpMinusOne(added ? -loss : loss) / SamplingRate;
        var outcome = excess > -1 ? (Elementary.LogOnePlus(excess) / Shift) + (Shift / 2) : double.NegativeInfinity;
        return added ? -outcome : outcome;
    }

    private (double With, double Without) Integrate(double from, double to, int sign)
    {
        var panels = (int)Math.Ceiling((to - from) / WidestPanel);
        var half = (to - from) / (2 * panels);
        var rule = 2 * half < NarrowPanel ? Two : Four;
        var (shifted, centred) = (0.0, 0.0);
        for (var panel = 0; panel < panels; panel++)
        {
            var middle = from + (((2 * panel) + 1) * half);
            foreach (var (node, weight) in rule)
            {
                var x = sign * (middle + (half * node));
                shifted += weight * Math.Exp(-(x - Shift) * (x - Shift) / 2);
                centred += weight * Math.Exp(-x * x / 2);
            }
        }

        var scale = half / Math.Sqrt(2 * Math.PI);
        return (scale * (((1 - SamplingRate) * centred) + (SamplingRate * shifted)), scale * centred);
    }

    // P(N(0,1) > x) is not above exp(-x²/2)/2 for x >= 0.
    private static double TailBound(double x) => x > 0 ? Math.Exp(-x * x / 2) / 2 : 1;
}
