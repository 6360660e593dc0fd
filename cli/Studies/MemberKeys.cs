using FederatedClinicalMl.Cli.Connections;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using Spectre.Console;
using Kind = FederatedClinicalMl.Protos.Federation.Subject.Types.Kind;
using State = FederatedClinicalMl.Protos.Federation.Member.Types.State;

namespace FederatedClinicalMl.Cli.Studies;

/// <summary>
/// The worker keys that a study under masks names. They are taken from the coordinator's list of members, which may be wrong or a lie: what makes them worth something
/// is that each site's steward compares them with the others', before or after they approve.
/// </summary>
internal static class MemberKeys
{
    /// <summary>The study as it is to be submitted: one under masks that names no keys with those of its sites, and with every enrolled site where it names none.</summary>
    /// <exception cref="CliException">A site that it names has not enrolled, or what comes of it is no valid study.</exception>
    public static async Task<Study> NameAsync(Connection connection, Study study, CancellationToken cancel)
    {
        if (!study.Federation.IsMasked || !study.Federation.Keys.IsEmpty)
            return study;
        var reply = await connection.AskAsync(admin => admin.ListMembersAsync(new ListMembersRequest(), cancellationToken: cancel), cancel);
        var enrolled = reply.Members
            .Where(member => member.Subject.Kind == Kind.Site && member.State is State.Enrolled or State.Connected && member.WorkerFingerprint.Length > 0)
            .ToDictionary(member => SiteId.Parse(member.Subject.Name), member => Sha256Digest.Parse(member.WorkerFingerprint));
        return Name(study, enrolled);
    }

    /// <summary>Names the keys of a study's sites out of those that are enrolled.</summary>
    internal static Study Name(Study study, IReadOnlyDictionary<SiteId, Sha256Digest> enrolled)
    {
        var sites = study.Federation.Sites;
        if (sites.Where(site => !enrolled.ContainsKey(site)).ToList() is [_, ..] missing)
        {
            throw new CliException(ExitCode.InvalidInput,
                $"{string.Join(", ", missing)} {(missing.Count == 1 ? "has" : "have")} not enrolled, and a study whose updates are summed under masks names the worker key of each of its sites. Have them enrol first ('fcml site invite', 'fcml site list'), or leave them out of federation.sites.");
        }

        var check = StudyKeys.Name(study, sites.IsEmpty ? enrolled : sites.ToDictionary(site => site, site => enrolled[site]), new LearningRule());
        return check.Study ?? throw new CliException(ExitCode.InvalidInput, $"With the sites that have enrolled the study is not valid: {check.Faults[0]}");
    }

    /// <summary>Shows the keys to whoever signs them.</summary>
    public static void Show(Study study, Terminal terminal)
    {
        if (study.Federation.Keys.IsEmpty)
            return;
        terminal.Say("The study names the worker key of each site. Each site's steward compares them with the others' before a masked round is joined ('site-worker members show'):");
        foreach (var (site, key) in study.Federation.Keys)
        {
            terminal.Say($"  {site.Value.EscapeMarkup(),-20} {FingerprintText.Write(key)}");
            terminal.Emit("member", new { site = site.Value, workerFingerprint = key.ToString() });
        }
    }
}
