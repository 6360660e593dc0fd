namespace FederatedClinicalMl.Cli.Simulation;

/// <summary>Delays, losses, duplicates and broken sessions from a seed; some seeds are mild, some are rough.</summary>
internal sealed class ChaosWeather(Random random) : Weather
{
    private readonly double _slow = Pick(random, 0, 0.02, 0.1);
    private readonly double _loses = Pick(random, 0, 0.01, 0.08);
    private readonly double _doubles = Pick(random, 0, 0.05, 0.25);
    private readonly double _breaks = Pick(random, 0, 0.005, 0.03);
    private readonly double _splits = Pick(random, 0, 0.2, 0.6);

    /// <inheritdoc/>
    public override TimeSpan Network() => Between(1, Happens(_slow) ? 5_000 : 60);

    /// <inheritdoc/>
    public override TimeSpan Local() => Between(0, Happens(_slow) ? 1_000 : 3);

    /// <inheritdoc/>
    public override TimeSpan Work() => Between(0, Happens(_slow) ? 3_000 : 40);

    /// <inheritdoc/>
    public override TimeSpan Backoff() => Between(200, 2_000);

    /// <inheritdoc/>
    public override TimeSpan Downtime() => Between(10, Happens(0.1) ? 60_000 : 4_000);

    /// <inheritdoc/>
    public override bool Loses() => Happens(_loses);

    /// <inheritdoc/>
    public override bool Doubles() => Happens(_doubles);

    /// <inheritdoc/>
    public override bool Breaks() => Happens(_breaks);

    /// <inheritdoc/>
    public override int Piece(int remaining) => Happens(_splits) ? random.Next(1, remaining + 1) : remaining;

    /// <summary>One of the values.</summary>
    public static double Pick(Random random, params ReadOnlySpan<double> values) => values[random.Next(values.Length)];

    private bool Happens(double probability) => random.NextDouble() < probability;

    private TimeSpan Between(int least, int most) => TimeSpan.FromMilliseconds(random.Next(least, most + 1));
}
