using System.Globalization;
using System.Runtime.InteropServices;
using FederatedClinicalMl.Cli.Simulation;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Demo;

/// <summary>
/// What the federation was good for: its model, a model from all rows in one place, and each hospital's own, all scored on every row of one
/// common test set, the hospitals' test rows together. Only a demo can do this: it holds all data.
/// </summary>
internal static class DemoComparison
{
    /// <summary>Trains, scores, and shows the table.</summary>
    /// <param name="study">The study.</param>
    /// <param name="cohorts">The rows that the study sees at each hospital.</param>
    /// <param name="best">What nobody can do better than; null where nobody knows.</param>
    /// <param name="parameters">Little-endian float32 of the registered model.</param>
    /// <param name="constants">Its preprocessing constants, canonical JSON.</param>
    /// <param name="terminal">Where the table goes.</param>
    /// <param name="cancel">Stops.</param>
    public static void Show(
        Study study, IReadOnlyList<(SiteId Site, Cohort Cohort)> cohorts, BestReachable? best, byte[] parameters, byte[] constants, Terminal terminal, CancellationToken cancel)
    {
        var test = cohorts.Select(site => site.Cohort.Test).ToList();
        var local = new LocalTraining(study, new TorchTrainer());
        var table = new Table { Title = new TableTitle($"scored on the same {test.Sum(rows => rows.Count)} test rows of all hospitals") }
            .AddColumns(study.Privacy is null ? "model" : "model (only the federated one is under differential privacy)", "training rows");
        table.AddColumns(Scores.Heads(study));

        var federated = local.Score(MemoryMarshal.Cast<byte, float>(parameters), new InputEncoder(study, PreprocessingConstants.Read(study, constants)), test);
        var training = cohorts.Select(site => site.Cohort.Training).ToList();
        var all = CohortRows.Together(training);
        Add("[bold]federated[/]", "federated", all.Count, federated);
        Add("pooled in one place", "pooled", all.Count, local.TrainAndScore(SiteId.Parse("pooled"), all, test, cancel));
        foreach (var (site, cohort) in cohorts.Where(site => site.Cohort.Training.Count > 0))
            Add($"{site} alone", $"{site}", cohort.Training.Count, local.TrainAndScore(site, cohort.Training, test, cancel));
        if (best is not null)
        {
            table.AddRow($"the true risk, over all {best.Rows} rows", "", Figures.Text(best.Drawn), "");
            terminal.Emit("best", new { best.Rows, auroc = best.Drawn, best.Expected });
        }

        terminal.Show(table);
        if (best is not null)
        {
            terminal.Say(string.Create(
                CultureInfo.InvariantCulture, $"These patients are made up, so their true risk is known: no model ranks better on average than its AUROC, {best.Expected:0.000}. On some rows chance may."));
        }

        void Add(string shown, string name, int rows, Scores scores)
        {
            table.AddRow([shown, $"{rows}", .. scores.Cells]);
            terminal.Emit("score", scores.Told(("model", name), ("trainingRows", rows), ("testRows", scores.Rows)));
        }
    }
}
