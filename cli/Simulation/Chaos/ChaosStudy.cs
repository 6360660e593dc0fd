using System.Text.Json.Nodes;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Cli.Simulation;

/// <summary>
/// The study that chaos runs: the researcher's, with few rounds and sites, with per-site metrics, and in which no site may be missing. Only so is it known
/// who has to take part whatever happens: a step that lost a site is tried again, and no crash ends in another set of participants.
/// </summary>
internal static class ChaosStudy
{
    /// <summary>At most so many rounds.</summary>
    public const int Rounds = 3;

    /// <summary>At most so many sites.</summary>
    public const int Sites = 4;

    /// <summary>The study made of <paramref name="study"/>.</summary>
    public static Study Of(Study study)
    {
        var declared = CanonicalJson.Read(study.Canonical.Span)!;
        var federation = declared["federation"]!.AsObject();
        var sites = study.Federation.Sites.IsEmpty ? ["site-a", "site-b", "site-c"] : study.Federation.Sites.Order().Take(Sites).Select(site => site.Value).ToArray();
        federation.Remove("keys"); // of the sites that the researcher meant
        federation["sites"] = Array(sites);
        federation["required"] = Array(sites);
        federation["quorum"] = sites.Length;
        federation["rounds"] = Math.Min(study.Federation.Rounds, Rounds);
        federation["attempts"] = 100;
        federation["deadline"] = "168h";
        if (study.Model is not BenchmarkModel)
            declared["evaluation"]!["per-site"] = true;
        var check = StudyChecker.CheckCanonical(CanonicalJson.Write(declared));
        return check.Study ?? throw new CliException(ExitCode.InvalidInput, $"The study cannot be run under chaos: {check.Faults[0]}");
    }

    private static JsonArray Array(IEnumerable<string> sites) => new([.. sites.Select(site => JsonValue.Create(site))]);
}
