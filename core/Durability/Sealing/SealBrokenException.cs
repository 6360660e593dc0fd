namespace FederatedClinicalMl.Durability;

/// <summary>A sealed file cannot be opened: another key, changed bytes, or a part of it is missing. The message says what to do.</summary>
public sealed class SealBrokenException : IOException
{
    /// <summary>Of one file.</summary>
    /// <param name="path">Its path in the disk.</param>
    /// <param name="what">What is wrong with it, as the end of a sentence.</param>
    /// <param name="remedy">What to do, in whole sentences.</param>
    public SealBrokenException(string path, string what, string remedy)
        : base($"'{path}' cannot be opened: {what}. {remedy}")
    {
    }
}
