namespace FederatedClinicalMl.Tests.Studies.Features;

/// <summary>Check digits of code systems: a slip in one digit of a code makes it invalid.</summary>
internal static class CheckDigits
{
    private static readonly int[] s_permutation = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];

    /// <summary>LOINC's numbers end in a digit of Luhn's modulus 10.</summary>
    public static bool IsLoinc(string code) => code[^2] == '-' && code.Where(char.IsAsciiDigit).Reverse().Select((digit, i) => Doubled(digit - '0', i % 2 == 1)).Sum() % 10 == 0;

    /// <summary>SNOMED CT's identifiers end in a digit of Verhoeff's dihedral code (1969).</summary>
    public static bool IsSnomed(string code)
    {
        var check = 0;
        for (var i = 0; i < code.Length; i++)
            check = Multiply(check, Permute(code[^(i + 1)] - '0', i % 8));
        return check == 0;
    }

    private static int Doubled(int digit, bool isDoubled) => !isDoubled ? digit : (digit * 2) - (digit > 4 ? 9 : 0);

    private static int Permute(int digit, int times) => times == 0 ? digit : Permute(s_permutation[digit], times - 1);

    // In the dihedral group of the pentagon: 0 to 4 are rotations, 5 to 9 reflections.
    private static int Multiply(int a, int b) => (a < 5, b < 5) switch
    {
        (true, true) => (a + b) % 5,
        (true, false) => 5 + ((a + b) % 5),
        (false, true) => 5 + ((a - b) % 5),
        _ => (a - b + 5) % 5,
    };
}
