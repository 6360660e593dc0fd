namespace FederatedClinicalMl.Tests.Architecture;

public sealed class DocumentRulesTests
{
    [Fact]
    public void Links_of_documents_lead_somewhere() => House.Keeps(DocumentRules.DeadLinks(Repository.Files));

    [Fact]
    public void Run_events_each_have_a_row() =>
        House.Keeps(DocumentRules.WithoutRow(
            Repository.Read("coordinator/Rounds/Machine/RunEvent.cs"), @"JsonDerivedType\(typeof\((\w+)\)", Repository.Read("docs/reference/run-events.md")));

    [Fact]
    public void Name_without_a_row_is_found()
    {
        Assert.Equal(["RunLost has no row."], DocumentRules.WithoutRow("[Kind(RunMade)] [Kind(RunLost)]", @"Kind\((\w+)\)", "\n| `RunMade` | yes, and not `RunLost` |"));
        Assert.Single(DocumentRules.WithoutRow("nothing here", @"Kind\((\w+)\)", ""));
    }

    [Fact]
    public void Claims_of_the_threat_model_name_tests_that_exist() =>
        House.Keeps(DocumentRules.MissingTests(Repository.Read("docs/threat-model.md"), Repository.Files));

    [Fact]
    public void Test_that_is_named_but_not_there_is_found()
    {
        SourceFile[] files = [new("tests/A/ATests.cs", "    public async Task Kept_promise_holds()\n    {\n        // Mentioned_only_here()"), new("core/B.cs", "public void In_production_code()")];
        Assert.Equal(
            ["The test Mentioned_only_here is named but not there.", "The test In_production_code is named but not there."],
            DocumentRules.MissingTests("`Kept_promise_holds`, `Mentioned_only_here`, `In_production_code`, `core/B`", files));
    }

    [Theory]
    [InlineData("[a](b.md)")]
    [InlineData("[a](../gone/)")]
    [InlineData("[a](#no-such-heading)")]
    [InlineData("[a](../c.md#no-such-heading)")]
    public void Link_to_nothing_is_found(string link) =>
        Assert.Single(DocumentRules.DeadLinks([new SourceFile("docs/a.md", link), new SourceFile("c.md", "## What's here, in short\n")]));

    [Fact]
    public void Link_to_a_file_a_folder_a_heading_and_the_web_is_let_be() =>
        Assert.Empty(DocumentRules.DeadLinks(
            [
                new SourceFile("docs/a.md", "[a](../c.md) [b](../c.md#whats-here-in-short) [c](x/) [d](https://example.org/gone) [e](./x/y.md)"),
                new SourceFile("docs/x/y.md", "[up](../a.md)"),
                new SourceFile("c.md", "## What's here, in short\n"),
            ]));
}
