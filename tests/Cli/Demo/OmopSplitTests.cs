using FederatedClinicalMl.Cli.Demo.Splitting;
using FederatedClinicalMl.Tests.Coordinator;

namespace FederatedClinicalMl.Tests.Cli.Demo;

public sealed class OmopSplitTests
{
    [Fact]
    public void Split_puts_each_persons_rows_at_one_site_and_copies_vocabularies()
    {
        using var folder = new TemporaryFolder();
        var from = Directory.CreateDirectory(folder.Of("omop")).FullName;
        string[] sites = [.. Enumerable.Range(1, 4).Select(site => Directory.CreateDirectory(folder.Of($"site-{site}")).FullName)];
        File.WriteAllText(Path.Combine(from, "person.csv"), "PERSON_ID,\"date(birth_datetime,'unixepoch')\"\n" + string.Concat(Enumerable.Range(1, 20).Select(person => $"{person},1970-01-01\n")));
        // A column before the person's has a comma, and another a line end; the last row has no line end.
        File.WriteAllText(Path.Combine(from, "note.csv"), "note_id,note_text,\"person_id\"\n1,\"a, b\n\"\"c\"\"\",7\n2,,\"8\"\n\n3,x, 9");
        File.WriteAllText(Path.Combine(from, "cohort.csv"), "cohort_definition_id,subject_id\n1,7\n");
        File.WriteAllText(Path.Combine(from, "concept.csv"), "concept_id\n0\n");
        File.WriteAllText(Path.Combine(from, "cost.csv"), "cost_id\n1\n");

        Assert.True(OmopSplit.IsIn(from));
        var split = OmopSplit.Run(from, sites, TestContext.Current.CancellationToken);

        Assert.Equal(20, split.Persons);
        Assert.Equal(24, split.Records.Sum());
        Assert.Equal(["concept.csv"], split.Copied);
        Assert.Equal(["cost.csv"], split.LeftOut);
        for (var person = 1; person <= 20; person++)
            Assert.Contains($"\n{person},1970-01-01\n", TextAt(SiteHash.Of($"{person}", 4), "person.csv"), StringComparison.Ordinal);
        Assert.Contains("\n1,\"a, b\n\"\"c\"\"\",7\n", TextAt(SiteHash.Of("7", 4), "note.csv"), StringComparison.Ordinal);
        Assert.Contains("\n2,,\"8\"\n", TextAt(SiteHash.Of("8", 4), "note.csv"), StringComparison.Ordinal);
        Assert.Contains("\n3,x, 9\n", TextAt(SiteHash.Of("9", 4), "note.csv"), StringComparison.Ordinal);
        Assert.Contains("\n1,7\n", TextAt(SiteHash.Of("7", 4), "cohort.csv"), StringComparison.Ordinal);
        Assert.All(sites, site => Assert.Equal("concept_id\n0\n", File.ReadAllText(Path.Combine(site, "concept.csv"))));
        Assert.All(sites, site => Assert.False(File.Exists(Path.Combine(site, "cost.csv"))));
        Assert.Equal(20 + 4, sites.Sum(site => File.ReadAllLines(Path.Combine(site, "person.csv")).Length));

        string TextAt(int site, string file) => File.ReadAllText(Path.Combine(sites[site], file));
    }
}
