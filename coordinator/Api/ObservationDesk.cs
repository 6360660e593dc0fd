using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Cronos;
using FederatedClinicalMl.Coordinator.Audit;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.Coordinator.Studies;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using Member = FederatedClinicalMl.Coordinator.Enrolment.Member;

namespace FederatedClinicalMl.Coordinator.Api;

/// <summary>Asks sites what a served version did there, and gives what they told. Roles were checked before; that it is asked is recorded before it is.</summary>
public sealed partial class ObservationDesk(
    ModelLines lines, ModelRegistry models, StudyDesk studies, MemberStore members, SiteReports words, SiteMonitorings told, Runs runs, AuditTrail audit, TimeProvider time, ILogger<ObservationDesk> log)
{
    private DateTimeOffset _looked = time.GetUtcNow();

    /// <summary>Starts the run.</summary>
    /// <param name="name">The line.</param>
    /// <param name="version">The version; empty: the one in production.</param>
    /// <param name="person">Who asks; null: the coordinator itself.</param>
    /// <exception cref="FaultException">STAGE_REFUSED, SITES_NOT_READY, or why no such run can be.</exception>
    public async Task<ObserveVersionReply> StartAsync(string name, string version, Member? person)
    {
        var (order, entry, study) = Find(name, version);
        if (study.Privacy is not null)
            throw new FaultException(Fault.StageRefused, $"The study of {name} {order.Served.Version} is under differential privacy: what a version did would tell of patients without a charge, so no site tells it.");
        var approved = studies.Find(study.Digest)?.Approved ?? [];
        SiteId[] sites = [.. members.Members().Where(member => member.Member.IsSite && !member.Revoked).Select(member => member.Member.Site)
            .Where(site => approved.Contains(site) && words.Of(site, name) is { State: not ServingState.NotAllowed })];
        if (sites.Length == 0)
            throw new FaultException(Fault.SitesNotReady, $"No enrolled site that has approved the study of {name} {order.Served.Version} has said since the coordinator was started that it serves the line; 'fcml models sites {name}' shows each site's word.");
        if (told.IsAsked(order))
            throw new FaultException(Fault.StageRefused, $"Sites are being asked of {name} {order.Served.Version} already.");
        var run = RunId.From(RandomNumberGenerator.GetBytes(8));
        audit.Record("monitoring-asked", person, new JsonObject
        {
            ["run"] = run.Value, ["line"] = name, ["version"] = order.Served.Version.ToString(), ["model"] = entry.Digest.ToString(), ["sites"] = new JsonArray([.. sites.Select(site => JsonValue.Create(site.Value))]),
        });
        var plan = RunPlan.ForMonitoring(run, study, sites, entry, order);
        RunControl.RefuseIf(await runs.SendAsync(run, now => new CreateRun(now, plan)));
        RunControl.RefuseIf(await runs.SendAsync(run, now => new StartRun(now)));
        return new ObserveVersionReply { Run = run.Value, Version = order.Served.Version.ToString() };
    }

    /// <summary>What sites have told of a version.</summary>
    /// <exception cref="FaultException">STAGE_REFUSED: there is no such version.</exception>
    public GetMonitoringReply Get(string name, string version)
    {
        var (order, _, study) = Find(name, version);
        var known = told.Of(order);
        var reply = new GetMonitoringReply
        {
            Line = name, Version = order.Served.Version.ToString(), Model = order.Served.Model.ToString(), Study = ByteString.CopyFrom(study.Canonical.Span),
            Monitoring = ByteString.CopyFrom(new SiteMonitoring([.. known.Select(site => (site.Site, Whole(study, site)))]).Write(study)),
            Profile = told.Profile(study) is { } profile ? ByteString.CopyFrom(profile.Write(study)) : ByteString.Empty,
        };
        reply.Sites.AddRange(known.Select(site => new MonitoredSite { Site = site.Site.Value, Run = site.Run.Value, AtUnixSeconds = site.At.ToUnixTimeSeconds(), Withheld = site.Newest.WithheldWord }));
        return reply;
    }

    /// <summary>Asks of each line's version in production and of the one that is let in beside it, where it is time. Not for several threads at once.</summary>
    /// <param name="when">When it is time; null: never.</param>
    public async Task AskWhenDueAsync(CronExpression? when)
    {
        var (now, before) = (time.GetUtcNow(), _looked);
        _looked = now;
        if (when?.GetNextOccurrence(before.UtcDateTime) is not { } due || due > now.UtcDateTime)
            return;
        foreach (var line in lines.All)
        {
            foreach (var version in new[] { line.Production, line.Rollout?.Version }.OfType<ModelVersion>())
            {
                try
                {
                    await StartAsync(line.Name, version.ToString(), person: null);
                }
                catch (FaultException refused)
                {
                    LogNotAsked(line.Name, version.ToString(), refused.Fault.Code); // nobody serves it, or nobody may tell
                }
                catch (Exception fault) when (fault is IOException or FormatException)
                {
                    LogBroken(fault, line.Name, version.ToString()); // of this line; the others are asked
                }
            }
        }
    }

    // What was told stays told where the site tells no more.
    private static MonitoringReport Whole(Study study, KnownMonitoring site) => site.Telling is not { } telling ? site.Newest
        : MonitoringReport.With(study, telling.Of, telling.Schedule, telling.OutcomesAfter, site.Windows, minimum: 1);

    private (MonitoringOrder Order, ModelEntry Entry, Study Study) Find(string name, string version)
    {
        var line = lines.Of(name);
        var asked = version.Length == 0 ? line.Production : ModelVersion.TryParse(version, out var parsed) ? parsed : null;
        if (asked is not { } number || !line.Versions.TryGetValue(number, out var known))
            throw new FaultException(Fault.StageRefused, version.Length == 0 ? $"'{name}' has no version in production; name a version." : $"'{name}' has no version '{version}'.");
        var entry = models.Find(known.Model) ?? throw new FaultException(Fault.ModelUnknown);
        return (new MonitoringOrder(name, new ServedVersion(number, known.Model)), entry, models.StudyOf(entry));
    }

    [LoggerMessage(1641, LogLevel.Error, "Sites could not be asked what {Line} {Version} did; they are when it is time again")]
    private partial void LogBroken(Exception error, string line, string version);

    [LoggerMessage(1640, LogLevel.Information, "Sites are not asked what {Line} {Version} did: {Code}")]
    private partial void LogNotAsked(string line, string version, string code);
}
