using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.Tests.Privacy;

/// <summary>Vectors of words for tests.</summary>
internal static class Vectors
{
    /// <summary>Uniform words below t.</summary>
    public static ulong[] Words(BfvParameters parameters, int dimension, string label)
    {
        using var stream = Streams.Of(label);
        var words = new ulong[dimension];
        foreach (ref var word in words.AsSpan())
            word = stream.NextUInt64() % parameters.PlaintextModulus;
        return words;
    }

    /// <summary>What seal.mjs encrypts: multiplier × (i + 1) mod t.</summary>
    public static ulong[] Pattern(BfvParameters parameters, ulong multiplier) =>
        [.. Enumerable.Range(1, parameters.Degree).Select(i => multiplier * (ulong)i % parameters.PlaintextModulus)];
}
