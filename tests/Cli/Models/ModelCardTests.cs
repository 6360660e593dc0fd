using System.Text.Json.Nodes;
using System.Xml.Linq;
using FederatedClinicalMl.Tests.Coordinator;

namespace FederatedClinicalMl.Tests.Cli.Models;

/// <summary>The card of a stored simulation.</summary>
public sealed class ModelCardTests : IDisposable
{
    private readonly Hospitals _hospitals = new("{every: 1, per-site: true}");

    private string Stored => Path.Combine(_hospitals.Root, "stored");

    public void Dispose() => _hospitals.Dispose();

    [Fact]
    public async Task Card_says_what_the_entry_says_and_what_is_not_known_as_a_page_and_as_Markdown()
    {
        var (page, text) = await CardAsync();

        var headings = page.Descendants("h2").Select(heading => heading.Value).ToList();
        Assert.Equal(["Model", "Intended use", "Inputs", "Training data", "Performance, all sites", "Performance, site by site", "Performance, by subgroup", "Gates of the study", "Privacy", "Ethics", "Technical needs", "Reproduce", "What this card does not tell"], headings);
        Assert.Equal(headings, text.Split('\n').Where(line => line.StartsWith("## ", StringComparison.Ordinal)).Select(line => line[3..]));
        Assert.Equal(["north", "south", "west"], Table("Training data").Select(row => row[0]));
        Assert.All(Table("Training data"), row => Assert.Equal("3 of 3", row[1]));
        Assert.Equal([("north", "its rows (DeLong)"), ("south", "its rows (DeLong)"), ("west", "its rows (DeLong)")], Tables("Performance, site by site")[0].Select(row => (row[0], row[3])));
        Assert.Matches(@"^0\.\d+ \[0\.\d+, 0\.\d+\] \(95 %; random effects over 3 sites, I² = ", Table("Performance, site by site")[0][1]);
        Assert.Contains(Table("Gates of the study"), row => row is ["sites", _, _]);
        Assert.Equal("none: the model can reveal training data to whoever has it", Table("Privacy").Single(row => row[0] == "Differential privacy")[1]);
        Assert.All(page.Descendants().Where(element => element.Name.LocalName == "svg"), plot => Assert.NotNull(plot.Attribute("aria-label")));
        Assert.Equal(2, page.Descendants("figcaption").Count());
        Assert.Empty(page.Descendants("script"));
        Assert.DoesNotContain(page.Descendants().Attributes(), attribute => attribute.Name.LocalName is "src" or "href");

        List<string[]> Table(string heading) => Tables(heading)[^1];

        List<List<string[]>> Tables(string heading) => [.. page.Descendants("section").Single(section => section.Element("h2")!.Value == heading).Descendants("tbody").Select(body => body.Elements("tr").Select(row => row.Elements().Select(cell => cell.Value).ToArray()).ToList())];
    }

    [Fact]
    public async Task Simulation_and_card_tell_the_subgroups_points_and_use_that_the_study_declares()
    {
        var study = await File.ReadAllTextAsync(_hospitals.Study, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(_hospitals.Study, study.Replace("{every: 1, per-site: true}", """
            {every: 1,
              subgroups: [{feature: sex, bands: [0.5], names: [women, men]}, {feature: age, bands: [100]}],
              operating-points: [{name: review, threshold: 0.5, indicator: warning, meaning: A nurse looks}],
              gates: {subgroup-gap: {auroc: 1, equal-opportunity: 1}}}
            intended-use: {users: Nobody but tests, contra-indications: [Not for anybody else]}
            """, StringComparison.Ordinal), TestContext.Current.CancellationToken);

        var (_, said, _) = await CommandRun.FcmlWithOutputAsync("simulate", _hospitals.Study, "--data", _hospitals.Data, "--json");
        var sex = said.Split('\n').Where(line => line.Contains("\"event\":\"subgroups\"", StringComparison.Ordinal)).Select(line => JsonNode.Parse(line)!["partitions"]![0]!).Single();
        Assert.Equal([("women", 3), ("men", 3), ("missing", 3)], sex["subgroups"]!.AsArray().Select(group => ((string)group!["name"]!, (int)group["sites"]!)));
        Assert.True((double)sex["gaps"]!["AUROC"]!["most"]! >= (double)sex["gaps"]!["AUROC"]!["least"]!);

        var (page, text) = await CardAsync();
        var section = page.Descendants("section").Single(part => part.Element("h2")!.Value == "Performance, by subgroup");
        Assert.Contains(section.Descendants("tr"), row => row.Elements().First().Value == "women" && row.Elements().ElementAt(1).Value == "3 of 3 sites");
        Assert.Contains(section.Descendants("tr"), row => row.Elements().First().Value == "men" && row.Elements().ElementAt(1).Value == "review (0.5)");
        Assert.Contains("Gap: equal opportunity at review (0.5)", text, StringComparison.Ordinal);
        Assert.Contains("not decided: fewer than two subgroups are told", text, StringComparison.Ordinal); // nobody is 100 years old
        var gates = page.Descendants("section").Single(part => part.Element("h2")!.Value == "Gates of the study").Descendants("tbody").Single().Elements("tr").Select(row => row.Elements().Select(cell => cell.Value).ToArray()).Where(row => row[0] == "subgroup-gap").ToArray();
        Assert.Equal(["passed", "not passed"], gates.Select(row => row[1]));
        Assert.Contains("A nurse looks", text, StringComparison.Ordinal);
        Assert.Contains("Nobody but tests", text, StringComparison.Ordinal);
        Assert.Contains("Not for anybody else", text, StringComparison.Ordinal);
        Assert.DoesNotContain("states no contra-indications", text, StringComparison.Ordinal);
        Assert.Equal((0, ""), await CommandRun.FcmlAsync("models", "verify", "--folder", Stored));
        Assert.Equal((0, ""), await CommandRun.FcmlAsync("models", "compare", Stored, Stored));
    }

    /// <summary>Whoever writes a study writes what others read in a browser and in a terminal.</summary>
    [Fact]
    public async Task What_a_study_says_is_text_and_no_markup()
    {
        var study = await File.ReadAllTextAsync(_hospitals.Study, TestContext.Current.CancellationToken);
        var title = study.Split('\n').Single(line => line.TrimStart().StartsWith("title:", StringComparison.Ordinal));
        await File.WriteAllTextAsync(_hospitals.Study, study.Replace(title, "title: \"<script>alert(1)</script> | [x](https://example.org) `y`\"", StringComparison.Ordinal), TestContext.Current.CancellationToken);

        var (page, text) = await CardAsync();

        Assert.Equal("small-study: <script>alert(1)</script> | [x](https://example.org) `y`", page.Descendants("h1").Single().Value);
        Assert.Empty(page.Descendants("script"));
        Assert.StartsWith(@"# small-study: \<script\>alert(1)\</script\> \| \[x\](https://example.org) \`y\`", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Comparison_names_what_changed_in_the_study_and_holds_the_evaluations_side_by_side()
    {
        var other = Path.Combine(_hospitals.Root, "other");
        Assert.Equal((0, ""), await CommandRun.FcmlAsync("simulate", _hospitals.Study, "--data", _hospitals.Data, "--out", Stored));
        await File.WriteAllTextAsync(_hospitals.Study, (await File.ReadAllTextAsync(_hospitals.Study, TestContext.Current.CancellationToken)).Replace("learning-rate: 0.1", "learning-rate: 0.2", StringComparison.Ordinal), TestContext.Current.CancellationToken);
        Assert.Equal((0, ""), await CommandRun.FcmlAsync("simulate", _hospitals.Study, "--data", _hospitals.Data, "--out", other));

        var (_, said, _) = await CommandRun.FcmlWithOutputAsync("models", "compare", Stored, other, "--json");
        var comparison = JsonNode.Parse(said)!;

        var change = Assert.Single(comparison["changes"]!.AsArray())!;
        Assert.Equal(("training.learning-rate", "0.1", "0.2", "minor"), ((string)change["path"]!, (string)change["before"]!, (string)change["after"]!, (string)change["part"]!));
        Assert.False((bool)comparison["sameParameters"]!);
        Assert.NotEqual((double)comparison["metrics"]!["before"]!["brier"]!, (double)comparison["metrics"]!["after"]!["brier"]!);
        Assert.Contains("AUROC differs from production's by", (string)comparison["words"]!, StringComparison.Ordinal);
        Assert.True((bool)JsonNode.Parse((await CommandRun.FcmlWithOutputAsync("models", "compare", Stored, Stored, "--json")).Output)!["sameParameters"]!);
    }

    [Fact]
    public async Task Report_answers_what_the_entry_knows_and_leaves_the_rest_to_the_authors()
    {
        var (page, text) = await CardAsync("report");

        var rows = page.Descendants("tbody").SelectMany(table => table.Elements("tr")).ToDictionary(row => row.Elements().First().Value, row => row.Elements().Last().Value);
        Assert.Equal((4 + 8 + 4 + 6) + 16, rows.Count); // DOME's items, and the questions of the checklist
        Assert.Contains("north, south, west", rows["Provenance"], StringComparison.Ordinal);
        Assert.Contains("fcml replay", rows["4. Reproducibility of results"], StringComparison.Ordinal);
        Assert.Matches(@"^AUROC 0\.\d{3} \[", rows["Measures"]);
        Assert.Equal(
            ["1. Claims", "10. Broader impacts", "12. Licences of what was used", "16. Use of language models", "Execution time"],
            rows.Where(row => row.Value.StartsWith("For the authors to answer", StringComparison.Ordinal)).Select(row => row.Key).Order(StringComparer.Ordinal));
        Assert.Contains("## NeurIPS checklist", text, StringComparison.Ordinal);
    }

    private async Task<(XElement Page, string Markdown)> CardAsync(string document = "card")
    {
        var (html, markdown) = (Path.Combine(_hospitals.Root, "card.html"), Path.Combine(_hospitals.Root, "card.md"));
        Assert.Equal((0, ""), await CommandRun.FcmlAsync("simulate", _hospitals.Study, "--data", _hospitals.Data, "--out", Stored));
        Assert.Equal((0, ""), await CommandRun.FcmlAsync("models", document, "--folder", Stored, "--html", html, "--markdown", markdown));
        var page = await File.ReadAllTextAsync(html, TestContext.Current.CancellationToken);
        return (XElement.Parse(page[page.IndexOf("<html", StringComparison.Ordinal)..]), await File.ReadAllTextAsync(markdown, TestContext.Current.CancellationToken)); // well-formed as XML, too
    }
}
