using System.Net;
using System.Text.RegularExpressions;
using FederatedClinicalMl.Protos.Steward;

namespace FederatedClinicalMl.Tests.StewardConsole;

public sealed partial class PageTests
{
    public static readonly string[] All =
    [
        "", $"studies/{SeededWorker.Pending}", $"studies/{SeededWorker.Approved}", $"studies/{SeededWorker.HostileStudy}", $"studies/{SeededWorker.Approved}/preview", $"studies/{SeededWorker.Approved}/profile",
        "members", "left?kind=", $"left/{SeededWorker.Prepared}", "ledger", "data", "quality/ehr", "mappings/ehr", $"drift?study={SeededWorker.Approved}", "models",
    ];

    [Fact]
    public async Task Words_of_a_study_are_text_on_every_page_and_none_has_a_script_or_style_of_its_own()
    {
        await using var running = await RunningConsole.StartAsync();
        using var browser = await running.SignedInAsync();
        var shown = 0;
        foreach (var path in All)
        {
            var page = await running.ReadAsync(browser, path);
            Assert.DoesNotContain("<script>", page, StringComparison.Ordinal);
            Assert.DoesNotContain("<img", page, StringComparison.Ordinal);
            Assert.DoesNotContain("\" onmouseover=", page, StringComparison.Ordinal);
            Assert.DoesNotMatch(" style=\"", page);
            Assert.All(Script().Matches(page).Select(match => match.Groups[1].Value), source => Assert.Matches("^assets/(dashboard|live)\\.js\\?v=", source));
            shown += page.Contains("&lt;script&gt;window.broken", StringComparison.Ordinal) ? 1 : 0;
        }

        Assert.True(shown >= 7, $"hostile words are on {shown} pages only");
    }

    [Fact]
    public async Task Search_of_the_log_finds_by_kind_run_study_word_and_day_and_gives_every_byte()
    {
        await using var running = await RunningConsole.StartAsync();
        using var browser = await running.SignedInAsync();

        Assert.Equal([8, 5, 3], await FoundAsync("left"));
        Assert.Equal([8, 7, 6, 5, 4, 3, 2, 1], await FoundAsync("left?kind="));
        Assert.Equal([7], await FoundAsync("left?kind=step-declined"));
        Assert.Equal([8, 7, 6, 5, 4, 3], await FoundAsync($"left?kind=&text={SeededWorker.Run}"));
        Assert.Equal([2], await FoundAsync("left?kind=&text=ethics"));
        Assert.Equal([8], await FoundAsync("left?from=2026-11-20"));
        Assert.Equal([5, 3], await FoundAsync("left?to=2026-11-19"));
        Assert.Equal([3], await FoundAsync("left?before=5"));
        var page = await running.ReadAsync(browser, "left");
        Assert.Contains(System.Text.Encodings.Web.HtmlEncoder.Default.Encode(SeededWorker.Log[4]), page, StringComparison.Ordinal);
        Assert.Equal(2, Regex.Count(page, "state good\">the coordinator has it"));

        async Task<IEnumerable<int>> FoundAsync(string path) => Entry().Matches(await running.ReadAsync(browser, path)).Select(match => int.Parse(match.Groups[1].Value));
    }

    [Fact]
    public async Task Log_of_many_entries_is_shown_in_parts_that_together_are_all_of_it()
    {
        await using var running = await RunningConsole.StartAsync();
        using var browser = await running.SignedInAsync();
        running.Worker.Log = [.. Enumerable.Range(1, 120).Select(number => SeededWorker.Log[4].Replace("\"sequence\":5", $"\"sequence\":{number}", StringComparison.Ordinal))];

        var (path, found) = ("left", new List<int>());
        while (path.Length > 0)
        {
            var page = await running.ReadAsync(browser, path);
            found.AddRange(Entry().Matches(page).Select(match => int.Parse(match.Groups[1].Value)));
            path = WebUtility.HtmlDecode(Older().Match(page).Groups[1].Value);
        }

        Assert.Equal(Enumerable.Range(1, 120).Reverse(), found);
    }

    [Fact]
    public async Task Log_that_is_not_whole_is_said_to_be_so()
    {
        await using var running = await RunningConsole.StartAsync();
        using var browser = await running.SignedInAsync();
        Assert.Contains("8 entries, each link and each signature", await running.ReadAsync(browser, "left?check=yes"), StringComparison.Ordinal);

        running.Worker.Verified = new VerifyAuditReply { Intact = false, Fault = "Entry 5: its signature is wrong." };

        var page = await running.ReadAsync(browser, "left?check=yes");
        Assert.Contains("not intact", page, StringComparison.Ordinal);
        Assert.Contains("Entry 5: its signature is wrong.", page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("{\"at\":\"yesterday\",\"body\":{},\"kind\":\"released\",\"sequence\":1}")]
    [InlineData("not JSON")]
    public async Task Entry_of_another_version_is_said_to_be_one(string entry)
    {
        await using var running = await RunningConsole.StartAsync();
        using var browser = await running.SignedInAsync();
        running.Worker.Log = [entry];
        Assert.Contains("it is of another version than the worker", await running.ReadAsync(browser, "left"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fingerprints_stand_in_groups_to_be_read_out_and_gauges_say_their_numbers()
    {
        await using var running = await RunningConsole.StartAsync();
        using var browser = await running.SignedInAsync();

        Assert.Contains(string.Join(' ', SeededWorker.Lund.Chunk(4).Select(digits => new string(digits))), await running.ReadAsync(browser, "members"), StringComparison.Ordinal);
        var ledger = await running.ReadAsync(browser, "ledger");
        Assert.Contains("aria-label=\"2.5 spent and 1.2 more reserved, of at most 4\"", ledger, StringComparison.Ordinal);
        Assert.Contains("<rect class=\"spent\" x=\"0\" y=\"6\" width=\"250\"", ledger, StringComparison.Ordinal);
        Assert.Contains("<rect class=\"held\" x=\"0\" y=\"6\" width=\"370\"", ledger, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Quality_page_counts_by_rule_what_waits_for_a_decision_and_says_by_which_command_it_is_decided()
    {
        await using var running = await RunningConsole.StartAsync();
        using var browser = await running.SignedInAsync();

        var page = await running.ReadAsync(browser, "quality/ehr");

        Assert.Contains("flagged values wait for a decision</dt><dd class=\"value\">4031", page, StringComparison.Ordinal);
        Assert.Matches("heart-rate-plausible</th>\\s*<td data-name=\"Values that wait\" class=\"number\">4022</td>[^$]*outliers-iqr</th>\\s*<td data-name=\"Values that wait\" class=\"number\">9</td>", page);
        Assert.DoesNotContain("birth-before-events", page[..page.IndexOf("By rule", StringComparison.Ordinal)], StringComparison.Ordinal); // nothing of it waits
        Assert.Contains("<time datetime=\"2026-11-10T08:30:00Z\">", page, StringComparison.Ordinal);
        var folder = Path.GetDirectoryName(running.Settings.WorkerSocket);
        Assert.Contains($"site-worker quality review ehr --data \"{folder}\" --out flagged.csv", WebUtility.HtmlDecode(page), StringComparison.Ordinal);
        Assert.Contains($"site-worker quality review ehr --data \"{folder}\" --in flagged.csv --steward \"{running.Settings.Steward}\"", WebUtility.HtmlDecode(page), StringComparison.Ordinal);
        Assert.Contains("4031, the first imported <time datetime=\"2026-11-10T08:30:00Z\">", await running.ReadAsync(browser, "data"), StringComparison.Ordinal);
    }

    [GeneratedRegex("<script src=\"([^\"]*)\"")]
    private static partial Regex Script();

    [GeneratedRegex("<span class=\"number weak\">(\\d+)</span>")]
    private static partial Regex Entry();

    [GeneratedRegex("<a href=\"([^\"]*)\">Older entries")]
    private static partial Regex Older();
}
