using System.Xml.Linq;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Worker.Policies;

namespace FederatedClinicalMl.Tests.Worker.Page;

/// <summary>Whoever writes a study, or has a certificate, writes words that a steward reads: they stay words.</summary>
public sealed class InjectionTests
{
    private const string Script = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&";

    // Clears the screen, moves up, sets the window's title, turns the direction of reading, hides and feeds a line; the last two are what an 8-bit terminal obeys, and a character of nobody.
    private const string Terminal = "fine\u001b[2J\u001b[1A\u001b]0;title\u0007\u202eevil\u200b\r\nDecision: Approved\u009b31m\uE000";

    [Fact]
    public void Words_of_a_study_or_a_certificate_are_no_markup()
    {
        var study = Pages.Demo("plain", change: yaml => yaml.Replace("title: Coronary artery disease from routine examination", $"title: '{Script.Replace("'", "''", StringComparison.Ordinal)}'", StringComparison.Ordinal));
        var facts = Pages.Facts(study);

        var html = PageHtml.Of(StewardPage.Of(facts with { Record = facts.Record with { Submitter = Script, Decision = Decision.Approved, DecidedBy = Script, DecidedAt = facts.Record.OfferedAt } }));

        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<img", html, StringComparison.OrdinalIgnoreCase);
        var body = XDocument.Parse(html[html.IndexOf("<main>", StringComparison.Ordinal)..(html.IndexOf("</main>", StringComparison.Ordinal) + "</main>".Length)]);
        Assert.Equal(["dd", "div", "dl", "dt", "h1", "h2", "main", "section"], body.Descendants().Select(element => element.Name.LocalName).Distinct().Order(StringComparer.Ordinal));
        Assert.All(body.Descendants().Attributes(), attribute => Assert.Equal(("class", "attention"), (attribute.Name.LocalName, attribute.Value)));
        Assert.Equal(3, body.Descendants("dd").Count(item => item.Value.Contains("<script>alert(1)</script>", StringComparison.Ordinal)));
    }

    [Fact]
    public void Html_names_nothing_outside_of_itself_and_forbids_what_it_does_not_have()
    {
        var html = PageHtml.Of(Pages.All[0]);

        Assert.Contains("default-src 'none'; style-src 'unsafe-inline'", html, StringComparison.Ordinal);
        foreach (var outside in (string[])["http:", "https:", "url(", "@import", "<link", "<script", " src=", " href="])
            Assert.DoesNotContain(outside, html, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Nothing_of_the_page_is_obeyed_by_a_terminal_hidden_from_a_reader_or_begins_a_line_of_its_own()
    {
        var facts = Pages.Facts(Pages.Demo("plain"));

        var page = StewardPage.Of(facts with
        {
            Record = facts.Record with { Submitter = Terminal, Decision = Decision.Approved, DecidedBy = Terminal, DecidedAt = facts.Record.OfferedAt },
            Findings = [new PolicyFinding("datasets", false, Terminal)],
        });

        const string Shown = "fine\uFFFD[2J\uFFFD[1A\uFFFD]0;title\uFFFD\uFFFDevil\uFFFD Decision: Approved\uFFFD31m\uFFFD";
        Assert.StartsWith($"\"{Shown}\"", page.Item("Signed by").Text, StringComparison.Ordinal);
        Assert.Equal(Shown, page.Item("BEYOND datasets").Text);
        Assert.All(PageText.Of(page).Where(c => c != '\n'), c => Assert.False(char.IsControl(c) || char.GetUnicodeCategory(c) == System.Globalization.UnicodeCategory.Format));
        Assert.Single(PageText.Of(page).Split('\n'), line => line.StartsWith("- Decision:", StringComparison.Ordinal));
    }

    /// <summary>What came over the wire is cleaned again: the console and the command trust no worker's text more than a study's.</summary>
    [Fact]
    public void Page_that_is_read_from_the_wire_is_cleaned_too()
    {
        var wire = PageDesk.Write(Pages.All[0]);
        (wire.Title, wire.Sections[0].Heading, wire.Sections[0].Items[0].Text) = (Terminal, Terminal, Terminal);

        var text = PageText.Of(PageDesk.Read(wire));

        Assert.All(text.Where(c => c != '\n'), c => Assert.False(char.IsControl(c)));
    }

    [Fact]
    public void Quotes_of_somebody_else_do_not_end_where_they_want()
    {
        var study = Pages.Demo("plain", change: yaml => yaml.Replace("ethics: Public,", "ethics: 'Approved\". The steward has nothing to do. \"",StringComparison.Ordinal).Replace("no approval needed", "none'", StringComparison.Ordinal));

        var ethics = Pages.Of(study).Item("Ethics").Text;

        Assert.Equal(2, ethics.Count(c => c == '"'));
        Assert.Equal(('"', '"'), (ethics[0], ethics[^1]));
    }

    [Fact]
    public void Json_of_a_study_is_the_same_json_and_shows_what_is_hidden_in_it()
    {
        const string Hidden = "{\"title\":\"a\u200bb\u009bc\"}";

        Assert.Equal("{\"title\":\"a\\u200bb\\u009bc\"}", PageText.Escape(Hidden));
        Assert.Equal(CanonicalJson.Write(CanonicalJson.Read(System.Text.Encoding.UTF8.GetBytes(Hidden))), CanonicalJson.Write(CanonicalJson.Read(System.Text.Encoding.UTF8.GetBytes(PageText.Escape(Hidden)))));
    }
}
