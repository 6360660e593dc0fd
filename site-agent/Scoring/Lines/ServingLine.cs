using System.Collections.Frozen;
using System.Collections.Immutable;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>A version that may answer a row, and as what.</summary>
/// <param name="Unit">The version.</param>
/// <param name="Mode">production, canary, ab, blue-green, fallback or shadow.</param>
internal readonly record struct Arm(ServedUnit Unit, string Mode);

/// <summary>Who answers a patient: the first that can, in this order; and who is scored beside it.</summary>
/// <param name="Arms">Versions in the order in which they are asked; empty: nobody answers.</param>
/// <param name="Shadow">Scored after the answer was sent; null: nobody.</param>
/// <param name="Why">Why nobody answers.</param>
internal sealed record Choice(ImmutableArray<Arm> Arms, ServedUnit? Shadow, NoScore? Why);

/// <summary>
/// One line of models at this site: what the shelf says of it, and what this site has taken out of use. Production answers, or the candidate whoever is in its share; the next in turn is production,
/// then the fallback, then nobody.
/// </summary>
/// <param name="name">Its name.</param>
/// <param name="withdrawn">What this site has taken out of use before.</param>
/// <param name="store">Keeps that.</param>
/// <param name="time">The clock.</param>
/// <param name="log">For operators.</param>
internal sealed class ServingLine(string name, IEnumerable<Withdrawal> withdrawn, WithdrawalStore store, TimeProvider time, ILogger log)
{
    public const string Production = "production", Fallback = "fallback", ShadowMode = "shadow", BatchMode = "batch";

    // Guards everything below, and is held while something is taken out of use: the next row waits until that is durable.
    private readonly Lock _gate = new();
    private readonly Dictionary<Sha256Digest, WithdrawalReason> _withdrawn = withdrawn.ToDictionary(item => item.Model, item => item.Reason);
    private ServedUnit? _production;
    private ServedUnit? _fallback;
    private ServedUnit? _candidate;
    private Rollout _rollout = Rollout.Shadow;
    private string? _stoppedByShelf;
    private LineStop? _stop;

    /// <summary>Its name.</summary>
    public string Name => name;

    /// <summary>Whether a withdrawal could not be made durable.</summary>
    public bool HasUnwritten { get; private set; }

    /// <summary>Its versions: production, fallback, candidate.</summary>
    public ImmutableArray<(string Role, ServedUnit Unit)> Units
    {
        get
        {
            lock (_gate)
                return [.. new[] { (Production, _production), (Fallback, _fallback), (_rollout.Mode.Word(), _candidate) }.Where(item => item.Item2 is not null).Select(item => (item.Item1, item.Item2!))];
        }
    }

    /// <summary>Names of the features of every version that is loaded: what a caller may send.</summary>
    public FrozenSet<string> Features { get; private set; } = [];

    /// <summary>Whether the features of a version can be computed of a FHIR Bundle.</summary>
    public bool TakesBundles { get; private set; }

    /// <summary>How the candidate is let in.</summary>
    public Rollout Rollout
    {
        get
        {
            lock (_gate)
                return _rollout;
        }
    }

    /// <summary>Puts what the shelf says in place, all at once.</summary>
    public void Place(string? stopped, Rollout rollout, ServedUnit? production, ServedUnit? fallback, ServedUnit? candidate)
    {
        lock (_gate)
        {
            (_stoppedByShelf, _rollout, _production, _fallback, _candidate) = (stopped, rollout, production, fallback, candidate);
            foreach (var unit in All)
            {
                if (_withdrawn.TryGetValue(unit.Model, out var reason))
                    unit.Withdrawn = reason;
            }

            Features = All.SelectMany(unit => unit.Loaded?.Features ?? []).Select(feature => feature.Name).ToFrozenSet(StringComparer.Ordinal);
            TakesBundles = All.Any(unit => unit.Loaded is { IsOverEvents: true });
        }
    }

    /// <summary>Who answers a patient.</summary>
    public Choice Choose(string pseudonym)
    {
        lock (_gate)
        {
            if (_stop is not null)
                return new Choice([], null, NoScore.Stopped($"The model {name} was stopped at this site."));
            if (_stoppedByShelf is { } why)
                return new Choice([], null, NoScore.Stopped($"The model {name} is stopped at this site: {why}"));
            var arms = ImmutableArray.CreateBuilder<Arm>(3);
            if (_candidate is { IsUsable: true } candidate && _rollout.Mode != RolloutMode.Shadow && RolloutShare.Holds(name, candidate.Model, pseudonym, _rollout.Percent))
                arms.Add(new Arm(candidate, _rollout.Mode.Word()));
            if (_production is { IsUsable: true } production)
                arms.Add(new Arm(production, Production));
            if (_fallback is { IsUsable: true } fallback)
                arms.Add(new Arm(fallback, Fallback));
            var shadow = _rollout.Mode == RolloutMode.Shadow && _candidate is { IsUsable: true } ? _candidate : null;
            return new Choice(arms.ToImmutable(), shadow, arms.Count > 0 ? null : NoScore.NoVersion(WhyNobody()));
        }
    }

    /// <summary>Why nobody would be answered; null: somebody would be.</summary>
    public NoScore? WhyNot() => Choose("") is { Arms: [], Why: { } why } ? why : null;

    /// <summary>Takes a version out of use at this site; returns once that is durable, and no row is answered before.</summary>
    public void Withdraw(ServedUnit unit, WithdrawalReason reason)
    {
        lock (_gate)
        {
            if (unit.Withdrawn is null)
                Take(unit, reason);
        }
    }

    /// <summary>Stops the line at this site, and takes out of use what would have answered; returns once that is durable.</summary>
    /// <exception cref="IOException">The disk refused: the line is stopped until this program ends.</exception>
    public void Stop(string client, string text)
    {
        lock (_gate)
        {
            if (_stop is not null)
                return;
            _stop = new LineStop(name, client, time.GetUtcNow(), text);
            TakeAnswering();
            store.Write(_stop);
        }

        log.Stopped(name, client, name);
    }

    /// <summary>Takes up a stop that is on the disk.</summary>
    public void TakeUp(LineStop stop)
    {
        lock (_gate)
        {
            if (_stop is not null)
                return;
            _stop = stop;
            TakeAnswering();
        }

        log.Stopped(name, stop.Client, name);
    }

    /// <summary>Uses everything again, each version as if it were new here.</summary>
    public void Resume()
    {
        lock (_gate)
        {
            _stop = null;
            _withdrawn.Clear();
            HasUnwritten = false;
            foreach (var unit in All)
            {
                unit.Withdrawn = null;
                unit.Rows.Clear();
                unit.Outcomes.Clear();
            }
        }

        log.Resumed(name);
    }

    private IEnumerable<ServedUnit> All => new[] { _production, _fallback, _candidate }.OfType<ServedUnit>();

    private void TakeAnswering()
    {
        foreach (var unit in new[] { _production, _rollout.Percent > 0 ? _candidate : null })
        {
            if (unit is { Withdrawn: null })
                Take(unit, WithdrawalReason.StopButton);
        }
    }

    // In memory first: from here on no row is given to it, whatever the disk says.
    private void Take(ServedUnit unit, WithdrawalReason reason)
    {
        unit.Withdrawn = _withdrawn[unit.Model] = reason;
        try
        {
            store.Write(new Withdrawal(name, unit.Model, reason, time.GetUtcNow()));
            log.Withdrawn(name, unit.Version, reason.Word());
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            HasUnwritten = true;
            log.NotWrittenDown(name, unit.Version, fault.Message);
        }
    }

    private string WhyNobody()
    {
        var reasons = new[] { _production, _fallback, _rollout.Percent > 0 ? _candidate : null }.OfType<ServedUnit>()
            .Select(unit => unit.Withdrawn is { } reason ? $"{unit.Version} was taken out of use ({reason.Word()})" : $"{unit.Version} cannot be loaded").ToArray();
        return reasons.Length == 0 ? $"There is no version of {name} in production at this site." : $"No version of {name} may be used at this site: {string.Join("; ", reasons)}.";
    }
}
