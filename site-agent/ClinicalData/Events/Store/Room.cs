namespace FederatedClinicalMl.ClinicalData;

/// <summary>Room for what is gathered of a batch. Made in few steps, and not filled with zeros: pages of it that are not used are not there.</summary>
internal static class Room
{
    /// <summary>How much room follows on one that is full.</summary>
    /// <param name="used">What is full.</param>
    /// <param name="most">How much a batch mostly has at the end.</param>
    public static int After(int used, int most) => used >= most ? used * 2 : (int)Math.Min(most, Math.Max(1024L, used * 16L));

    /// <summary>Gives an array another length, keeping what is used of it.</summary>
    public static void Make<T>(ref T[] array, int used, int length)
    {
        var larger = GC.AllocateUninitializedArray<T>(length);
        array.AsSpan(0, used).CopyTo(larger);
        array = larger;
    }
}
