namespace FederatedClinicalMl.ClinicalData;

/// <summary>What is done with a number to bring it from one unit to another.</summary>
public enum UnitStep
{
    /// <summary>Nothing: the units are the same.</summary>
    Identity,

    /// <summary>It is multiplied.</summary>
    Factor,

    /// <summary><see cref="UnitRule.CelsiusFahrenheit"/>, to degrees Celsius.</summary>
    ToCelsius,

    /// <summary><see cref="UnitRule.CelsiusFahrenheit"/>, to degrees Fahrenheit.</summary>
    ToFahrenheit,

    /// <summary><see cref="UnitRule.HbA1cNgspIfcc"/>, to mmol/mol.</summary>
    ToIfcc,

    /// <summary><see cref="UnitRule.HbA1cNgspIfcc"/>, to %.</summary>
    ToNgsp,
}

/// <summary>A conversion that <see cref="UnitConverter"/> has found to be one.</summary>
public sealed record UnitConversion
{
    internal UnitConversion(UnitStep step, double factor = 1) => (Step, Factor) = (step, factor);

    /// <summary>What is done.</summary>
    public UnitStep Step { get; }

    /// <summary>By what is multiplied: the exact factor, rounded once; 1 for every other step.</summary>
    public double Factor { get; }

    /// <summary>
    /// The number in the other unit. The operations stand as written, each rounded to a double, so that every machine gets the same bits; an
    /// identity returns the bits that came, NaN included.
    /// </summary>
    public double Apply(double value) => Step switch
    {
        UnitStep.Identity => value,
        UnitStep.Factor => value * Factor,
        UnitStep.ToCelsius => (value - 32) * 5 / 9,
        UnitStep.ToFahrenheit => (value * 9 / 5) + 32,
        UnitStep.ToIfcc => (value - 2.152) / 0.09148,
        UnitStep.ToNgsp => (0.09148 * value) + 2.152,
        _ => throw new InvalidOperationException($"There is no step {Step}."),
    };
}
