using FederatedClinicalMl.Coordinator.Dashboard;
using FederatedClinicalMl.Coordinator.Monitoring;

namespace FederatedClinicalMl.Tests.Dashboard;

/// <summary>The runbooks as they are served: every built-in rule has one, and nothing of the document is lost on the page.</summary>
public sealed class RunbookTests
{
    [Fact]
    public void Every_built_in_rule_leads_to_a_section_of_the_page()
    {
        Assert.Equal(BuiltInRules.All.Select(rule => $"/runbooks#{rule.Name}").Order(StringComparer.Ordinal), Runbooks.All.Select(book => $"/runbooks#{book.Name}").Order(StringComparer.Ordinal));
        Assert.All(BuiltInRules.All, rule => Assert.Equal($"/runbooks#{rule.Name}", Runbooks.LinkTo(rule.Runbook)));
        Assert.All(Runbooks.All, book => Assert.Equal(["Look at.", "Do."], book.Paragraphs[1..].Select(paragraph => paragraph[0]).Where(words => words.IsBold).Select(words => words.Text)));
        Assert.All(Runbooks.All.SelectMany(book => book.Paragraphs).SelectMany(paragraph => paragraph).Where(words => words is { IsCode: false }), words => Assert.DoesNotContain('`', words.Text));
        Assert.Equal(("https://wiki.example.org/x", null), (Runbooks.LinkTo("https://wiki.example.org/x"), Runbooks.LinkTo("docs/own.md#x")));
    }

    [Theory]
    [InlineData("- one\n- two")]
    [InlineData("| a | b |")]
    [InlineData("An <b>element</b>")]
    [InlineData("### Deeper")]
    public void What_the_page_could_not_show_is_refused(string paragraph) => Assert.Throws<FormatException>(() => Runbooks.Parse($"# Runbooks\n\n## rule\n\n{paragraph}\n"));

    [Fact]
    public void Marks_become_words_and_links_within_the_document_lead_to_its_page()
    {
        var book = Assert.Single(Runbooks.Parse("# Runbooks\n\n## rule\n\n**Do.** Type `fcml x`, as for\n[another](#other) or [elsewhere](admin.md).\n"));

        Assert.Equal(
            [new("Do.", IsBold: true), new(" Type "), new("fcml x", IsCode: true), new(", as for "), new("another", Section: "other"), new(" or "), new("elsewhere"), new(".")],
            Assert.Single(book.Paragraphs));
    }
}
