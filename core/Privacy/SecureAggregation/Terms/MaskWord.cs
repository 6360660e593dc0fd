namespace FederatedClinicalMl.Privacy;

/// <summary>The words of masked vectors; sums are modulo 2 to the power of its number.</summary>
public enum MaskWord
{
    /// <summary>32 bits, little-endian.</summary>
    Bits32 = 32,

    /// <summary>64 bits, little-endian.</summary>
    Bits64 = 64,
}

/// <summary>What holds for words.</summary>
public static class MaskWords
{
    /// <summary>Bytes of one word.</summary>
    public static int Bytes(this MaskWord word) => (int)word / 8;
}
