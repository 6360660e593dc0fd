using System.Collections.Immutable;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Privacy;

/// <summary>What an attempt collects.</summary>
public enum AggregationStage
{
    /// <summary>Keys, of every member.</summary>
    Keys = 1,

    /// <summary>Shares, of everyone in the roster.</summary>
    Shares,

    /// <summary>Masked vectors, of every sharer.</summary>
    Inputs,

    /// <summary>Signatures on the survivors, of every survivor.</summary>
    Survivors,

    /// <summary>Shares that unmask, of every signer.</summary>
    Unmasking,

    /// <summary>Nothing more: the sum can be unmasked.</summary>
    Complete,

    /// <summary>Nothing more: too few were left.</summary>
    Failed,
}

/// <summary>What happened at the coordinator in an attempt.</summary>
public abstract record ServerEvent;

/// <summary>A site's message counts. Of a masked vector it is the head: the vector is staged, and has this digest, before.</summary>
/// <param name="Sender">The site's index.</param>
/// <param name="Message">The message.</param>
public sealed record MessageAccepted(int Sender, AggregationMessage Message) : ServerEvent;

/// <summary>
/// A stage closed for these. <b>When <see cref="AggregationStage.Inputs"/> closes</b>, this event is journaled only after the sum of exactly these sites'
/// vectors is folded and durable,
/// and nothing of the next stage is sent before it is journaled: survivors answer for this set only, and dead ones not again.
/// </summary>
/// <param name="Stage">The stage that closed.</param>
/// <param name="Members">Whose messages count.</param>
public sealed record StageClosed(AggregationStage Stage, MemberSet Members) : ServerEvent;

/// <summary>The attempt ended because too few were left. Nothing of anybody's update is known.</summary>
/// <param name="Stage">Where.</param>
/// <param name="Members">Who was left.</param>
public sealed record AttemptFailed(AggregationStage Stage, MemberSet Members) : ServerEvent;

/// <summary>An attempt at the coordinator: a fold over its events.</summary>
/// <param name="Terms">The terms.</param>
public sealed record ServerState(AggregationTerms Terms)
{
    /// <summary>What is collected now.</summary>
    public AggregationStage Stage { get; private init; } = AggregationStage.Keys;

    /// <summary>The accepted messages of each stage, by sender.</summary>
    public ImmutableDictionary<AggregationStage, ImmutableSortedDictionary<int, AggregationMessage>> Messages { get; private init; } =
        ImmutableDictionary<AggregationStage, ImmutableSortedDictionary<int, AggregationMessage>>.Empty;

    /// <summary>Whose messages counted in each stage that closed.</summary>
    public ImmutableDictionary<AggregationStage, MemberSet> Closed { get; private init; } = ImmutableDictionary<AggregationStage, MemberSet>.Empty;

    /// <summary>The roster, once the keys are closed.</summary>
    public KeyRoster? Roster { get; private init; }

    /// <summary>The roster's digest.</summary>
    internal Sha256Digest RosterDigest { get; private init; }

    /// <summary>Who is to answer in the present stage.</summary>
    public MemberSet Expected => Stage switch
    {
        AggregationStage.Keys => Terms.Members.All,
        AggregationStage.Complete or AggregationStage.Failed => default,
        _ => Closed[Stage - 1],
    };

    /// <summary>Who has answered in the present stage.</summary>
    public MemberSet Answered => MemberSet.Of(Of(Stage).Keys);

    /// <summary>Fewest that the present stage needs.</summary>
    public int Least => Stage is AggregationStage.Survivors or AggregationStage.Unmasking ? Terms.Threshold : Terms.LeastSurvivors;

    /// <summary>What a site is to be asked now; null where it is asked nothing, or (first) only to join. The same after every restart.</summary>
    public AggregationMessage? RequestFor(int member) => !Expected.Contains(member) ? null : Stage switch
    {
        AggregationStage.Shares => Roster,
        AggregationStage.Inputs => new ShareBatch([.. Closed[AggregationStage.Shares].Indices.Select(sender => ShareOf(sender, member))]),
        AggregationStage.Survivors => new SurvivorSet(Terms.Digest, Closed[AggregationStage.Shares], Closed[AggregationStage.Inputs]),
        AggregationStage.Unmasking => new SurvivorProof([.. Of(AggregationStage.Survivors).Values.Cast<SurvivorSignature>()]),
        _ => null,
    };

    /// <summary>The state after an event.</summary>
    /// <exception cref="InvalidOperationException">The event cannot follow: the journal is not this attempt's.</exception>
    public ServerState Apply(ServerEvent journaled) => journaled switch
    {
        MessageAccepted e => this with { Messages = Messages.SetItem(Stage, Of(Stage).Add(e.Sender, e.Message)) },
        StageClosed { Stage: AggregationStage.Keys } e when Stage == e.Stage => Begin(e, RosterOf(e.Members)),
        StageClosed e when Stage == e.Stage && Stage < AggregationStage.Complete => Next(e),
        AttemptFailed e when Stage == e.Stage => this with { Stage = AggregationStage.Failed },
        _ => throw new InvalidOperationException($"'{journaled?.GetType().Name}' cannot follow in an attempt that is at {Stage}."),
    };

    internal ImmutableSortedDictionary<int, AggregationMessage> Of(AggregationStage stage) =>
        Messages.GetValueOrDefault(stage, ImmutableSortedDictionary<int, AggregationMessage>.Empty);

    internal KeyAdvertisement? KeysOf(int member) => Of(AggregationStage.Keys).GetValueOrDefault(member) as KeyAdvertisement;

    internal SealedShare ShareOf(int dealer, int recipient) =>
        ((ShareBatch)Of(AggregationStage.Shares)[dealer]).Shares[Closed[AggregationStage.Keys].IndexWithin(recipient)];

    private ServerState Begin(StageClosed e, KeyRoster roster) => Next(e) with { Roster = roster, RosterDigest = roster.Digest() };

    private ServerState Next(StageClosed e) => this with { Stage = Stage + 1, Closed = Closed.Add(e.Stage, e.Members) };

    private KeyRoster RosterOf(MemberSet members) => new([.. members.Indices.Select(member => KeysOf(member)!)]);
}
