using System.Collections.Immutable;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>What a steward allows of a line of models.</summary>
/// <param name="Signer">Fingerprint of the one key whose orders and models count.</param>
/// <param name="Modes">The modes in which a candidate may be tried.</param>
/// <param name="Production">Whether a version may answer as the one in production, and the one behind it as its fallback.</param>
/// <param name="Steward">Who has allowed it.</param>
/// <param name="At">When.</param>
/// <param name="Note">Their note.</param>
public sealed record ServingAllowance(Sha256Digest Signer, ImmutableSortedSet<RolloutMode> Modes, bool Production, string Steward, DateTimeOffset At, string Note)
{
    /// <summary>How often what the line did is told; the steward's word, without which nothing is.</summary>
    public ReportSchedule Report { get; init; }

    /// <summary>Days after the end of a window that outcomes are waited for.</summary>
    public int OutcomesAfter { get; init; } = ReportSchedules.OutcomesAfter;

    /// <summary>The word for production beside those of <see cref="RolloutModes"/>.</summary>
    public const string ProductionWord = "production";

    /// <summary>The words of what is allowed.</summary>
    public IEnumerable<string> Words => Modes.Select(mode => mode.Word()).Concat(Production ? [ProductionWord] : Array.Empty<string>());

    /// <summary>As much of what is wanted as is allowed.</summary>
    public ServedModels Of(ServedModels wanted)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        var production = Production ? wanted.Production : null;
        var candidate = wanted.Candidate is { } tried && Modes.Contains(tried.Rollout.Mode) && (production is not null || tried.Rollout.Mode == RolloutMode.Shadow) ? tried : null;
        return ServedModels.Of(production, production is null ? null : wanted.Fallback, candidate);
    }
}

/// <summary>An order that is followed.</summary>
/// <param name="Order">What the coordinator wants.</param>
/// <param name="Signer">Fingerprint of the key that has signed it.</param>
/// <param name="At">When it was taken up.</param>
public sealed record FollowedOrder(ServingOrder Order, Sha256Digest Signer, DateTimeOffset At);

/// <summary>What this site has decided about a line of models, and heard of it. Immutable.</summary>
/// <param name="Line">The line.</param>
/// <param name="Allowance">What is allowed; null: nothing.</param>
/// <param name="Stopped">Why nothing of it answers; null: it answers.</param>
/// <param name="Newest">By the fingerprint of who signed it: the newest order that came while the line was allowed.</param>
/// <param name="Refused">Digests of orders that were refused, which need not be logged again.</param>
public sealed record ServedLine(
    string Line, ServingAllowance? Allowance, string? Stopped, ImmutableDictionary<Sha256Digest, FollowedOrder> Newest, ImmutableHashSet<Sha256Digest> Refused)
{
    /// <summary>The order that is followed: the newest of the allowed signer; null: there is none.</summary>
    public FollowedOrder? Followed => Allowance is { } allowance ? Newest.GetValueOrDefault(allowance.Signer) : null;

    /// <summary>What may be on the shelf of it.</summary>
    public ServedModels Wanted => Followed is { } followed ? Allowance!.Of(followed.Order.Serves) : ServedModels.None;

    /// <summary>
    /// What is on the shelf of it, given which models are here. It never names a model that the order does not name; so a version that was taken back is gone at once, whatever else is still to come.
    /// Where the version in production is not here, the fallback that is stands in for it.
    /// </summary>
    /// <param name="here">Whether a model is here, whole, signed by a key.</param>
    public ShelfLine? OnShelf(Func<Sha256Digest, Sha256Digest, bool> here)
    {
        ArgumentNullException.ThrowIfNull(here);
        if (Followed is not { } followed)
            return null;
        var (wanted, signer) = (Wanted, followed.Signer);
        var fallback = wanted.Fallback is { } behind && here(behind.Model, signer) ? behind : null;
        var isHere = wanted.Production is { } answers && here(answers.Model, signer);
        var production = isHere ? wanted.Production : fallback;
        var candidate = wanted.Candidate is { } tried && here(tried.Served.Model, signer) && (production is not null || tried.Rollout.Mode == RolloutMode.Shadow) ? tried : null;
        return new ShelfLine(Line, followed.Order.Sequence, Stopped, ServedModels.Of(production, isHere ? fallback : null, candidate));
    }
}
