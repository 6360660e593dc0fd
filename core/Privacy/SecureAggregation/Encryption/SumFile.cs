using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// The encrypted sum as the sites are given it: packed ciphertexts; or, of a collective key, their packed c1 and the SHA-256 of the c0 that the coordinator keeps, so that whoever signs the file's
/// digest has signed the whole sum.
/// </summary>
public static class SumFile
{
    /// <summary>Bytes of the file.</summary>
    public static long LengthOf(EncryptionPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return plan.Download.Length + (plan.Mode == EncryptionMode.Threshold ? Sha256Digest.Length : 0);
    }
}
