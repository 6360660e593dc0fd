using System.Numerics;

namespace FederatedClinicalMl.Privacy;

/// <summary>Square roots of whole numbers of any length.</summary>
internal static class IntegerRoot
{
    /// <summary>The greatest whole number whose square is not above <paramref name="value"/> (Newton's iteration from above).</summary>
    public static BigInteger Floor(BigInteger value)
    {
        if (value.IsZero)
            return value;
        var root = BigInteger.One << (int)((value.GetBitLength() + 1) / 2); // not below the root, from where the iteration falls until it is there
        while (true)
        {
            var next = (root + (value / root)) >> 1;
            if (next >= root)
                return root;
            root = next;
        }
    }
}
