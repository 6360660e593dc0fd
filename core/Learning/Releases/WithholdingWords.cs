using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Learning;

/// <summary>The words of <see cref="Withholding"/> in a report's field <c>withheld</c>, which is null where nothing is.</summary>
internal static class WithholdingWords
{
    private const int LongestWord = 7;

    internal static string? Of(Withholding? withheld) => withheld switch { Withholding.Policy => "policy", Withholding.TooFew => "too-few", _ => null };

    internal static Withholding? Read(JsonFields fields, bool isWithheld)
    {
        if (!isWithheld)
        {
            if (!fields.IsNull("withheld"))
                fields.Fail("withheld", "be null beside what is not withheld");
            return null;
        }

        return fields.Text("withheld", LongestWord) switch
        {
            "policy" => Withholding.Policy,
            "too-few" => Withholding.TooFew,
            _ => throw new FormatException($"{fields.PathOf("withheld")} must be policy or too-few."),
        };
    }
}
