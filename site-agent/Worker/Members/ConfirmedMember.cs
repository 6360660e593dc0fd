using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>That a steward of this site has compared another site's worker key with that site's steward, past the coordinator.</summary>
/// <param name="Fingerprint">What they read out to each other.</param>
/// <param name="Steward">Who compared it.</param>
/// <param name="At">When it was recorded.</param>
/// <param name="Note">The steward's words, such as whom they spoke to; stay at the site.</param>
public sealed record ConfirmedMember(Sha256Digest Fingerprint, string Steward, DateTimeOffset At, string Note);

/// <summary>Whose worker keys a masked round is joined with.</summary>
public enum MembersRule
{
    /// <summary><c>confirmed</c>: those that the approved study names and this site's steward has compared.</summary>
    Confirmed,

    /// <summary><c>named</c>: those that the approved study names; none that contradicts what the steward has compared.</summary>
    Named,
}
