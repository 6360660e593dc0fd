using System.Collections.Immutable;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>A vital sign, and where its numbers lie in anybody alive.</summary>
/// <param name="Id">Of its rule.</param>
/// <param name="Name">In words.</param>
/// <param name="Loinc">Its LOINC codes.</param>
/// <param name="Unit">UCUM unit of the range.</param>
/// <param name="Minimum">Least.</param>
/// <param name="Maximum">Greatest.</param>
/// <param name="Rule">What converts besides factors.</param>
internal sealed record VitalSign(string Id, string Name, ImmutableArray<string> Loinc, string Unit, double Minimum, double Maximum, UnitRule Rule = UnitRule.None)
{
    /// <summary>
    /// All of them. The codes are those of FHIR R4's vital signs profile (https://hl7.org/fhir/R4/observation-vitalsigns.html). The ranges are wide: outside
    /// lies what is a mistake of typing, of unit or of code, not what is ill.
    /// </summary>
    public static ImmutableArray<VitalSign> All { get; } =
    [
        new("heart-rate", "Heart rate", ["8867-4"], "/min", 20, 300),
        new("respiratory-rate", "Respiratory rate", ["9279-1"], "/min", 2, 100),
        new("body-temperature", "Body temperature", ["8310-5"], "Cel", 24, 45, UnitRule.CelsiusFahrenheit),
        new("systolic-pressure", "Systolic blood pressure", ["8480-6"], "mm[Hg]", 20, 320),
        new("diastolic-pressure", "Diastolic blood pressure", ["8462-4"], "mm[Hg]", 5, 220),
        new("oxygen-saturation", "Oxygen saturation", ["2708-6", "59408-5"], "%", 20, 100),
        new("body-height", "Body height or length", ["8302-2"], "cm", 20, 280),
        new("body-weight", "Body weight", ["29463-7"], "kg", 0.2, 650),
        new("body-mass-index", "Body mass index", ["39156-5"], "kg/m2", 5, 200),
    ];

    /// <summary>Its rule: heart-rate becomes range-heart-rate.</summary>
    public QualityRuleInfo Info => new(
        $"range-{Id}", QualityDimension.Accuracy, QualitySeverity.High,
        FormattableString.Invariant($"{Name} lies between {Minimum} and {Maximum} {Unit}."), QualityUnit.Numbers, 0.01);

    /// <summary>Its events.</summary>
    public EventSelection Events => new([EventType.Observation], [.. Loinc.Select(code => new StudyCode("loinc", code))]);
}
