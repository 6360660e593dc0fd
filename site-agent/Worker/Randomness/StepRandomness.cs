using System.Security.Cryptography;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>The randomness of one release that was charged: only the ledger gives it out. Whoever computes disposes it.</summary>
public sealed class StepRandomness : IDisposable
{
    private readonly byte[] _root;
    private readonly Sha256Digest _inputs;

    internal StepRandomness(byte[] root, Sha256Digest inputs) => (_root, _inputs) = (root, inputs);

    /// <summary>Randomness for something that is shown to the steward and never leaves: drawn anew, charged to nobody.</summary>
    public static StepRandomness ForPreview() => new(RandomNumberGenerator.GetBytes(32), default);

    /// <summary>The bytes for a purpose: the same for the same run and inputs, on every machine and after every restart.</summary>
    /// <param name="purpose">A constant of the code, such as "fcml-noise-v1".</param>
    public KeyStream Stream(string purpose) => KeyStream.Derive(_root, purpose, _inputs.Span);

    /// <inheritdoc/>
    public void Dispose() => CryptographicOperations.ZeroMemory(_root);
}
