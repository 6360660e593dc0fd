using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Coordinator.Audit;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.Coordinator.Studies;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Api;

/// <summary>Starts runs, for whoever asks over gRPC and for proposals that were approved. Roles were checked before; that it starts is recorded before it does.</summary>
public sealed class RunStarter(StudyDesk studies, Runs runs, MemberStore members, ResultStore results, ModelLines lines, AuditTrail audit)
{
    /// <summary>An id for a run.</summary>
    public static RunId NewRun() => RunId.From(RandomNumberGenerator.GetBytes(8));

    /// <summary>Starts a run of a study with the enrolled sites that have approved it.</summary>
    /// <param name="digest">The study's digest.</param>
    /// <param name="profile">Whether only a profile is asked for.</param>
    /// <param name="actor">Who starts it; null: the coordinator itself.</param>
    /// <exception cref="FaultException">STUDY_UNKNOWN, SITES_NOT_READY, REQUEST_INVALID.</exception>
    public async Task<(RunId Run, Study Study)> StartAsync(string digest, bool profile, Member? actor)
    {
        var (study, sites) = Ready(digest, profile);
        var run = NewRun();
        await StartAsync(run, study, sites, profile, actor);
        return (run, study);
    }

    /// <summary>Refuses a study that cannot be run now, as <see cref="StartAsync(string, bool, Member?)"/> does.</summary>
    /// <exception cref="FaultException">STUDY_UNKNOWN, SITES_NOT_READY.</exception>
    public void RefuseUnready(string digest) => Ready(digest, profile: false);

    /// <summary>Starts a run whose id was chosen before; goes on with it where that was tried already, and does nothing where it was started.</summary>
    /// <exception cref="FaultException">STUDY_UNKNOWN, SITES_NOT_READY: there is no such run.</exception>
    public async Task StartOnceAsync(RunId run, string digest, Member? actor)
    {
        if (await runs.LookAsync(run) is not { } state)
        {
            var (study, sites) = Ready(digest, profile: false);
            await StartAsync(run, study, sites, profile: false, actor);
        }
        else if (state.Status == RunStatus.Created)
        {
            RunControl.RefuseIf(await runs.SendAsync(run, now => new StartRun(now)));
        }
    }

    private (Study Study, ImmutableArray<SiteId> Sites) Ready(string digest, bool profile)
    {
        if (!Sha256Digest.TryParse(digest, out var parsed) || studies.Find(new StudyDigest(parsed)) is not { } submitted)
            throw new FaultException(Fault.StudyUnknown);
        var study = submitted.Study;
        var sites = submitted.Approved.Intersect(Enrolled()).ToImmutableArray();
        if (!profile)
            RefuseUnready(study, sites);
        else if (study.Model is BenchmarkModel || sites.IsEmpty)
            throw new FaultException(Fault.RequestInvalid, sites.IsEmpty ? "No enrolled site has approved the study, so nobody can be asked for a profile." : "A benchmark reads no data, so it has no profile.");
        return (study, sites);
    }

    private async Task StartAsync(RunId run, Study study, ImmutableArray<SiteId> sites, bool profile, Member? actor)
    {
        var initial = ModelPlan.For(study).InitialParameters();
        var bytes = MemoryMarshal.AsBytes(initial.AsSpan());
        var parameters = results.Write(bytes);
        Sha256Digest? constants = PreprocessingConstants.NeedPreparation(study)
            ? null
            : results.Write(PreprocessingConstants.Freeze(study, preparation: null).Canonical.Span);
        audit.Record(profile ? "profile-asked" : "run-started", actor, new JsonObject
        {
            ["run"] = run.Value, ["study"] = study.Digest.ToString(), ["sites"] = new JsonArray([.. sites.Select(s => JsonValue.Create(s.Value))]),
        });
        var plan = profile ? RunPlan.ForProfile(run, study, sites, parameters, bytes.Length) : RunPlan.For(run, study, sites, parameters, bytes.Length, constants, members.WorkerKey, members.Renewals) with { Origin = RunOrigin.Here(ParentOf(study)) };
        RunControl.RefuseIf(await runs.SendAsync(run, now => new CreateRun(now, plan)));
        RunControl.RefuseIf(await runs.SendAsync(run, now => new StartRun(now)));
    }

    private Sha256Digest? ParentOf(Study study) => lines.Of(study.Name) is { Greatest: { } greatest } line ? line.Versions[line.Production ?? greatest].Model : null;

    private static void RefuseUnready(Study study, ImmutableArray<SiteId> ready)
    {
        var missing = study.Federation.Required.Where(site => !ready.Contains(site)).Order().ToArray();
        var sentences = new List<string>();
        if (missing.Length > 0)
            sentences.Add($"Required, and not ready: {string.Join(", ", missing)}.");
        if (ready.Length < study.Federation.Quorum)
            sentences.Add($"{study.Federation.Quorum} sites are needed; ready are {ready.Length}: {(ready.IsEmpty ? "none" : string.Join(", ", ready))}.");
        if (sentences.Count > 0)
            throw new FaultException(Fault.SitesNotReady, string.Join(' ', sentences));
    }

    private HashSet<SiteId> Enrolled() => [.. members.Members().Where(m => m.Member.IsSite && !m.Revoked).Select(m => m.Member.Site)];
}
