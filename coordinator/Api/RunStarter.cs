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
    /// <summary>Starts a run of a study with the enrolled sites that have approved it.</summary>
    /// <param name="digest">The study's digest.</param>
    /// <param name="profile">Whether only a profile is asked for.</param>
    /// <param name="actor">Who starts it; null: the coordinator itself.</param>
    /// <exception cref="FaultException">STUDY_UNKNOWN, SITES_NOT_READY, REQUEST_INVALID.</exception>
    public async Task<(RunId Run, Study Study)> StartAsync(string digest, bool profile, Member? actor)
    {
        if (!Sha256Digest.TryParse(digest, out var parsed) || studies.Find(new StudyDigest(parsed)) is not { } submitted)
            throw new FaultException(Fault.StudyUnknown);
        var study = submitted.Study;
        var sites = submitted.Approved.Intersect(Enrolled()).ToImmutableArray();
        if (!profile)
            RefuseUnready(study, sites);
        else if (study.Model is BenchmarkModel || sites.IsEmpty)
            throw new FaultException(Fault.RequestInvalid, sites.IsEmpty ? "No enrolled site has approved the study, so nobody can be asked for a profile." : "A benchmark reads no data, so it has no profile.");

        var run = RunId.From(RandomNumberGenerator.GetBytes(8));
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
        return (run, study);
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
