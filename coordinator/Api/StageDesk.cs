using System.Globalization;
using FederatedClinicalMl.Coordinator.Api.Sessions;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Api;

/// <summary>
/// What people want of versions of models, in words, for whoever asks over gRPC or on a page. Roles were checked before; decisions are <see cref="ModelLines"/>'. Everything that is refused ends in a
/// <see cref="FaultException"/>: REQUEST_INVALID, MODEL_UNKNOWN, STAGE_REFUSED; or in a
/// <see cref="DamagedModelException"/>: an entry that is not what was registered gets no version and goes to no stage.
/// </summary>
public sealed class StageDesk(ModelLines lines, ModelRegistry models, DataFolder folder, SiteComparisons comparisons, MemberStore members, SessionHub hub, SiteReports reports)
{
    /// <summary>How days are written.</summary>
    public const string Day = "yyyy-MM-dd";

    /// <summary>What an entry of the registry would be as the next version of its line.</summary>
    public (ModelEntry Entry, VersionProposal Proposal) Propose(string model)
    {
        var entry = Entry(model);
        return (entry, lines.Propose(entry, models));
    }

    /// <summary>Gives an entry a version.</summary>
    public ModelLine Confirm(string model, string version, Member person)
    {
        var (entry, confirmed) = (Entry(model), Version(version));
        models.Insist(entry.Digest, folder.Key.PublicKey);
        return Decide(entry.Name, person, _ => new ConfirmVersion(entry.Digest, lines.Propose(entry, models), confirmed));
    }

    /// <summary>What the gates of a version come to now.</summary>
    public GateReport CheckGates(string name, string version)
    {
        var (line, candidate) = (lines.Of(name), Version(version));
        return line.Versions.ContainsKey(candidate) ? Gates(line, candidate) : throw new FaultException(Fault.StageRefused, $"'{name}' has no version {candidate}.");
    }

    /// <summary>Asks for a promotion, whose gates are measured now.</summary>
    public ModelLine Ask(string name, string version, string to, Member person)
    {
        var (asked, stage) = (Version(version), Stage(to));
        InsistOn(name, asked);
        return Decide(name, person, line => new AskPromotion(asked, stage, Gates(line, asked)));
    }

    /// <summary>Agrees to the promotion that waits.</summary>
    public ModelLine Approve(string name, string version, string to, string reason, Member person)
    {
        var (approved, stage) = (Version(version), Stage(to));
        InsistOn(name, approved);
        return Decide(name, person, line => new ApprovePromotion(person.Role.HasFlag(Roles.Clinician), approved, stage, reason, AgainstProduction(line, approved)));
    }

    /// <summary>Ends the promotion that waits.</summary>
    public ModelLine Refuse(string name, string version, string reason, Member person) => Decide(name, person, _ => new RefusePromotion(Version(version), reason));

    /// <summary>Lets a version in staging in beside production, or ends that: a shadow is an admin's or a researcher's to set, what answers patients an admin's or a clinician's, and either ends any.</summary>
    /// <param name="name">The line.</param>
    /// <param name="version">The version.</param>
    /// <param name="mode">The mode's word; empty: it is let in no more.</param>
    /// <param name="percent">The share of patients whom it answers.</param>
    /// <param name="reason">Why.</param>
    /// <param name="person">Who.</param>
    public ModelLine SetRollout(string name, string version, string mode, uint percent, string reason, Member person)
    {
        var (let, rollout) = (Version(version), Rollout(mode, percent));
        if (rollout is not null && (person.Role & MaySet(rollout.Mode)) == Roles.None)
            throw new FaultException(Fault.RoleMissing, rollout.Mode == RolloutMode.Shadow ? "A shadow is an admin's or a researcher's to set." : "What answers patients is an admin's or a clinician's to set.");
        return Decide(name, person, _ => new SetRollout(let, rollout, reason));
    }

    /// <summary>The roles that may let a version in.</summary>
    public static Roles MaySet(RolloutMode mode) => Roles.Admin | (mode == RolloutMode.Shadow ? Roles.Researcher : Roles.Clinician);

    /// <summary>What each enrolled site has made of the orders for a line, in the order of their names; a site without report has not been heard of since the coordinator was started.</summary>
    public IReadOnlyList<(SiteId Site, bool Connected, SiteReport? Report)> Serving(string name) =>
    [
        .. members.Members().Where(member => member.Member.IsSite && !member.Revoked).Select(member => member.Member.Site).Order().Select(site => (site, hub.IsOpen(site), reports.Of(site, name))),
    ];

    /// <summary>Completes at the next change of a line, of who is connected, or of a site's word; asked for before looking.</summary>
    public Task NextChange => Task.WhenAny(lines.NextChange, hub.NextChange, reports.NextChange);

    /// <summary>Takes the version in production back.</summary>
    public ModelLine RollBack(string name, string version, string reason, Member person) => Decide(name, person, _ => new RollBack(Version(version), reason));

    /// <summary>Names a version's last day.</summary>
    public ModelLine Deprecate(string name, string version, string lastDay, string reason, Member person) => Decide(name, person, _ => new DeprecateVersion(
        Version(version),
        DateOnly.TryParseExact(lastDay, Day, CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day : throw new FaultException(Fault.RequestInvalid, $"'{lastDay}' is no day: {Day} is needed."),
        reason));

    /// <summary>Takes a version out of use for good.</summary>
    public ModelLine Retire(string name, string version, string reason, Member person) => Decide(name, person, _ => new RetireVersion(Version(version), reason));

    // Before the line's turn: it reads every file, and which model a version is never changes.
    private void InsistOn(string name, ModelVersion version)
    {
        if (lines.Of(name).Versions.TryGetValue(version, out var known))
            models.Insist(known.Model, folder.Key.PublicKey);
    }

    private ModelLine Decide(string name, Member person, Func<ModelLine, StageCommand> command)
    {
        if (!Name.IsName(name))
            throw new FaultException(Fault.RequestInvalid, $"'{name}' is no model's name: {Name.Rule}.");
        var (line, refusal) = lines.Handle(name, person, command);
        return refusal is null ? line : throw new FaultException(Fault.StageRefused, refusal);
    }

    private GateReport Gates(ModelLine line, ModelVersion version)
    {
        if (!line.Versions.TryGetValue(version, out var known))
            return new GateReport([]); // the decision says that there is no such version
        var candidate = ModelFacts.Of(models, known.Model);
        return Production(line, candidate) is not { } production ? ModelGates.Check(candidate, production: null) : ModelGates.Check(candidate, production, Newest(candidate, production));
    }

    private GateResult? AgainstProduction(ModelLine line, ModelVersion version) =>
        line.Versions.TryGetValue(version, out var known) && ModelFacts.Of(models, known.Model) is var candidate && Production(line, candidate) is { } production
            ? ModelGates.AgainstProduction(candidate, production, Newest(candidate, production)) : null;

    private ModelFacts? Production(ModelLine line, ModelFacts candidate) =>
        line.Production is { } number && line.Versions[number].Model is var model && model != candidate.Entry.Digest ? ModelFacts.Of(models, model) : null;

    private KnownComparison? Newest(ModelFacts candidate, ModelFacts production) => comparisons.Newest(candidate.Entry.Compared, production.Entry.Compared);

    private ModelEntry Entry(string model) => Sha256Digest.TryParse(model, out var digest) && models.Find(digest) is { } entry ? entry : throw new FaultException(Fault.ModelUnknown);

    private static ModelVersion Version(string text) =>
        ModelVersion.TryParse(text, out var version) ? version : throw new FaultException(Fault.RequestInvalid, $"'{text}' is no version: three numbers are needed, such as 1.2.0.");

    private static Rollout? Rollout(string word, uint share)
    {
        if (word.Length == 0)
            return null;
        if (!RolloutModes.TryParse(word, out var mode))
            throw new FaultException(Fault.RequestInvalid, $"'{word}' is no mode: shadow, canary, ab or blue-green.");
        var percent = (int)Math.Min(share, 101);
        return Learning.Rollout.WhyNot(mode, percent) is { } fault ? throw new FaultException(Fault.RequestInvalid, fault) : Learning.Rollout.Of(mode, percent);
    }

    private static ModelStage Stage(string text) =>
        ModelStages.TryParse(text, out var stage) ? stage : throw new FaultException(Fault.RequestInvalid, $"'{text}' is no stage: development, staging, production or retired.");
}
