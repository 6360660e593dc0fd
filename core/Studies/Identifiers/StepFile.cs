namespace FederatedClinicalMl.Studies;

/// <summary>What the sites are given for a step of an encrypted round and is too large for a message: keys, or a sum of ciphertexts.</summary>
/// <param name="Digest">SHA-256 of its bytes.</param>
/// <param name="Length">How many they are.</param>
public readonly record struct StepFile(Sha256Digest Digest, long Length);
