namespace FederatedClinicalMl.Privacy;

/// <summary>What packed bytes hold. The numbers are on the wire: none is used again.</summary>
internal enum PackedKind : byte
{
    Seeded = 1,
    Encrypted = 2,
    Polynomials = 3,
    KeyPart = 4,
    DecryptionShare = 5,
}
