using System.Collections.Immutable;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Learning;
using FederatedClinicalMl.Tests.Worker.Members;
using FederatedClinicalMl.Tests.Worker.Policies;

namespace FederatedClinicalMl.Tests.Worker.Page;

/// <summary>Pages of the demo's studies at the hospital <c>cleveland</c>, which knows nothing but its policy.</summary>
internal static class Pages
{
    public static SiteId Cleveland { get; } = SiteId.Parse("cleveland");

    private static readonly DateTimeOffset s_offered = new(2026, 11, 24, 8, 0, 0, TimeSpan.Zero);

    /// <summary>The demo's study as it sums in a given way; with noise: the one under differential privacy.</summary>
    public static Study Demo(string aggregation, bool isPrivate = false, Func<string, string>? change = null)
    {
        var isEncrypted = aggregation.StartsWith("encrypted", StringComparison.Ordinal);
        var yaml = Repository.Read($"docs/how-to/examples/heart-disease{(isPrivate ? "-dp" : "")}.yaml").ReplaceLineEndings("\n")
            .Replace("\n  quorum: 3\n", isEncrypted ? "\n  quorum: 4\n" : "\n  quorum: 3\n", StringComparison.Ordinal)
            .Replace("\nfederation:\n", $"\nfederation:\n  aggregation: {aggregation}\n{(isEncrypted ? "  maximum-weight: 8000\n" : "")}", StringComparison.Ordinal);
        var check = StudyChecker.CheckYaml(change is null ? yaml : change(yaml));
        var study = check.Study ?? throw new InvalidDataException(string.Join('\n', check.Faults));
        return study.Federation.IsMasked ? StudyKeys.Name(study, study.Federation.Sites.ToDictionary(site => site, site => MaskedStudy.KeyOf(site.Value))).Study! : study;
    }

    /// <summary>The policy of a hospital whose budget is the demo's.</summary>
    public static string WithCeilings { get; } = PolicyText.With("privacy", "{total: {epsilon: 3, delta: 1e-6}, study: {epsilon: 3, delta: 1e-6}, year: {epsilon: 3, delta: 1e-6}}");

    public static PageFacts Facts(Study study, string? policy = null, WorkerState? state = null)
    {
        var reading = PolicyReader.Read(policy ?? PolicyReader.Default);
        return new PageFacts(
            Cleveland, study, new StudyRecord(study.Digest, study.Name, "urn:fcml:person:researcher:ada", s_offered, false, Decision.Pending, "", null, ""), reading, PolicyCheck.Study(reading, study),
            [.. study.Federation.Keys.Keys.Select(site => (site, site == Cleveland ? "own" : "unconfirmed"))], state ?? WorkerState.Empty, study.Data.Dataset.Length == 0 ? null : study.Data.Dataset, new DateOnly(2026, 11, 24));
    }

    public static StewardPage Of(Study study, string? policy = null) => StewardPage.Of(Facts(study, policy));

    public static PageItem Item(this StewardPage page, string lead) => page.Sections.SelectMany(section => section.Items).Single(item => item.Lead == lead);

    /// <summary>Pages of every way in which a study can sum, be private and be small, with the policies that they meet.</summary>
    public static ImmutableArray<StewardPage> All { get; } =
    [
        .. new[] { "plain", "secure", "encrypted-consortium", "encrypted-threshold" }.Select(aggregation => Of(Demo(aggregation))),
        .. new[] { "plain", "secure" }.Select(aggregation => Of(Demo(aggregation, isPrivate: true), WithCeilings)),
        Of(Demo("secure", isPrivate: true, yaml => Placed(yaml, "distributed")), WithCeilings),
        Of(Demo("secure", isPrivate: true, yaml => Placed(yaml, "central")), WithCeilings),
        Of(StudyText.Benchmark(parameters: 1000)),
        Of(NumberText.Of("{every: 1, per-site: true, subgroups: [{feature: age, bands: [50]}]}"), PolicyText.With("per-site-metrics", "compare")),
        StewardPage.Of(Facts(Demo("secure", isPrivate: true), WithCeilings, WorkerState.Empty with { Ledger = LedgerState.Empty with { Behind = [new LedgerHead(7, MaskedStudy.KeyOf("a newer log"))] } })),
        StewardPage.Of(Facts(Demo("secure", isPrivate: true), WithCeilings) with { Population = null }),
        Of(Demo("secure", isPrivate: true)),
        Of(Demo("secure", isPrivate: true, yaml => yaml.Replace("noise-multiplier: 3\n", "noise-multiplier: 3\n    rows-per-patient: 2\n", StringComparison.Ordinal).Replace("  dataset: heart-disease\n", "  dataset: heart-disease\n  patient: id\n", StringComparison.Ordinal)), WithCeilings),
        Of(Demo("secure", change: yaml => yaml.Replace("\n  every: 1\n", "\n  every: 1\n  per-site: true\n", StringComparison.Ordinal)), PolicyText.With("members", "named").Replace("per-site-metrics: withhold", "per-site-metrics: compare", StringComparison.Ordinal)),
        Of(Demo("plain", change: yaml => yaml.Replace("  sites: [cleveland, hungarian, switzerland, va]\n  quorum: 3\n", "  quorum: 1\n", StringComparison.Ordinal))),
        Of(Demo("plain", change: yaml => yaml.Replace("sites: [cleveland, hungarian, switzerland, va]\n  quorum: 3", "sites: [cleveland, va]\n  quorum: 2", StringComparison.Ordinal))),
    ];

    public static string Placed(string yaml, string placement) => yaml.Replace("local-steps: 5", "local-steps: 1", StringComparison.Ordinal).Replace("noise-multiplier: 3\n", $"noise-multiplier: 3\n    placement: {placement}\n", StringComparison.Ordinal);
}
