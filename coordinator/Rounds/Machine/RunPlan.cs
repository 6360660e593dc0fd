using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Serialization;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>What a run has to do: all of the study that <see cref="RoundMachine"/> needs, fixed when the run is created.</summary>
/// <param name="Run">The run.</param>
/// <param name="Study">The study's digest.</param>
/// <param name="Name">The study's name.</param>
/// <param name="Preparation">Whether preprocessing constants are to be learned first.</param>
/// <param name="Rounds">Number of training rounds, from 1.</param>
/// <param name="EvaluateEvery">Evaluate after every n-th round, and after the last; 0: never.</param>
/// <param name="PerSite">Ask for per-site metrics after the last round.</param>
/// <param name="Sites">The sites that may be invited, in ordinal order: they had approved the study when the run was created.</param>
/// <param name="Required">Sites without which no step commits.</param>
/// <param name="Quorum">Least number of participants of a step, from 1.</param>
/// <param name="Deadline">Time for each attempt at a step.</param>
/// <param name="Attempts">How often a step is tried before the run fails, from 1.</param>
/// <param name="Parameters">SHA-256 of the initial parameters.</param>
/// <param name="ParametersLength">Bytes of a parameter vector.</param>
/// <param name="Constants">SHA-256 of the preprocessing constants; null where they are to be learned.</param>
/// <param name="Profile">Whether the run asks what the sites' rows are like, and nothing else.</param>
/// <param name="Keys">Of a study whose updates are masked: the fingerprint of each site's worker key, in the order of <paramref name="Sites"/>; null otherwise.</param>
/// <param name="Encrypted">Whether masked updates are encrypted besides: each step of a round then needs every site.</param>
/// <param name="Renewals">How those keys came of the ones that the study names, where they are others: canonical JSON of <see cref="KeyRenewals"/>; null otherwise.</param>
/// <param name="Against">Of a run that compares the model of its parameters and constants with another at the sites, and does nothing else: the other; null otherwise.</param>
/// <param name="Monitoring">Of a run that asks what a served version did at the sites, and does nothing else: which; null otherwise.</param>
/// <param name="Origin">Of a run that is to make a model: what it is to follow, and what the coordinator ran on; null otherwise, in a simulation, and of runs of before it was thought of.</param>
public sealed record RunPlan(
    RunId Run,
    StudyDigest Study,
    string Name,
    bool Preparation,
    int Rounds,
    int EvaluateEvery,
    bool PerSite,
    ImmutableArray<SiteId> Sites,
    ImmutableArray<SiteId> Required,
    int Quorum,
    TimeSpan Deadline,
    int Attempts,
    Sha256Digest Parameters,
    long ParametersLength,
    Sha256Digest? Constants,
    bool Profile = false,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ImmutableArray<Sha256Digest>? Keys = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool Encrypted = false,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Renewals = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ComparedModel? Against = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] MonitoringOrder? Monitoring = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] RunOrigin? Origin = null)
{
    /// <summary>A plan for <paramref name="study"/>.</summary>
    /// <param name="run">The run.</param>
    /// <param name="study">The study.</param>
    /// <param name="sites">Sites that approved it.</param>
    /// <param name="parameters">SHA-256 of the initial parameters.</param>
    /// <param name="parametersLength">Their bytes.</param>
    /// <param name="constants">SHA-256 of the constants where the study gives them all; null where they are to be learned.</param>
    /// <param name="workerKey">The key of a site's worker; a site without one is not invited to a study whose aggregation is secure.</param>
    /// <param name="renewals">How that key came of those before it.</param>
    public static RunPlan For(
        RunId run, Study study, IEnumerable<SiteId> sites, Sha256Digest parameters, long parametersLength, Sha256Digest? constants, Func<SiteId, VerifyingKey?> workerKey, Func<SiteId, KeyRenewals> renewals)
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(workerKey);
        ArgumentNullException.ThrowIfNull(renewals);
        var federation = study.Federation;
        ImmutableArray<SiteId> invited = [.. sites.Distinct().Order()];
        ImmutableArray<Sha256Digest>? keys = null;
        byte[] renewed = [];
        if (federation.IsMasked)
        {
            invited = [.. invited.Where(site => workerKey(site) is not null)];
            keys = [.. invited.Select(site => workerKey(site)!.Fingerprint)];
            renewed = KeyRenewals.Write(invited.SelectMany(site => federation.Keys.TryGetValue(site, out var named) ? renewals(site).From(site, named) : []));
        }

        return new RunPlan(
            run, study.Digest, study.Name, constants is null, federation.Rounds, study.Evaluation.Every, study.Evaluation.PerSite, invited,
            [.. federation.Required.Distinct().Order()], federation.Quorum, federation.Deadline, federation.Attempts, parameters,
            parametersLength, constants, Keys: keys, Encrypted: study.Federation.IsEncrypted,
            Renewals: renewed.Length == 0 ? null : Encoding.UTF8.GetString(renewed));
    }

    /// <summary>A plan that asks what the sites' rows are like: whoever answers is in the profile, and nobody has to.</summary>
    public static RunPlan ForProfile(RunId run, Study study, IEnumerable<SiteId> sites, Sha256Digest parameters, long parametersLength) =>
        For(run, study, sites, parameters, parametersLength, constants: null, _ => null, _ => KeyRenewals.None) with { Sites = [.. sites.Distinct().Order()], Profile = true, Required = [], Quorum = 1, Attempts = 1, Keys = null, Encrypted = false };

    /// <summary>A plan that compares a model of <paramref name="study"/> with another. No site is required, but as many as the study's quorum: a gate is not to pass by one that happened to be there.</summary>
    /// <param name="run">The run.</param>
    /// <param name="study">The candidate's study.</param>
    /// <param name="sites">Sites that approved both models' studies.</param>
    /// <param name="candidate">The candidate.</param>
    /// <param name="parametersLength">Bytes of its parameters.</param>
    /// <param name="against">The other model.</param>
    public static RunPlan ForComparison(RunId run, Study study, IEnumerable<SiteId> sites, ComparedModel candidate, long parametersLength, ComparedModel against)
    {
        ArgumentNullException.ThrowIfNull(candidate);
        return For(run, study, sites, candidate.Parameters, parametersLength, candidate.Constants, _ => null, _ => KeyRenewals.None) with
        {
            Sites = [.. sites.Distinct().Order()], Rounds = 1, EvaluateEvery = 0, PerSite = false, Required = [], Attempts = 1, Keys = null, Encrypted = false, Against = against,
        };
    }

    /// <summary>A plan that asks what a served version did at the sites: whoever answers within an hour is in it, and nobody has to.</summary>
    /// <param name="run">The run.</param>
    /// <param name="study">The model's study.</param>
    /// <param name="sites">Sites that approved it.</param>
    /// <param name="model">The model.</param>
    /// <param name="order">Of which line and version it is.</param>
    public static RunPlan ForMonitoring(RunId run, Study study, IEnumerable<SiteId> sites, ModelEntry model, MonitoringOrder order)
    {
        ArgumentNullException.ThrowIfNull(model);
        var (parameters, constants) = (model.File(ModelFileNames.Parameters)!, model.File(ModelFileNames.Constants)!);
        return For(run, study, sites, parameters.Digest, parameters.Length, constants.Digest, _ => null, _ => KeyRenewals.None) with
        {
            Sites = [.. sites.Distinct().Order()], Required = [], Quorum = 1, Deadline = TimeSpan.FromHours(1), Attempts = 1, Keys = null, Encrypted = false, Monitoring = order,
        };
    }

    /// <summary>Whether the run only asks something of the sites, and makes no model.</summary>
    [JsonIgnore]
    public bool OnlyAsks => Profile || Against is not null || Monitoring is not null;

    /// <summary>The model that is compared with <see cref="Against"/>.</summary>
    [JsonIgnore]
    public ComparedModel? Candidate => Against is null ? null : new ComparedModel(Study, Parameters, Constants!.Value);

    /// <summary>The sites with their keys, of a study whose aggregation is secure; null otherwise.</summary>
    [JsonIgnore]
    public MemberList? Members => Keys is { } keys ? MemberList.Of(Sites.Zip(keys, (site, key) => new Member(site, key))) : null;

    /// <summary>What each of them is given to begin an attempt with.</summary>
    [JsonIgnore]
    public MemberOffer? Offer => Members is { } members ? new MemberOffer(members, KeyRenewals.Read(Encoding.UTF8.GetBytes(Renewals ?? "")) ?? KeyRenewals.None) : null;

    /// <summary>Whether a step of this kind is one of those in which a masked round goes.</summary>
    public bool IsMasked(StepKind kind) => Keys is not null && kind.Part() == StepKind.Training;

    /// <summary>
    /// Why a step with only these participants would not commit, as part of a sentence; null where it would. Once the masked sum is made, a
    /// threshold of its sites unmasks it, whoever they are: the study's own rules were those of the sum. An encrypted round needs every site in each of its steps.
    /// </summary>
    public string? Shortfall(StepKind kind, ImmutableArray<SiteId> participants)
    {
        var masked = IsMasked(kind);
        if (masked && Encrypted)
        {
            return participants.Length == Sites.Length ? null
                : $"without {string.Join(", ", Sites.Except(participants))} it cannot commit, for an encrypted round needs all {Sites.Length} members: each has a part in its masks and in its key";
        }

        var summed = masked && kind.Phase() > StepKind.Training.Phase();
        var missing = summed ? [] : Required.Except(participants).ToList();
        if (missing.Count > 0)
            return $"without the required {(missing.Count == 1 ? "site" : "sites")} {string.Join(", ", missing)} it cannot commit";
        var least = Math.Max(summed ? 0 : Quorum, masked ? AggregationTerms.LeastThreshold(Sites.Length) : 0);
        return participants.Length < least ? $"with {participants.Length} of at least {least} sites it cannot commit" : null;
    }

    /// <summary>The first step.</summary>
    [JsonIgnore]
    public StepAim First => Monitoring is not null ? new StepAim(RoundNumber.Preparation, StepKind.Monitoring, 1) : Against is not null ? new StepAim(new RoundNumber(1), StepKind.Comparison, 1) : Profile ? new StepAim(RoundNumber.Preparation, StepKind.Profile, 1) : Preparation ? new StepAim(RoundNumber.Preparation, StepKind.Preparation, 1) : Train(1);

    /// <summary>The step after one that was committed; null after the last.</summary>
    public StepAim? After(StepId step)
    {
        var (_, round, kind, attempt) = step;
        StepKind? within = !IsMasked(kind) ? null : kind switch
        {
            StepKind.KeyAgreement => Encrypted ? StepKind.KeyMaking : StepKind.Sharing,
            StepKind.Sharing or StepKind.KeyMaking => StepKind.Training,
            StepKind.Training => Encrypted ? StepKind.Decryption : StepKind.Agreement,
            StepKind.Agreement => StepKind.Unmasking,
            _ => null,
        };
        if (within is { } next)
            return new StepAim(round, next, attempt);
        if (OnlyAsks)
            return null;
        if (kind.Part() == StepKind.Training && EvaluateEvery > 0 && (round.Value % EvaluateEvery == 0 || round.Value == Rounds))
            return new StepAim(round, StepKind.Evaluation, 1);
        if (round.Value < Rounds)
            return Train(round.Value + 1);
        return PerSite && kind != StepKind.SiteMetrics ? new StepAim(round, StepKind.SiteMetrics, 1) : null;
    }

    /// <summary>The step after one that came to nothing: the next attempt, which a masked round begins anew, with other keys.</summary>
    public StepAim Again(StepId step) => new(step.Round, IsMasked(step.Kind) ? StepKind.KeyAgreement : step.Kind, step.Attempt + 1);

    private StepAim Train(int round) => new(new RoundNumber(round), Keys is null ? StepKind.Training : StepKind.KeyAgreement, 1);
}

/// <summary>A step that is to be opened.</summary>
public readonly record struct StepAim(RoundNumber Round, StepKind Kind, int Attempt)
{
    /// <summary>As a step of <paramref name="run"/>.</summary>
    public StepId Of(RunId run) => new(run, Round, Kind, Attempt);
}
