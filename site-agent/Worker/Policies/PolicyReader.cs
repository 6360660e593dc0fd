using System.Collections.Immutable;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>Understands the text of <c>policy.yaml</c>.</summary>
public static class PolicyReader
{
    private const string EveryDataset = "mapped";
    private const string NoLimit = "none";
    private const string Compare = "compare";

    private static readonly string[] s_models = ["logistic-regression", "linear-regression", "mlp", "benchmark"];
    private static readonly string[] s_encodings = ["fixed", "float32"];
    private static readonly string[] s_aggregations = [.. AggregationWords.All];
    private static readonly string[] s_noise = ["site", "distributed", "central"];
    private static readonly string[] s_members = ["confirmed", "named"];
    private static readonly string[] s_profiles = ["withhold", "ask", "release"];
    private static readonly string[] s_perSiteMetrics = ["withhold", "release", Compare];

    /// <summary>The policy that <c>site-worker init</c> writes.</summary>
    public const string Default = """
        # What this site allows, whatever its stewards approve. Every key must be there; a file with a fault allows nothing.
        # Each key is described in docs/reference/site-policy.md.
        policy: 1

        # Datasets that studies may read: "mapped" is every one that datasets.yaml names; or a list of names.
        datasets: mapped

        # Kinds of models. Add "benchmark" to let the machinery be measured; it reads no patient data.
        models: [logistic-regression, linear-regression, mlp]

        # How updates may travel.
        encodings: [fixed, float32]

        # How updates may be summed. "secure" means under masks: the coordinator learns the sum and no site's own update, unless more sites help it
        # than the study assumes. With "encrypted-consortium" they are encrypted besides, so that only the members can open the sum, and with
        # "encrypted-threshold" only all of them together. "plain" means that the coordinator receives this site's update by itself and adds it to the others'
        # afterwards: whoever operates the coordinator can look at it. An update is not anonymous data.
        aggregation: [secure, encrypted-consortium, encrypted-threshold, plain]

        # With whom this site's update is summed under masks. "confirmed": with sites whose worker keys the study names and a steward of this site has
        # compared with theirs, past the coordinator ("site-worker members"). "named": with all whom the study names; then the masks hide nothing from a
        # coordinator that put its own keys into the study.
        members: confirmed

        # Fewest sites in such a sum beyond those that the study's rounds assume to collude with the coordinator; 2 is the least.
        minimum-honest-survivors: 2

        # Nothing is computed from fewer training rows than this.
        minimum-training-rows: 20

        # No count below this is released: bins are merged until each class count is 0 or at least this; smaller moments are withheld.
        minimum-cell: 5

        # Whether this site's own metrics of a final model are told, where a study asks for them: "release" or "withhold". Whoever follows the run
        # then reads how many positive and negative test rows this site has and how well the model serves it, beside its name. "compare": they are told,
        # and besides two versions of a model are compared on the test rows and the result is told, which is exact: of rows, not of bins.
        per-site-metrics: withhold

        # Whether the profile of this site's rows leaves where the consortium asks for its Table 1 ("fcml study profile"): "withhold"; "ask", once a
        # steward has seen and approved exactly what would leave ("site-worker studies profile"); or "release", where a second one that differs
        # from the first still has to be approved.
        profile: ask

        # Most rounds of one study that are trained here, over all its runs.
        maximum-rounds: 200

        # Most parameters of a model for each training row, or "none": a model with many parameters can memorise single rows.
        maximum-parameters-per-row: none

        # A dataset in which a greater share of rows is faulty is used for nothing.
        maximum-faulty-rows: 0.05

        # What may be spent of the privacy of one population's patients, as (epsilon, delta): "none" lets no study in that would spend any; or
        #   privacy:
        #     total: {epsilon: 8, delta: 1e-6}   # all studies together, for ever
        #     study: {epsilon: 3, delta: 1e-6}   # one study, over all its runs
        #     year: {epsilon: 4, delta: 1e-6}    # all studies together, in any 365 days
        # A delta well below one over the number of patients is usual. docs/reference/ledger.md
        privacy: none

        # Whose noise may protect them: "site", this site's own; "distributed", parts of it from all sites under masks, for a trust in the others; "central", that
        # of the coordinator, which sees the sum without noise and is trusted to add it: no site can enforce that.
        noise: [site, distributed]

        """;

    /// <summary>Reads a policy.</summary>
    public static PolicyReading Read(string yaml)
    {
        var faults = new List<ConfigurationFault>();
        if (YamlFields.Parse(yaml, faults) is not { } fields)
            return new PolicyReading(null, [.. faults]);
        _ = fields.Integer("policy", 1, 1);
        var policy = new SitePolicy(
            Datasets(fields),
            fields.Words("models", s_models.Contains, $"words from {string.Join(", ", s_models)}"),
            fields.Words("encodings", s_encodings.Contains, $"words from {string.Join(", ", s_encodings)}"),
            fields.Words("aggregation", s_aggregations.Contains, $"words from {string.Join(", ", s_aggregations)}"),
            (int)fields.Integer("minimum-training-rows", 1, int.MaxValue),
            (int)fields.Integer("minimum-cell", 1, int.MaxValue),
            fields.Word("per-site-metrics", s_perSiteMetrics.Contains, string.Join(" or ", s_perSiteMetrics)) is "release" or Compare,
            fields.Word("profile", s_profiles.Contains, "withhold, ask or release") switch { "release" => ProfileRule.Release, "ask" => ProfileRule.Ask, _ => ProfileRule.Withhold },
            (int)fields.Integer("maximum-rounds", 1, int.MaxValue),
            fields.IsWord("maximum-parameters-per-row", NoLimit) ? null : fields.Number("maximum-parameters-per-row", 0, double.MaxValue),
            fields.Number("maximum-faulty-rows", 0, 1))
        {
            Members = fields.Word(MemberRule.Key, s_members.Contains, string.Join(" or ", s_members)) == "named" ? MembersRule.Named : MembersRule.Confirmed,
            MinimumHonestSurvivors = (int)fields.Integer(PolicyCheck.MinimumHonestSurvivors, AggregationTerms.LeastMinimum, MemberList.MaximumCount),
            Privacy = PrivacyCeilings.Read(fields),
            Comparisons = fields.IsWord("per-site-metrics", Compare),
            Noise = fields.Words(PolicyCheck.Noise, s_noise.Contains, $"words from {string.Join(", ", s_noise)}"),
        };
        fields.End("policy", "datasets", "models", "encodings", "aggregation", MemberRule.Key, PolicyCheck.MinimumHonestSurvivors, "minimum-training-rows", "minimum-cell", "per-site-metrics", "profile", "maximum-rounds", "maximum-parameters-per-row", "maximum-faulty-rows", PrivacyCeilings.Key, PolicyCheck.Noise);
        return faults.Count == 0 ? new PolicyReading(policy, []) : new PolicyReading(null, [.. faults.OrderBy(fault => (fault.Line, fault.Column))]);
    }

    private static ImmutableArray<string>? Datasets(YamlFields fields) =>
        fields.IsWord("datasets", EveryDataset) ? null : fields.Words("datasets", Name.IsName, $"dataset names, or the word {EveryDataset}");
}
