using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>The conversion of numbers that a feature asks for.</summary>
internal static class FeatureUnits
{
    /// <summary>Converts into a feature's unit.</summary>
    /// <exception cref="DatasetException">The unit, or the named conversion, is none that this software knows.</exception>
    public static UnitConverter ConverterOf(NumberValue value)
    {
        var rule = UnitRule.None;
        if (value.Conversion is { } named && !UnitRules.ByName.TryGetValue(named, out rule))
            throw new DatasetException($"The study names the conversion '{named}', which this software does not know. Known: {string.Join(", ", UnitRules.ByName.Keys.Order(StringComparer.Ordinal))}.");
        return UcumUnit.TryParse(value.Unit, out var unit)
            ? new UnitConverter(unit, (decimal?)value.MolarMass, rule)
            : throw new DatasetException($"The study converts into the unit '{value.Unit}', which this software does not know.");
    }

    /// <summary>Converts into the unit of a component of NEWS2; null: it has none.</summary>
    public static UnitConverter? ConverterOf(News2Source source) => source.Unit is { } code && UcumUnit.TryParse(code, out var unit)
        ? new UnitConverter(unit, rule: code == "Cel" ? UnitRule.CelsiusFahrenheit : UnitRule.None)
        : null;
}
