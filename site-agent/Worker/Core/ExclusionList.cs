using System.Collections.Immutable;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>Patients who opted out. Holds keyed hashes of pseudonyms only, so that the log that keeps the list names nobody.</summary>
public sealed class ExclusionList(SiteSecret secret, ImmutableHashSet<Sha256Digest> hashes)
{
    /// <summary>The keyed hashes.</summary>
    public ImmutableHashSet<Sha256Digest> Hashes => hashes;

    /// <summary>How many patients.</summary>
    public int Count => hashes.Count;

    /// <summary>Whether the patient opted out.</summary>
    public bool Contains(string pseudonym) => !hashes.IsEmpty && hashes.Contains(secret.OfPseudonym(pseudonym));
}
