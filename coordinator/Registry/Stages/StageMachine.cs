using System.Text.Json.Nodes;
using FederatedClinicalMl.Coordinator.Audit;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Registry;

/// <summary>What follows from a command: an entry for the log, or a refusal.</summary>
/// <param name="Kind">The entry's kind; null where it is refused, or nothing is to be done.</param>
/// <param name="Body">The entry's body.</param>
/// <param name="Refusal">Why it is refused: what, and how to mend it; null where it is not.</param>
public sealed record StageDecision(string? Kind, JsonObject? Body, string? Refusal);

/// <summary>
/// Decides about versions of a model, and is pure: <c>Decide(line, person, command)</c> gives the entry that the log takes, <c>Apply(line, entry)</c> the line after it. A version is promoted step by
/// step, where its gates passed, by two different people of whom one is a clinician, and where the one against production still does when they agree; a rollback takes one person and no gate, for it has to be quick, and leads to no version whose last day is over. What was taken back is in staging again, and
/// needs gates and people anew.
/// </summary>
public static class StageMachine
{
    private const int LongestCredential = 4096; // an issuer's address and what it calls a subject

    /// <summary>What follows.</summary>
    /// <param name="line">The line, without versions where it has none yet.</param>
    /// <param name="person">Who wants something: <c>role name</c>.</param>
    /// <param name="command">What.</param>
    /// <param name="today">The coordinator's day, UTC.</param>
    public static StageDecision Decide(ModelLine line, string person, StageCommand command, DateOnly today)
    {
        ArgumentNullException.ThrowIfNull(line);
        return command switch
        {
            ConfirmVersion confirm => Confirm(line, confirm),
            AskPromotion ask => Ask(line, ask, today),
            ApprovePromotion approve => Approve(line, person, approve, today),
            RefusePromotion refuse => Refuse(line, refuse),
            RollBack back => Back(line, back, today),
            SetRollout set => Set(line, set, today),
            WithdrawnAtSite withdrawn => Withdraw(line, withdrawn),
            DeprecateVersion deprecate => Deprecate(line, deprecate, today),
            LastDayPassed passed => Pass(line, passed, today),
            RetireVersion retire => Retire(line, retire),
            _ => throw new ArgumentException($"'{command?.GetType().Name}' is no command of a line.", nameof(command)),
        };
    }

    /// <summary>The line after an entry that <see cref="StageEntries.Knows"/>.</summary>
    /// <exception cref="FormatException">The entry cannot be understood, or contradicts those before it.</exception>
    public static ModelLine Apply(ModelLine line, LogEntry entry)
    {
        ArgumentNullException.ThrowIfNull(line);
        ArgumentNullException.ThrowIfNull(entry);
        var body = new JsonFields(entry.Body, entry.Kind);
        var (version, by) = (ModelVersion.Parse(body.Text("version", 32)), body.Text("by", 128));
        body.Text("line", 63);
        if (body.Has(AuditTrail.Credential))
            body.Text(AuditTrail.Credential, LongestCredential);
        var next = entry.Kind switch
        {
            StageEntries.Confirmed => line.With(new VersionedModel(version, Sha256Digest.Parse(body.Text("model", 64)), ModelStage.Development, by, entry.At)),
            StageEntries.Asked => line with { Promotion = new ModelPromotion(version, StageOf(body), by, entry.At, GateReport.Read(body), []) },
            StageEntries.Approved => Agreed(line, version, StageOf(body), new ModelApproval(by, body.Flag("clinical"), ReasonOf(body), entry.At), body.Flag("promoted")),
            StageEntries.Refused => Reasoned(WithoutRollout(line with { Promotion = null }, version), body),
            StageEntries.RolloutSet => Rolled(line, version, by, entry.At, body),
            StageEntries.WithdrawnAtSite => Withdrawn(line, version, body),
            StageEntries.RolledBack => RolledBack(line, version, body),
            StageEntries.Deprecated => Reasoned(line.With(Of(line, version) with { LastDay = StageEntries.ReadDay(body.Text("last-day", 10)) }), body),
            StageEntries.LastDayPassed => Passed(line, version),
            StageEntries.Retired => Reasoned(WithoutRollout(line, version).With(Of(line, version) with { Stage = ModelStage.Retired, Ended = true }) with { Promotion = line.Promotion?.Version == version ? null : line.Promotion }, body),
            _ => throw new FormatException($"the kind '{entry.Kind}' is none of a model's line."),
        };
        body.End();
        return next.Serves == line.Serves ? next : next with { Ordered = (entry.Sequence, entry.At) };
    }

    private static StageDecision Confirm(ModelLine line, ConfirmVersion confirm)
    {
        if (line.Of(confirm.Model) is { } known)
            return known.Version == confirm.Version ? new StageDecision(null, null, null) : Refused($"The model {confirm.Model.Short} is version {known.Version} of {line.Name}; an entry has one version.");
        if (!confirm.Proposal.Allows(confirm.Version, line.Greatest))
        {
            return Refused(line.Greatest is { } greatest
                ? $"{confirm.Version} cannot follow {greatest}: what changed asks for {confirm.Proposal.Version}, or a greater part's next."
                : $"The first version of {line.Name} is {ModelVersion.First}.");
        }

        return new StageDecision(StageEntries.Confirmed, StageEntries.Confirm(line.Name, confirm.Version, confirm.Model), null);
    }

    private static StageDecision Ask(ModelLine line, AskPromotion ask, DateOnly today)
    {
        if (!line.Versions.TryGetValue(ask.Version, out var version))
            return Unknown(line, ask.Version);
        if (line.Promotion is { } open)
            return Refused($"The promotion of {open.Version} to {open.To.Word()}, which {open.By} asked for, waits for people. Agree to it or refuse it first.");
        if (version.Stage.Next() != ask.To)
            return Refused($"{ask.Version} is in {version.Stage.Word()}; from there it goes {(version.Stage.Next() is { } next ? $"to {next.Word()}" : "nowhere")}, not to {ask.To.Word()}.");
        return WhyOver(version, today) ?? WhyNotPassed(ask.Gates) ?? new StageDecision(StageEntries.Asked, StageEntries.Ask(line.Name, ask), null);
    }

    private static StageDecision Approve(ModelLine line, string person, ApprovePromotion approve, DateOnly today)
    {
        if (Meant(line, approve.Version) is { } refusal)
            return refusal;
        var open = line.Promotion!;
        if (open.To != approve.To)
            return Refused($"What waits is the promotion of {open.Version} to {open.To.Word()}, not to {approve.To.Word()}.");
        if (open.Approvals.Any(approval => IsSame(approval.Person, person)))
            return Refused($"{person} has agreed already; {ModelPromotion.People} different people have to, one of them a clinician.");
        if ((WhyNoReason(approve.Reason) ?? WhyOver(Of(line, open.Version), today) ?? WhyNotPassed(approve.Production)) is { } lacking)
            return lacking;
        var isLast = (open with { Approvals = open.Approvals.Add(new ModelApproval(person, approve.Clinical, approve.Reason, default)) }).IsApproved;
        return new StageDecision(StageEntries.Approved, StageEntries.Approve(line.Name, approve, isLast), null);
    }

    private static StageDecision Refuse(ModelLine line, RefusePromotion refuse) =>
        Meant(line, refuse.Version) ?? WhyNoReason(refuse.Reason) ?? new StageDecision(StageEntries.Refused, StageEntries.Reason(line.Name, refuse.Version, refuse.Reason), null);

    private static StageDecision Back(ModelLine line, RollBack back, DateOnly today)
    {
        if (line.Production is not { } production)
            return Refused($"No version of {line.Name} is in production: there is nothing to take back.");
        if (production != back.Version)
            return Refused($"{production} is in production, not {back.Version}. Look again, then take back what you mean.");
        return WhyNoReason(back.Reason) ?? new StageDecision(StageEntries.RolledBack, StageEntries.RollBack(line.Name, back, line.FallbackOn(today)), null);
    }

    private static StageDecision Set(ModelLine line, SetRollout set, DateOnly today)
    {
        if (!line.Versions.TryGetValue(set.Version, out var version))
            return Unknown(line, set.Version);
        var present = line.Rollout?.Version == set.Version ? line.Rollout.Rollout : null;
        if (set.Rollout is not { } wanted)
            return present is null ? Refused($"{set.Version} is let in nowhere: there is nothing to end.") : Reasoned();
        if (version.Stage != ModelStage.Staging)
            return Refused($"{set.Version} is in {version.Stage.Word()}; sites let in versions in staging.");
        if (WhyOver(version, today) is { } over)
            return over;
        if (line.Rollout is { } other && other.Version != set.Version)
            return Refused($"{other.Version} is let in, as {other.Rollout}; one version of a line at a time. End that first.");
        if (wanted.Mode != RolloutMode.Shadow && line.Production is null)
            return Refused($"No version of {line.Name} is in production that {set.Version} could answer beside; without one it can only be a shadow.");
        var step = Rollout.CanarySteps.IndexOf(wanted.Percent);
        if (wanted.Mode == RolloutMode.Canary && step > (present?.Mode == RolloutMode.Canary ? Rollout.CanarySteps.IndexOf(present.Percent) : -1) + 1)
            return Refused($"A canary goes up one step at a time: {string.Join(", ", Rollout.CanarySteps)} percent. The next is {Rollout.CanarySteps[present?.Mode == RolloutMode.Canary ? Rollout.CanarySteps.IndexOf(present.Percent) + 1 : 0]}.");
        return wanted == present ? new StageDecision(null, null, null) : Reasoned();

        StageDecision Reasoned() => WhyNoReason(set.Reason) ?? new StageDecision(StageEntries.RolloutSet, StageEntries.Rollout(line.Name, set), null);
    }

    // A site says it again whenever it connects: once is enough. Of an entry without a version nobody was ordered to serve anything.
    private static StageDecision Withdraw(ModelLine line, WithdrawnAtSite withdrawn)
    {
        var withdrawal = withdrawn.Withdrawal;
        return line.Of(withdrawal.Model) is not { } version ? Refused($"{line.Name} has no version of the model {withdrawal.Model.Short}.")
            : line.Withdrawals.Contains(new SiteWithdrawal(withdrawn.Site, withdrawal.Model, withdrawal.Reason, withdrawal.At)) ? new StageDecision(null, null, null)
            : new StageDecision(StageEntries.WithdrawnAtSite, StageEntries.Withdraw(version, withdrawn, line.Rollout?.Version == version.Version, line.Promotion?.Version == version.Version), null);
    }

    private static StageDecision Deprecate(ModelLine line, DeprecateVersion deprecate, DateOnly today)
    {
        if (!line.Versions.ContainsKey(deprecate.Version))
            return Unknown(line, deprecate.Version);
        if (deprecate.LastDay < today)
            return Refused($"{deprecate.LastDay:yyyy-MM-dd} is over; the last day is today or later. To end a version now, roll it back or retire it.");
        return WhyNoReason(deprecate.Reason) ?? new StageDecision(StageEntries.Deprecated, StageEntries.Deprecate(line.Name, deprecate), null);
    }

    private static StageDecision Pass(ModelLine line, LastDayPassed passed, DateOnly today) =>
        !line.Versions.TryGetValue(passed.Version, out var version) ? Unknown(line, passed.Version)
        : !(version.LastDay < today) ? Refused($"The last day of {passed.Version} is not over.")
        : !line.Before.Contains(passed.Version) ? new StageDecision(null, null, null)
        : new StageDecision(StageEntries.LastDayPassed, StageEntries.Pass(line.Name, passed.Version), null);

    private static StageDecision Retire(ModelLine line, RetireVersion retire)
    {
        if (!line.Versions.TryGetValue(retire.Version, out var version))
            return Unknown(line, retire.Version);
        if (version.Stage == ModelStage.Production)
            return Refused($"{retire.Version} is in production. Roll it back, or promote another version, then retire it.");
        if (version.Ended)
            return new StageDecision(null, null, null);
        return WhyNoReason(retire.Reason) ?? new StageDecision(StageEntries.Retired, StageEntries.Reason(line.Name, retire.Version, retire.Reason), null);
    }

    // Whoever speaks about a promotion names the version: another one may wait by now.
    private static StageDecision? Meant(ModelLine line, ModelVersion version) => line.Promotion is not { } open
        ? Refused($"No promotion of {line.Name} waits: it was done, refused, or ended by a rollback. 'fcml models versions' shows where it stands.")
        : open.Version != version ? Refused($"What waits is the promotion of {open.Version}, not of {version}.") : null;

    private static StageDecision? WhyNoReason(string reason) =>
        string.IsNullOrWhiteSpace(reason) || reason.Length > StageEntries.LongestReason ? Refused($"A reason is needed, of at most {StageEntries.LongestReason} characters: others will read it.") : null;

    private static StageDecision? WhyOver(VersionedModel version, DateOnly today) => version.LastDay < today ? Refused($"The last day of {version.Version} was {version.LastDay:yyyy-MM-dd}.") : null;

    private static StageDecision? WhyNotPassed(GateReport gates) => gates.Passed ? null
        : Refused($"Gates have not passed: {string.Join(' ', gates.Gates.Where(gate => !gate.Passed).Select(gate => $"{gate.Name}: {gate.Sentence}").DefaultIfEmpty("there are none."))}");

    private static StageDecision? WhyNotPassed(GateResult? now) => now is { Passed: false } ? Refused($"A gate that had passed passes no more. {now.Name}: {now.Sentence}") : null;

    private static StageDecision Unknown(ModelLine line, ModelVersion version) =>
        Refused($"{line.Name} has no version {version}; it has {(line.Versions.IsEmpty ? "none" : string.Join(", ", line.Versions.Keys))}.");

    private static StageDecision Refused(string sentence) => new(null, null, sentence);

    private static ModelLine Agreed(ModelLine line, ModelVersion version, ModelStage to, ModelApproval approval, bool isLast)
    {
        if (line.Promotion is not { } open || (open.Version, open.To) != (version, to) || open.Approvals.Any(known => IsSame(known.Person, approval.Person)))
            throw new FormatException("it agrees to a promotion that does not wait, or twice.");
        open = open with { Approvals = open.Approvals.Add(approval) };
        if (open.IsApproved != isLast)
            throw new FormatException("it says otherwise than its approvals whether the promotion is done.");
        if (!isLast)
            return line with { Promotion = open };
        var promoted = line with { Promotion = null, Rollout = to == ModelStage.Production ? null : line.Rollout };
        if (to == ModelStage.Production && line.Production is { } before)
            promoted = promoted.With(Of(line, before) with { Stage = ModelStage.Retired }) with { Before = line.Before.Add(before) };
        return promoted.With(Of(line, version) with { Stage = to });
    }

    // What waits was asked for against the version that is gone: it has to be asked for again.
    private static ModelLine RolledBack(ModelLine line, ModelVersion version, JsonFields body)
    {
        ModelVersion? back = body.IsNull("back") ? null : ModelVersion.Parse(body.Text("back", 32));
        // Whether the last day of a version that was passed over was over, the decision has held against its own day.
        var passed = line.Returns.Reverse().TakeWhile(before => before != back);
        if (line.Production != version || (back is { } led && !line.Returns.Contains(led)) || passed.Any(before => Of(line, before).LastDay is null))
            throw new FormatException("it takes back what is not in production, or to another version than the one before.");
        var after = Reasoned(line.With(Of(line, version) with { Stage = ModelStage.Staging }) with { Promotion = null, Rollout = null }, body);
        return back is not { } to ? after with { Before = [] } : after.With(Of(line, to) with { Stage = ModelStage.Production }) with { Before = line.Before[..line.Before.LastIndexOf(to)] };
    }

    private static ModelLine Passed(ModelLine line, ModelVersion version) => Of(line, version).LastDay is null || !line.Before.Contains(version)
        ? throw new FormatException("it passes over a version that has no last day, or that no rollback could lead to.")
        : line with { Before = line.Before.RemoveAll(before => before == version) };

    private static ModelLine Rolled(ModelLine line, ModelVersion version, string by, DateTimeOffset at, JsonFields body)
    {
        var (rollout, reason) = (StageEntries.ReadRollout(body), ReasonOf(body));
        if (rollout is null ? line.Rollout?.Version != version : Of(line, version).Stage != ModelStage.Staging || (line.Rollout is { } other && other.Version != version) || (rollout.Mode != RolloutMode.Shadow && line.Production is null))
            throw new FormatException("it lets a version in, or ends that, that cannot be.");
        return line with { Rollout = rollout is null ? null : new ModelRollout(version, rollout, by, reason, at) };
    }

    private static ModelLine Withdrawn(ModelLine line, ModelVersion version, JsonFields body)
    {
        var withdrawal = StageEntries.ReadWithdrawal(body);
        if (Of(line, version).Model != withdrawal.Model || body.Flag("ends-rollout") != (line.Rollout?.Version == version))
            throw new FormatException("it is about another model than its version, or says otherwise than the line whether a rollout ends.");
        var ends = body.Has(StageEntries.EndsPromotion) && body.Flag(StageEntries.EndsPromotion); // logs of before it was thought of lack it
        if (ends && line.Promotion?.Version != version)
            throw new FormatException("it ends a promotion that does not wait.");
        return WithoutRollout(line, version) with { Withdrawals = line.Withdrawals.Add(withdrawal), Promotion = ends ? null : line.Promotion };
    }

    private static ModelLine WithoutRollout(ModelLine line, ModelVersion version) => line.Rollout?.Version == version ? line with { Rollout = null } : line;

    // By name: somebody who was enrolled again in another role is nobody else, nor is who signs in by a token (name@issuer) and has a certificate of that name too.
    private static bool IsSame(string person, string other)
    {
        var (name, another) = (NameOf(person), NameOf(other));
        return name == another || (name.Contains('@') != another.Contains('@') && name.Split('@')[0] == another.Split('@')[0]);
    }

    private static string NameOf(string person) => person[(person.IndexOf(' ') + 1)..];

    private static ModelLine Reasoned(ModelLine line, JsonFields body)
    {
        ReasonOf(body);
        return line;
    }

    private static VersionedModel Of(ModelLine line, ModelVersion version) => line.Versions.GetValueOrDefault(version) ?? throw new FormatException($"it is about {version}, which was never confirmed.");

    private static string ReasonOf(JsonFields body) => body.Text("reason", StageEntries.LongestReason);

    private static ModelStage StageOf(JsonFields body) => ModelStages.TryParse(body.Text("to", 16), out var stage) ? stage : throw new FormatException("its stage is none.");
}
