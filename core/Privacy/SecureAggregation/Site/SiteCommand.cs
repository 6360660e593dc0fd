using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Privacy;

/// <summary>What a site is asked, in the order of the steps.</summary>
public abstract record SiteCommand;

/// <summary>
/// Join an attempt. The terms are the worker's own: study, members, threshold, colluders, minimum and words from the study that its steward approved and its
/// policy
/// allows, the step and the parameters' digest from the order. Nothing of the list or the threshold is taken from the wire.
/// </summary>
/// <param name="Terms">The terms.</param>
/// <param name="Inputs">Digest of all else that the update is computed from, the data's snapshot above all. It never leaves.</param>
/// <param name="Plan">Of an encrypted round: how; null otherwise.</param>
/// <param name="Attachment">What else the worker tells every member (<see cref="KeyAdvertisement.Attachment"/>). It may differ when the same is asked again; the first one was sent.</param>
public sealed record JoinAttempt(AggregationTerms Terms, Sha256Digest Inputs, EncryptionPlan? Plan = null, ReadOnlyMemory<byte> Attachment = default) : SiteCommand;

/// <summary>Share secrets with everyone in a roster.</summary>
/// <param name="Roster">From the coordinator.</param>
public sealed record ShareSecrets(KeyRoster Roster) : SiteCommand;

/// <summary>Take the others' shares, and with them who masks with whom.</summary>
/// <param name="Delivery">From the coordinator: one share of each sharer, this site's own included.</param>
public sealed record TakeShares(ShareBatch Delivery) : SiteCommand;

/// <summary>Answer for a masked vector, made with <see cref="SiteMachine.Masks"/>, that is durable already.</summary>
/// <param name="Payload">Its SHA-256.</param>
public sealed record SealInput(Sha256Digest Payload) : SiteCommand;

/// <summary>Of an encrypted round: contribute to its key.</summary>
/// <param name="Plan">How the round is encrypted.</param>
/// <param name="Roster">From the coordinator.</param>
public sealed record ContributeKey(EncryptionPlan Plan, KeyRoster Roster) : SiteCommand;

/// <summary>Of an encrypted round: take the key, or everybody's part of it.</summary>
/// <param name="Plan">How the round is encrypted.</param>
/// <param name="Delivery">From the coordinator: every member's contribution (<see cref="MessageList"/>).</param>
public sealed record TakeKey(EncryptionPlan Plan, ReadOnlyMemory<byte> Delivery) : SiteCommand;

/// <summary>Of an encrypted round: answer for what the site makes of the sum (<see cref="SiteMachine.Open"/>).</summary>
/// <param name="Sum">SHA-256 of the sum that it was given.</param>
/// <param name="Payload">SHA-256 of what it makes of it.</param>
public sealed record SealOpened(Sha256Digest Sum, Sha256Digest Payload) : SiteCommand;

/// <summary>Sign who survived.</summary>
/// <param name="Set">From the coordinator.</param>
public sealed record SignSurvivors(SurvivorSet Set) : SiteCommand;

/// <summary>Give the shares that unmask the sum.</summary>
/// <param name="Proof">From the coordinator: that enough survivors signed the same set.</param>
public sealed record GiveShares(SurvivorProof Proof) : SiteCommand;

/// <summary>What follows from a command.</summary>
/// <param name="Entry">To be appended to the site's log, durably, BEFORE the reply leaves; null where it stands there already.</param>
/// <param name="Reply">What to send; null where nothing is to be sent, or the command is refused.</param>
/// <param name="Refusal">Why nothing follows.</param>
public sealed record SiteDecision(SiteEntry? Entry, AggregationMessage? Reply, AggregationRefusal? Refusal)
{
    internal static SiteDecision Refuse(AggregationRefusal refusal) => new(null, null, refusal);

    internal static SiteDecision Repeat(AggregationMessage? reply) => new(null, reply, null);
}
