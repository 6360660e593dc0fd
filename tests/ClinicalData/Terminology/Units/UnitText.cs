using FederatedClinicalMl.ClinicalData;

namespace FederatedClinicalMl.Tests.ClinicalData.Terminology.Units;

internal static class UnitText
{
    public static UcumUnit Unit(string code) => UcumUnit.TryParse(code, out var unit) ? unit : throw new FormatException(code);

    /// <summary>The conversion; null where there is none.</summary>
    public static UnitConversion? Conversion(string from, string to, decimal? molarMass = null, UnitRule rule = UnitRule.None) =>
        new UnitConverter(Unit(to), molarMass, rule).TryFrom(new Coding(CodeSystems.Ucum, from), out var conversion, out _) ? conversion : null;

    public static UnitFault Fault(string from, string to, decimal? molarMass = null, UnitRule rule = UnitRule.None) =>
        new UnitConverter(Unit(to), molarMass, rule).TryFrom(new Coding(CodeSystems.Ucum, from), out _, out var fault)
            ? throw new InvalidOperationException($"{from} converts to {to}.")
            : fault;
}
