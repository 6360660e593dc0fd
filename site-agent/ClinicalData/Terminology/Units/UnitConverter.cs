using System.Diagnostics.CodeAnalysis;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>
/// Finds how numbers in a source's unit become numbers in a definition's: by a factor between units of one dimension, by the molar mass that the
/// definition gives, or by the rule that it names. Everything else is refused with its reason, never guessed.
/// </summary>
/// <remarks>
/// Our own because Fhir.Metrics 1.4.1, the library to be had, divides decimals (kat/L to U/L gives 59999999.99999988), knows neither annotations nor
/// [degF], and takes meq/L for mmol/L whatever the ion, and HbA1c's mmol/mol for a tenth of a percent.
/// </remarks>
public sealed class UnitConverter
{
    private static readonly Affine[] s_affine =
    [
        new(UnitRule.CelsiusFahrenheit, Of("[degF]"), Of("Cel"), UnitStep.ToCelsius),
        new(UnitRule.CelsiusFahrenheit, Of("Cel"), Of("[degF]"), UnitStep.ToFahrenheit),
        new(UnitRule.HbA1cNgspIfcc, Of("%"), Of("mmol/mol"), UnitStep.ToIfcc),
        new(UnitRule.HbA1cNgspIfcc, Of("mmol/mol"), Of("%"), UnitStep.ToNgsp),
    ];

    private readonly UcumUnit _target;
    private readonly Rational? _molarMass; // g/mol
    private readonly UnitRule _rule;

    /// <summary>A converter to a definition's unit.</summary>
    /// <param name="target">The unit.</param>
    /// <param name="molarMass">What one mole of the substance weighs, in g/mol, more than 0; null: no mass becomes an amount of substance.</param>
    /// <param name="rule">The rule that is allowed.</param>
    /// <exception cref="ArgumentOutOfRangeException">The molar mass is not above 0.</exception>
    public UnitConverter(UcumUnit target, decimal? molarMass = null, UnitRule rule = UnitRule.None)
    {
        ArgumentNullException.ThrowIfNull(target);
        if (molarMass is { } mass)
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(mass, nameof(molarMass));
        (_target, _molarMass, _rule) = (target, molarMass is { } given ? Rational.Of(given) : null, rule);
    }

    /// <summary>Finds the conversion from a source's unit.</summary>
    /// <param name="unit">The unit as the source gives it, or as the site's mapping corrects it.</param>
    /// <param name="conversion">The conversion.</param>
    /// <param name="fault">Where there is none: why.</param>
    public bool TryFrom(Coding unit, [NotNullWhen(true)] out UnitConversion? conversion, out UnitFault fault)
    {
        conversion = UcumUnit.TryParse(unit, out var source, out fault) ? Find(source, _rule, out fault) : null;
        return conversion is not null;
    }

    private UnitConversion? Find(UcumUnit source, UnitRule rule, out UnitFault fault)
    {
        fault = default;
        var (from, to) = rule == UnitRule.MonovalentIon
            ? (source.Dimension.WithEquivalentsAsAmount(), _target.Dimension.WithEquivalentsAsAmount())
            : (source.Dimension, _target.Dimension);
        if (from.Equals(to))
            return Multiply(source.Scale / _target.Scale);
        if (from.MolarMassPowerTo(to) is var power and not 0)
        {
            fault = UnitFault.MolarMassNeeded;
            return _molarMass is { } mass ? Multiply(source.Scale / _target.Scale * mass.Power(power)) : null;
        }

        if (s_affine.FirstOrDefault(affine => affine.Fits(source, _target)) is { } found)
        {
            fault = UnitFault.RuleNeeded;
            return found.Rule == rule ? new UnitConversion(found.Step) : null;
        }

        fault = rule != UnitRule.MonovalentIon && Find(source, UnitRule.MonovalentIon, out _) is not null ? UnitFault.RuleNeeded
            : from.IsArbitrary || to.IsArbitrary ? UnitFault.Arbitrary
            : UnitFault.OtherDimension;
        return null;
    }

    private static UnitConversion Multiply(Rational factor) =>
        factor == Rational.One ? new UnitConversion(UnitStep.Identity) : new UnitConversion(UnitStep.Factor, factor.ToDouble());

    private static UcumUnit Of(string code) => UcumUnit.TryParse(code, out var unit) ? unit : throw new FormatException($"'{code}' is no unit.");

    private sealed record Affine(UnitRule Rule, UcumUnit From, UcumUnit To, UnitStep Step)
    {
        public bool Fits(UcumUnit source, UcumUnit target) => IsSame(From, source) && IsSame(To, target);

        private static bool IsSame(UcumUnit left, UcumUnit right) => left.Dimension.Equals(right.Dimension) && left.Scale == right.Scale;
    }
}
