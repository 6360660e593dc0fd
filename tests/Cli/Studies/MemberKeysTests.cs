using FederatedClinicalMl.Cli;
using FederatedClinicalMl.Cli.Studies;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Cli.Studies;

/// <summary>How a study under masks comes to name its members when it is submitted.</summary>
public sealed class MemberKeysTests
{
    private static readonly Dictionary<SiteId, Sha256Digest> s_enrolled = Enrolled("east", "north", "south", "west");

    [Fact]
    public void Study_that_names_no_sites_is_submitted_with_every_enrolled_one_and_its_key() =>
        Assert.Equal(s_enrolled.OrderBy(key => key.Key), MemberKeys.Name(Study(""), s_enrolled).Federation.Keys);

    [Fact]
    public void Study_that_names_its_sites_is_submitted_with_their_keys_and_no_others()
    {
        var named = MemberKeys.Name(Study(", sites: [west, south, north]"), s_enrolled);

        Assert.Equal(["north", "south", "west"], named.Federation.Keys.Keys.Select(site => site.Value));
        Assert.All(named.Federation.Keys, key => Assert.Equal(s_enrolled[key.Key], key.Value));
    }

    [Fact]
    public void Study_that_names_a_site_which_has_not_enrolled_is_not_submitted() =>
        Assert.StartsWith("up has not enrolled", Refused(Study(", sites: [up, south, north]"), s_enrolled), StringComparison.Ordinal);

    [Fact]
    public void Study_for_which_too_few_have_enrolled_is_not_submitted() =>
        Assert.Contains("invite 3 to 256 sites, or write 'aggregation: plain'", Refused(Study(""), Enrolled("north", "south")), StringComparison.Ordinal);

    private static string Refused(Study study, Dictionary<SiteId, Sha256Digest> enrolled) => Assert.Throws<CliException>(() => MemberKeys.Name(study, enrolled)).Message;

    private static Dictionary<SiteId, Sha256Digest> Enrolled(params string[] sites) => sites.ToDictionary(SiteId.Parse, site => Sha256Digest.Of(System.Text.Encoding.UTF8.GetBytes(site)));

    private static Study Study(string sites) => StudyChecker.CheckYaml($$"""
        protocol: 1
        name: small
        title: One feature of nobody
        purpose: A test of this software
        ethics: Made-up data
        data: {dataset: rows, features: [{name: age, range: [0, 120]}], label: {name: ill} }
        model: {kind: logistic-regression}
        federation: {rounds: 1, quorum: 1{{sites}} }
        """).Study!;
}
