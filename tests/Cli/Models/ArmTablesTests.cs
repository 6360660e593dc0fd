using System.Text.Json;
using FederatedClinicalMl.Cli.Models;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;
using Spectre.Console;

namespace FederatedClinicalMl.Tests.Cli.Models;

/// <summary>What the command line says of two versions beside each other.</summary>
public sealed class ArmTablesTests
{
    private static readonly Study s_study = StudyChecker.CheckYaml("""
        protocol: 1
        name: heart
        title: A study
        purpose: A test of this software
        ethics: none needed
        data:
          dataset: rows
          features: [{name: age, range: [0, 120], constants: {mean: 60, sd: 10}}]
          label: {name: ill}
        model: {kind: logistic-regression}
        federation: {rounds: 1, quorum: 1}
        """).Study!;

    [Fact]
    public void Each_version_has_a_row_at_each_site_and_at_all_and_the_second_the_difference()
    {
        var tables = Of([("north", 200, 20), ("south", 400, 100)], [("north", 400, 0), ("south", 100, 0)]);

        var table = tables.Table();
        Assert.Equal(6, table.Rows.Count);
        Assert.Equal(8, table.Columns.Count);
        Assert.Matches(@"^1\.1\.0 less 1\.0\.0 in AUROC: \+0\.\d{3} \[\+0\.\d{3}, \+0\.\d{3}\], the mean of the sites' own differences\. More than chance: 1\.1\.0 did better\.$", tables.Words());
        var json = JsonSerializer.SerializeToNode(tables.Json(), JsonSerializerOptions.Web)!;
        Assert.Equal(["north", "south"], json["sites"]!.AsArray().Select(site => (string?)site!["site"]));
        Assert.Equal([600, 500], json["all"]!.AsArray().Select(arm => (int)arm!["rows"]!));
        Assert.Equal((double)json["difference"]!["value"]!, json["sites"]!.AsArray().Select((site, i) => (double)site!["difference"]!["value"]! * (i == 0 ? 0.625 : 0.375)).Sum(), 9); // of 200 and 400 rows 133 1/3, of 400 and 100 80
    }

    [Fact]
    public void Unit_in_brackets_is_a_unit_and_no_markup()
    {
        var number = new NumericOutcome("mm[Hg]", 60, 260, 140, 25);
        using var written = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(written) });
        console.Profile.Width = 200;

        console.Write(new ArmTables(ArmComparison.Of([], []), "1.0.0", "1.1.0", number).Table());

        Assert.Contains("MAE (mm[Hg]), 95 %", written.ToString(), StringComparison.Ordinal);
        Assert.Contains("bias (mm[Hg])", written.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Versions_that_no_site_tells_together_have_no_difference() =>
        Assert.Equal("No site has told a window of both: of a shadow none ever will.", Of([("north", 200, 20)], []).Words());

    private static ArmTables Of((string Site, int Rows, int Wrong)[] version, (string Site, int Rows, int Wrong)[] beside) => new(ArmComparison.Of(version.Select(Site), beside.Select(Site)), "1.0.0", "1.1.0", null);

    // Half of the rows are positive; so many of either class have the other's score. The bins of all parts are told whole.
    private static (SiteId, IReadOnlyList<MonitoredWindow>) Site((string Site, int Rows, int Wrong) told)
    {
        var day = new DayReport("heart", ModelVersion.First, Sha256Digest.Of("model"u8), new DateOnly(2027, 3, 1), s_study);
        for (var row = 0; row < told.Rows; row++)
        {
            var positive = row < told.Rows / 2;
            var logit = positive == (row % (told.Rows / 2) < told.Wrong) ? -1f : 1f;
            day.CountAnswer(logit, null, TimeSpan.FromMilliseconds(1), [50]);
            day.CountOutcome(logit, positive, SubgroupIndex.Of(s_study, [50]));
        }

        var usage = MonitoredUsage.Of(s_study, day, 5);
        return (SiteId.Parse(told.Site), [new MonitoredWindow(ReportSchedule.Daily.WindowOf(day.Day), usage, MonitoredOutcomes.Of(s_study, usage, day, 5, withAreas: false))]);
    }
}
