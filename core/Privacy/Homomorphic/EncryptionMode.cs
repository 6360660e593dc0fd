namespace FederatedClinicalMl.Privacy;

/// <summary>Who can decrypt an encrypted round's sum.</summary>
public enum EncryptionMode
{
    /// <summary>Every member, by the one key that each was sent. The coordinator cannot.</summary>
    Consortium,

    /// <summary>All sites together, no fewer; the coordinator learns the sum.</summary>
    Threshold,
}
