using System.Collections.Immutable;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>
/// Everything on which one release depends, and with it the randomness in it. The same inputs give the same bytes and are charged once; with any other input the
/// noise would be another draw for the same step, or the same draw for another sum, and the difference of two such releases has no noise at all.
/// </summary>
/// <param name="Step">Run, round, kind and attempt.</param>
/// <param name="Study">The study, by which every setting of the protocol is named.</param>
/// <param name="Parameters">The parameters to start from; null where there are none.</param>
/// <param name="Constants">The frozen preprocessing constants; null where there are none.</param>
/// <param name="Data">Keyed fingerprint of the rows.</param>
/// <param name="Charges">The mechanisms with the exact numbers that they run with; at most 16.</param>
public sealed record ReleaseInputs(StepId Step, StudyDigest Study, Sha256Digest? Parameters, Sha256Digest? Constants, Sha256Digest Data, ImmutableArray<PrivacyCharge> Charges)
{
    internal const int MostCharges = 16;

    /// <summary>SHA-256 of all of them, as canonical JSON.</summary>
    public Sha256Digest Digest => Sha256Digest.Of(CanonicalJson.Write(new JsonObject
    {
        ["charges"] = new JsonArray([.. Charges.Select(charge => charge.ToJson())]),
        ["constants"] = Constants?.ToString(),
        ["data"] = Data.ToString(),
        ["parameters"] = Parameters?.ToString(),
        ["step"] = Step.ToString(),
        ["study"] = Study.ToString(),
    }));
}
