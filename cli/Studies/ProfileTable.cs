using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Studies;

/// <summary>A study's Table 1 in a terminal.</summary>
internal static class ProfileTable
{
    public static Table Of(Study study, StudyProfile profile)
    {
        var one = TableOne.Of(study, profile);
        var table = new Table { Title = new TableTitle($"{study.Name.EscapeMarkup()}: what the rows are like") }.AddColumns([.. one.Heads]);
        foreach (var row in one.Rows)
            table.AddRow([.. row.Select(cell => cell.EscapeMarkup())]);
        return table;
    }
}
