namespace FederatedClinicalMl.ClinicalData;

/// <summary>A rule by which numbers are converted that units alone do not justify. A definition names the one that it allows.</summary>
public enum UnitRule
{
    /// <summary>None: factors between units of one dimension.</summary>
    None,

    /// <summary>Degrees Celsius and Fahrenheit: F = C * 9/5 + 32 (NIST SP 811, appendix B.8).</summary>
    CelsiusFahrenheit,

    /// <summary>
    /// HbA1c in % (NGSP) and mmol/mol (IFCC): NGSP = 0.09148 * IFCC + 2.152. Hoelzel et al., IFCC reference system for measurement of hemoglobin A1c
    /// in human blood and the national standardization schemes, Clin Chem 2004;50:166-174; https://ngsp.org/ifcc.asp.
    /// </summary>
    HbA1cNgspIfcc,

    /// <summary>Equivalents of ions of one charge, such as sodium, potassium and chloride: 1 eq = 1 mol. Never for calcium or magnesium.</summary>
    MonovalentIon,
}

/// <summary>Names of <see cref="UnitRule"/>.</summary>
public static class UnitRules
{
    /// <summary>The names, and the rules for which they stand.</summary>
    public static IReadOnlyDictionary<string, UnitRule> ByName { get; } = new Dictionary<string, UnitRule>(StringComparer.Ordinal)
    {
        ["celsius-fahrenheit"] = UnitRule.CelsiusFahrenheit,
        ["hba1c-ngsp-ifcc"] = UnitRule.HbA1cNgspIfcc,
        ["monovalent-ion"] = UnitRule.MonovalentIon,
    };
}
