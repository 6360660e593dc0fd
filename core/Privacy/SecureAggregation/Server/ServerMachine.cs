namespace FederatedClinicalMl.Privacy;

/// <summary>What an attempt is told at the coordinator.</summary>
public abstract record ServerCommand;

/// <summary>A site's message came; of a masked vector its head, once the vector is staged and has the digest.</summary>
/// <param name="Message">A <see cref="SignedMessage"/>, or a site's <see cref="ShareBatch"/>.</param>
public sealed record TakeMessage(AggregationMessage Message) : ServerCommand;

/// <summary>The stage's time is over.</summary>
public sealed record CloseStage : ServerCommand;

/// <summary>What follows from a command: events, none where it says what is so already; or a refusal.</summary>
/// <param name="Events">To be journaled before anything follows from them; see <see cref="StageClosed"/>.</param>
/// <param name="Refusal">Why nothing follows.</param>
public sealed record ServerDecision(IReadOnlyList<ServerEvent> Events, AggregationRefusal? Refusal);

/// <summary>
/// The coordinator's side of secure aggregation, pure. It checks what it is sent so that a site's fault ends with that site and has its name; that it may be
/// trusted with
/// anything else no site assumes. A stage closes when everyone who is to answer has, or on command.
/// </summary>
public static class ServerMachine
{
    /// <summary>What follows from a command.</summary>
    public static ServerDecision Decide(ServerState state, ServerCommand command)
    {
        ArgumentNullException.ThrowIfNull(state);
        return command switch
        {
            CloseStage => new ServerDecision(state.Expected.Count == 0 ? [] : [Close(state, state.Answered)], null),
            TakeMessage take => Take(state, take.Message),
            _ => throw new ArgumentException($"'{command?.GetType().Name}' is no command of an attempt.", nameof(command)),
        };
    }

    private static ServerDecision Take(ServerState state, AggregationMessage message)
    {
        var (stage, sender) = message switch
        {
            KeyAdvertisement m => (AggregationStage.Keys, m.Sender),
            ShareBatch { Shares: [var first, ..] } => (AggregationStage.Shares, first.Sender),
            MaskedInput m => (AggregationStage.Inputs, m.Sender),
            SurvivorSignature m => (AggregationStage.Survivors, m.Sender),
            UnmaskingShares m => (AggregationStage.Unmasking, m.Sender),
            _ => (default, -1),
        };
        if (stage == default)
            return Refuse(new(AggregationFault.OutOfOrder, null, "This message is not one that a site sends."));
        if (state.Of(stage).TryGetValue(sender, out var before))
        {
            return before.IsSameAs(message) ? new ServerDecision([], null)
                : Refuse(new(AggregationFault.AskedOtherwise, null, $"Sender {sender} said something else before in this step; the first counts."));
        }

        if (stage != state.Stage)
            return Refuse(new(AggregationFault.OutOfOrder, null, $"The attempt is at {state.Stage}; the message is of {stage}."));
        if (!state.Expected.Contains(sender))
            return Refuse(new(AggregationFault.WrongSenders, null, $"Sender {sender} does not take part in this step."));
        if (Check(state, message) is { } refusal)
            return Refuse(refusal);
        var answered = state.Answered.With(sender);
        var accepted = new MessageAccepted(sender, message);
        return new ServerDecision(answered == state.Expected ? [accepted, Close(state, answered)] : [accepted], null);
    }

    private static ServerEvent Close(ServerState state, MemberSet answered) =>
        answered.Count >= state.Least ? new StageClosed(state.Stage, answered) : new AttemptFailed(state.Stage, answered);

    private static AggregationRefusal? Check(ServerState state, AggregationMessage message)
    {
        var terms = state.Terms;
        AggregationRefusal? Signed(SignedMessage signed) => MessageCheck.Signed(terms, signed, sender => state.KeysOf(sender)?.SigningKey);
        AggregationRefusal Fault(AggregationFault fault, int sender, string what)
        {
            var site = terms.Members.Members[sender].Site;
            return new(fault, site, $"'{site}' {what}.");
        }

        switch (message)
        {
            case KeyAdvertisement m:
                return MessageCheck.Signed(terms, m, _ => m.SigningKey)
                    ?? MessageCheck.Keys(terms, state.Of(AggregationStage.Keys).Values.Cast<KeyAdvertisement>(), [m]);
            case ShareBatch m:
                var (dealer, seed) = (m.Shares[0].Sender, m.Shares[0].Seed);
                return !m.Shares.Select(share => share.Recipient).SequenceEqual(state.Expected.Indices)
                        || m.Shares.Any(share => share.Sender != dealer || share.Seed != seed || share.Roster != state.RosterDigest)
                    ? Fault(AggregationFault.WrongSenders, dealer, "did not share one seed with each member of the roster, once")
                    : m.Shares.Select(Signed).FirstOrDefault(refusal => refusal is not null);
            case MaskedInput m:
                return Signed(m) ?? (m.Sharers == state.Expected ? null : Fault(AggregationFault.AskedOtherwise, m.Sender, "masked with others than the sharers"));
            case SurvivorSignature m:
                return Signed(m) ?? (m.Sharers == state.Closed[AggregationStage.Shares] && m.Survivors == state.Expected ? null
                    : Fault(AggregationFault.AskedOtherwise, m.Sender, "signed another survivor set"));
            case UnmaskingShares m:
                return Signed(m) ?? (m.Sharers == state.Closed[AggregationStage.Shares] && m.Survivors == state.Closed[AggregationStage.Inputs] ? null
                        : Fault(AggregationFault.AskedOtherwise, m.Sender, "gave shares for another survivor set"))
                    ?? (Unmasking.FirstUnfit(state, m) is not { } unfit ? null
                        : Fault(AggregationFault.ShareWrong, m.Sender, $"gave a share of '{terms.Members.Members[unfit].Site}' that is not the one committed to"));
            default:
                throw new ArgumentException("No message of a site.", nameof(message));
        }
    }

    private static ServerDecision Refuse(AggregationRefusal refusal) => new([], refusal);
}
