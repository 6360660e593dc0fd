using System.Text.RegularExpressions;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Worker.Page;

/// <summary>What the page says of the demo's studies, word for word, and that it claims nothing that the threat model does not.</summary>
public sealed partial class StewardPageTests
{
    private const string Golden = "tests/Worker/Page/Golden";

    /// <summary>With FCML_REGENERATE=1 in the environment the files are written; otherwise they are held against the code.</summary>
    [Theory]
    [InlineData("plain", false)]
    [InlineData("secure", false)]
    [InlineData("encrypted-consortium", false)]
    [InlineData("encrypted-threshold", false)]
    [InlineData("secure", true)]
    public void Page_of_the_demo_is_word_for_word_what_it_was(string aggregation, bool isPrivate)
    {
        var file = $"{Golden}/{aggregation}{(isPrivate ? "-dp" : "")}.txt";
        var text = PageText.Of(Pages.Of(Pages.Demo(aggregation, isPrivate), isPrivate ? Pages.WithCeilings : null));

        if (Environment.GetEnvironmentVariable("FCML_REGENERATE") == "1")
            File.WriteAllText(Repository.PathTo(file), text);
        Assert.True(File.Exists(Repository.PathTo(file)) && Repository.Read(file).ReplaceLineEndings("\n") == text,
            $"{file} is not what the code makes. Run `FCML_REGENERATE=1 dotnet run --project tests/Worker -- -class '*StewardPageTests'`, and look at the difference: does docs/threat-model.md say so?");
        Assert.All(text.Split('\n'), line => Assert.InRange(line.Length, 0, 96));
    }

    [Fact]
    public void Howto_shows_a_part_of_the_page_as_it_is()
    {
        var page = Repository.Read($"{Golden}/secure.txt").ReplaceLineEndings("\n");
        var part = page[page.IndexOf("Who sees what", StringComparison.Ordinal)..page.IndexOf("\n\nWhat it costs", StringComparison.Ordinal)];

        Assert.Contains($"```\n{part}\n```", Repository.Read("docs/how-to/hospital.md").ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    /// <summary>docs/threat-model.md, "The steward's page": what the page claims, and the section that proves or cites it.</summary>
    [Fact]
    public void Every_claim_of_a_page_is_one_that_the_threat_model_has_and_the_other_way_round()
    {
        var document = Repository.Read("docs/threat-model.md").ReplaceLineEndings("\n");
        var anchors = Heading().Matches(document).Select(heading => Anchor(heading.Groups[1].Value)).ToHashSet();
        var table = Row().Matches(document[document.IndexOf("## The steward's page", StringComparison.Ordinal)..]).Select(row => (Lead: row.Groups[1].Value, Links: Link().Matches(row.Groups[2].Value).Select(link => link.Groups[1].Value).ToList())).ToList();

        var claimed = Pages.All.SelectMany(page => page.Sections.Where(section => section.Heading.StartsWith("Who sees", StringComparison.Ordinal) || section.Heading.StartsWith("What it costs", StringComparison.Ordinal) || section.Heading.StartsWith("What this does NOT", StringComparison.Ordinal)))
            .SelectMany(section => section.Items).Select(item => item.Lead).Distinct().Order(StringComparer.Ordinal);
        Assert.Equal(claimed, table.Select(row => row.Lead).Order(StringComparer.Ordinal));
        Assert.All(table, row => Assert.NotEmpty(row.Links));
        Assert.All(table.SelectMany(row => row.Links), link => Assert.Contains(link, anchors));
    }

    [Fact]
    public void Study_whose_runs_may_start_with_nobody_asked_says_so_and_no_other_does()
    {
        Assert.True(Pages.Of(Pages.Demo("secure", change: yaml => yaml + "\nretraining: {auto-start: true}\n")).Item("Runs that nobody starts").Attention);
        Assert.DoesNotContain("Runs that nobody starts", PageText.Of(Pages.Of(Pages.Demo("secure"))), StringComparison.Ordinal);
    }

    [Fact]
    public void Sections_are_in_one_order_and_none_is_empty()
    {
        var headings = Pages.All.Select(page => page.Sections.Select(section => section.Heading).ToList()).ToList();

        Assert.All(headings, one => Assert.Equal(headings[0], one));
        Assert.Equal(
            ["What is asked of you", "What will leave, and how often", "Who sees what, and from whom it is hidden", "What it costs of the patients' privacy", "What this does NOT protect against", "What this hospital's policy says of it", "What to do before you approve", "What has happened here"],
            headings[0]);
        Assert.All(Pages.All.SelectMany(page => page.Sections), section => Assert.NotEmpty(section.Items));
    }

    [Fact]
    public void Noise_of_the_coordinator_is_said_to_be_trusted_and_not_enforced()
    {
        var page = Pages.Of(Pages.Demo("secure", isPrivate: true, yaml => Pages.Placed(yaml, "central")), Pages.WithCeilings);

        Assert.StartsWith("NONE IN THE UPDATES OF THIS HOSPITAL: trusted, not enforced.", page.Item("Noise").Text, StringComparison.Ordinal);
        Assert.True(page.Item("A coordinator that adds no noise").Attention);
        Assert.Contains("would change, with no noise.", page.Item("An update of the model").Text, StringComparison.Ordinal);
    }

    /// <summary>t = floor(2n/3) + 1 and c = min(t - 2, 2t - n - 1): 3 sites assume 1, 4 assume 1, 6 assume 3 (docs/reference/secure-aggregation.md).</summary>
    [Theory]
    [InlineData(3, "If 1 works together with it, of the 2 other hospitals, they learn their own updates and the sum of the rest, of at least 2 hospitals.")]
    [InlineData(4, "If 1 works together with it, of the 3 other hospitals, they learn their own updates and the sum of the rest, of at least 2 hospitals.")]
    [InlineData(6, "If 3 work together with it, of the 5 other hospitals, they learn their own updates and the sum of the rest, of at least 2 hospitals.")]
    [InlineData(7, "If 2 work together with it, of the 6 other hospitals, they learn their own updates and the sum of the rest, of at least 3 hospitals.")]
    public void Colluders_that_a_masked_round_assumes_are_said_in_words(int sites, string says)
    {
        var named = string.Join(", ", Enumerable.Range(1, sites - 1).Select(site => $"site-{site}").Prepend("cleveland"));
        var page = Pages.Of(Pages.Demo("secure", change: yaml => yaml.Replace("cleveland, hungarian, switzerland, va", named, StringComparison.Ordinal)));

        Assert.StartsWith(says, page.Item("If hospitals help the coordinator").Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Encrypted_round_is_opened_by_all_and_hides_from_all_but_one()
    {
        var text = Pages.Of(Pages.Demo("encrypted-threshold")).Item("If hospitals help the coordinator").Text;

        Assert.StartsWith("Only where all 3 other hospitals work together with it do they learn this hospital's update", text, StringComparison.Ordinal);
        Assert.Contains("1 such hospital is assumed", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Study_beyond_the_policy_says_which_rules_first_and_that_it_cannot_be_approved()
    {
        var page = Pages.Of(Pages.Demo("plain"), Policies.PolicyText.With("aggregation", "[secure]").Replace("maximum-rounds: 200", "maximum-rounds: 10", StringComparison.Ordinal));

        Assert.Equal(["BEYOND aggregation", "BEYOND maximum-rounds"], page.Sections.Single(section => section.Heading.Contains("policy", StringComparison.Ordinal)).Items.TakeWhile(item => item.Attention).Select(item => item.Lead));
        Assert.StartsWith("It cannot be approved because of: aggregation, maximum-rounds.", page.Item("Beyond the policy").Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Policy_that_cannot_be_read_gives_a_page_that_says_so_and_promises_nothing_of_it()
    {
        var page = Pages.Of(Pages.Demo("secure", isPrivate: true), "policy: 1\n");

        Assert.All(page.Sections.Single(section => section.Heading.StartsWith("What this hospital's policy", StringComparison.Ordinal)).Items, item => Assert.Equal(("BEYOND policy", true), (item.Lead, item.Attention)));
        Assert.DoesNotContain("minimum-cell)", PageText.Of(page), StringComparison.Ordinal);
    }

    [Fact]
    public void Study_that_cannot_be_run_privately_says_so_instead_of_a_cost()
    {
        var page = Pages.Of(Computing.PrivateStudies.Unsound, Pages.WithCeilings);

        Assert.StartsWith("Cannot be said", page.Item("One run").Text, StringComparison.Ordinal);
        Assert.True(page.Item("BEYOND privacy").Attention);
    }

    [Fact]
    public void Run_that_does_not_fit_beside_what_is_spent_is_said_before_anybody_starts_it()
    {
        var study = Pages.Demo("secure", isPrivate: true);
        var cost = PrivateStudy.Of(study).Cost;
        var spent = LedgerState.Empty with { Populations = LedgerState.Empty.Populations.Add("heart-disease", PopulationSpending.None.With(cost.Times(3), null, new DateOnly(2025, 1, 1))) };

        var page = StewardPage.Of(Pages.Facts(study, Pages.WithCeilings, WorkerState.Empty with { Ledger = spent }));

        Assert.Contains("ONE MORE RUN DOES NOT FIT", page.Item("All studies, for ever").Text, StringComparison.Ordinal);
        Assert.False(page.Item("All studies, in any 365 days").Attention); // it was spent longer ago
        Assert.False(page.Item("This study, all runs").Attention);
    }

    [Fact]
    public void Digest_is_of_the_text_and_the_page_is_the_same_after_it_went_over_the_wire()
    {
        var page = Pages.All[1];

        Assert.Equal(Sha256Digest.Of(System.Text.Encoding.UTF8.GetBytes(PageText.Of(page))), page.Digest);
        Assert.Equal(page.Digest, PageDesk.Read(PageDesk.Write(page)).Digest);
        Assert.Equal(Pages.All.Length, Pages.All.Select(one => one.Digest).Distinct().Count());
    }

    private static string Anchor(string heading) => NotOfAnchor().Replace(heading.ToLowerInvariant(), "").Replace(' ', '-');

    [GeneratedRegex("^#{2,3} (.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex("^\\| \\*([^*|]+)\\* \\| (.+) \\|$", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"\(#([a-z0-9-]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("[^a-z0-9 -]")]
    private static partial Regex NotOfAnchor();
}
