using System.Collections.Immutable;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>What birth and sex say.</summary>
internal static class Demographics
{
    /// <summary>Completed years from birth to a moment, by the hospital's calendar; NaN where the birth is not known, or lies after it.</summary>
    public static double Age(ClinicalTime birth, ClinicalTime moment, ClinicalClock clock)
    {
        if (!birth.IsKnown || birth > moment)
            return double.NaN;
        var (born, now) = (DateOnly.FromDateTime(clock.ToLocal(birth)), DateOnly.FromDateTime(clock.ToLocal(moment)));
        var years = now.Year - born.Year;
        return born.AddYears(years) > now ? years - 1 : years;
    }

    /// <summary>Whether a coded sex is male; null: neither male nor female.</summary>
    public static bool? IsMale(ImmutableArray<Coding> sex)
    {
        foreach (var coding in sex)
        {
            if (coding.System == CodeSystems.Gender && coding.Code is "male" or "female")
                return coding.Code == "male";
        }

        return null;
    }
}
