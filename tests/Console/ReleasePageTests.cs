using System.Text.Encodings.Web;
using System.Text.RegularExpressions;
using FederatedClinicalMl.Protos.Steward;
using FederatedClinicalMl.SiteAgent.StewardConsole;

namespace FederatedClinicalMl.Tests.StewardConsole;

/// <summary>The content of a release, as a steward reads it.</summary>
public sealed class ReleasePageTests
{
    private const string Path = $"left/{SeededWorker.Prepared}";

    [Fact]
    public async Task Aggregate_is_shown_in_tables_and_byte_for_byte_with_a_digest_that_the_console_has_computed()
    {
        await using var running = await RunningConsole.StartAsync();
        using var browser = await running.SignedInAsync();
        var left = await running.ReadAsync(browser, "left");
        Assert.Equal(1, Regex.Count(left, $"href=\"{Regex.Escape(Path)}\""));
        Assert.Equal(2, Regex.Count(left, "its content is not kept")); // of the two updates

        var page = await running.ReadAsync(browser, Path);

        Assert.Equal(new ReleaseRequest { Release = SeededWorker.Prepared }, running.Worker.Single<ReleaseRequest>());
        Assert.Contains("state good\">the same", page, StringComparison.Ordinal);
        Assert.Contains(SeededWorker.Hex(SeededWorker.Content), page, StringComparison.Ordinal);
        Assert.Contains(HtmlEncoder.Default.Encode(SeededWorker.Content), page, StringComparison.Ordinal);
        Assert.Contains("<td>842</td>", page, StringComparison.Ordinal);
        Assert.Contains("<td>1</td><td>431</td>", page.Replace("<td>431</td><td>1</td>", "<td>1</td><td>431</td>", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Content_that_does_not_have_the_manifests_digest_is_said_to_be_changed_and_is_not_shown()
    {
        await using var running = await RunningConsole.StartAsync();
        using var browser = await running.SignedInAsync();
        running.Worker.Release = new ReleaseReply(SeededWorker.Release) { Json = SeededWorker.Content.Replace("842", "843", StringComparison.Ordinal) };

        var page = await running.ReadAsync(browser, Path);

        Assert.Contains("state bad\">CHANGED", page, StringComparison.Ordinal);
        Assert.DoesNotContain("843", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Content_that_is_not_there_is_explained_in_the_workers_words()
    {
        await using var running = await RunningConsole.StartAsync();
        using var browser = await running.SignedInAsync();
        running.Worker.Release = new ReleaseReply(SeededWorker.Release) { Json = "", Sentence = "The content was kept through 2033-11-19." };

        var page = await running.ReadAsync(browser, Path);

        Assert.Contains("The content was kept through 2033-11-19.", page, StringComparison.Ordinal);
        Assert.Contains("not there", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Lists_side_by_side_are_columns_and_objects_rows_and_null_a_dash()
    {
        var tables = ContentTable.Of("""{"features":[{"histogram":{"counts":[5,7],"from":[0,1]},"moments":{"count":12},"name":"age"},{"histogram":null,"moments":null,"name":"sex"}],"rows":12}""");

        Assert.Equal(["content", "features", "features age.histogram"], tables.Select(table => table.Name));
        Assert.Equal([["rows", "12"]], tables[0].Rows);
        Assert.Equal(["moments.count", "name", "histogram", "moments"], tables[1].Columns);
        Assert.Equal([["12", "age", "-", "-"], ["-", "sex", "-", "-"]], tables[1].Rows);
        Assert.Equal([["5", "0"], ["7", "1"]], tables[2].Rows);
    }

    [Fact]
    public void Each_list_of_objects_in_a_list_is_a_table_of_its_own()
    {
        var tables = ContentTable.Of("""{"subgroups":{"partitions":[[{"errors":{"magnitude":"9","outcome":{"count":30}},"sites":1},{"errors":null,"sites":0}],[{"errors":null,"sites":0}]],"sites":1}}""");

        Assert.Equal(["subgroups", "subgroups.partitions 0", "subgroups.partitions 1"], tables.Select(table => table.Name));
        Assert.Equal(["errors.magnitude", "errors.outcome.count", "sites", "errors"], tables[1].Columns);
        Assert.Equal([["9", "30", "1", "-"], ["-", "-", "0", "-"]], tables[1].Rows);
        Assert.Equal([["-", "0"]], tables[2].Rows);
    }
}
