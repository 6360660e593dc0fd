using System.Security.Cryptography;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Coordinator.Audit;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.Coordinator.Studies;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using Member = FederatedClinicalMl.Coordinator.Enrolment.Member;

namespace FederatedClinicalMl.Coordinator.Api;

/// <summary>Has the sites compare a version of a model with the one in production, on their own test rows.</summary>
public sealed class ComparisonDesk(ModelLines lines, ModelRegistry models, StudyDesk studies, MemberStore members, Runs runs, ResultStore results, AuditTrail audit)
{
    /// <summary>Starts the run.</summary>
    /// <param name="name">The line.</param>
    /// <param name="version">The version.</param>
    /// <param name="person">Who asks.</param>
    /// <exception cref="FaultException">REQUEST_INVALID, STAGE_REFUSED, SITES_NOT_READY, or why no such run can be.</exception>
    public async Task<CompareAtSitesReply> StartAsync(string name, string version, Member person)
    {
        var line = lines.Of(name);
        var candidate = ModelVersion.TryParse(version, out var asked) && line.Versions.TryGetValue(asked, out var known) ? known : throw new FaultException(Fault.StageRefused, $"'{name}' has no version '{version}'.");
        if (line.Production is not { } production || production == asked)
            throw new FaultException(Fault.StageRefused, line.Production is null ? $"'{name}' has no version in production, so that there is nothing to compare with." : $"Version {asked} is the one in production.");
        var (ours, theirs) = (Entry(candidate.Model), Entry(line.Versions[production].Model));
        var (study, other) = (models.StudyOf(ours), models.StudyOf(theirs));
        if (Comparability.WhyNot(study, other) is { } reason)
            throw new FaultException(Fault.StageRefused, reason);
        var approved = new[] { study, other }.Select(each => studies.Find(each.Digest)?.Approved ?? []).ToArray();
        SiteId[] sites = [.. members.Members().Where(member => member.Member.IsSite && !member.Revoked).Select(member => member.Member.Site).Where(site => approved.All(each => each.Contains(site)))];
        if (sites.Length == 0)
            throw new FaultException(Fault.SitesNotReady, "No enrolled site has approved the studies of both versions.");
        var against = Parts(theirs);
        if (new ComparisonOrder(other.Digest, results.Read(against.Constants)).Write().Length > ComparisonOrder.MaximumLength)
            throw new FaultException(Fault.StageRefused, $"The preprocessing constants of version {production} take more than {ComparisonOrder.MaximumLength} bytes, which is more than a site takes with one step.");

        var run = RunId.From(RandomNumberGenerator.GetBytes(8));
        audit.Record("comparison-asked", person, new JsonObject
        {
            ["run"] = run.Value, ["line"] = name, ["version"] = asked.ToString(), ["model"] = ours.Digest.ToString(), ["production"] = production.ToString(), ["against"] = theirs.Digest.ToString(),
            ["sites"] = new JsonArray([.. sites.Select(site => JsonValue.Create(site.Value))]),
        });
        var plan = RunPlan.ForComparison(run, study, sites, Parts(ours), ours.File(ModelFileNames.Parameters)!.Length, against);
        RunControl.RefuseIf(await runs.SendAsync(run, now => new CreateRun(now, plan)));
        RunControl.RefuseIf(await runs.SendAsync(run, now => new StartRun(now)));
        return new CompareAtSitesReply { Run = run.Value, Production = production.ToString() };
    }

    // What sites fetch is served from the results, where a model's parts are since they were made, and again where somebody has cleared those.
    private ComparedModel Parts(ModelEntry entry)
    {
        foreach (var file in (string[])[ModelFileNames.Parameters, ModelFileNames.Constants])
        {
            if (!results.Contains(entry.File(file)!.Digest))
                results.Write(models.Read(entry, file));
        }

        return entry.Compared;
    }

    private ModelEntry Entry(Sha256Digest model) => models.Find(model) ?? throw new FaultException(Fault.ModelUnknown);
}
