using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Cli.Connections;
using FederatedClinicalMl.Cli.Studies;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Models;

/// <summary><c>fcml models compare</c>: in what two models' studies differ, and how their evaluations do.</summary>
internal static class CompareVerb
{
    private static readonly (string Name, Func<ClassifierMetrics, string> Of)[] s_scores =
    [
        ("test rows", metrics => string.Create(CultureInfo.InvariantCulture, $"{metrics.Positives} positive, {metrics.Negatives} negative")), ("AUROC", metrics => ClassifierMetrics.Text(metrics.Auroc)), ("AUPRC", metrics => ClassifierMetrics.Text(metrics.Auprc)),
        ("Brier score", metrics => ClassifierMetrics.Text(metrics.Brier)), ("calibration slope", metrics => ClassifierMetrics.Text(metrics.CalibrationSlope)), ("calibration intercept", metrics => ClassifierMetrics.Text(metrics.CalibrationIntercept)),
    ];

    private static readonly (string Name, Func<RegressionMetrics, string> Of)[] s_errors =
    [
        ("test rows", metrics => string.Create(CultureInfo.InvariantCulture, $"{metrics.Rows}")), ("mean absolute error", metrics => RegressionMetrics.Text(metrics.MeanAbsoluteError?.Value)),
        ("root mean squared error", metrics => RegressionMetrics.Text(metrics.RootMeanSquaredError?.Value)), ("R²", metrics => ClassifierMetrics.Text(metrics.RSquared?.Value)), ("bias", metrics => RegressionMetrics.Text(metrics.Bias?.Value)),
    ];

    public static Verb Create(TimeProvider time)
    {
        var (before, after) = (new Argument<string>("before") { Description = "A model: digest, prefix of it, run, or the folder of an exported one." }, new Argument<string>("after") { Description = "The other." });
        return new Verb("compare", "Compare two models: what changed in their studies, and how they are evaluated.", "fcml models compare 3f2a91 77c0de", "fcml models compare heart-1.0.0/ heart-1.1.0/") { before, after }.Does(async (parsed, terminal, cancel) =>
        {
            var scratch = Directory.CreateTempSubdirectory("fcml-compare-").FullName;
            try
            {
                var (first, second) = (await ReadAsync("before", parsed.GetRequiredValue(before)), await ReadAsync("after", parsed.GetRequiredValue(after)));
                Show(first, second, terminal);
                return ExitCode.Success;

                async Task<ModelFacts> ReadAsync(string name, string word)
                {
                    if (Directory.Exists(word))
                    {
                        var exported = ModelFiles.Check(new DirectoryInfo(word), fingerprint: null);
                        ModelFiles.Insist(exported, word, terminal);
                        return ModelFacts.Of(exported, new FileDisk(Path.GetFullPath(word)));
                    }

                    using var connection = Connection.Open(parsed, time);
                    var model = await ModelsCommand.RegisteredAsync(connection, word, cancel);
                    var folder = Path.Combine(scratch, name);
                    await ModelFiles.FetchEntryAsync(connection, model.Summary, folder, cancel);
                    var check = ModelFiles.Check(folder, model);
                    ModelFiles.Insist(check, word, terminal);
                    return ModelFacts.Of(check, new FileDisk(folder));
                }
            }
            finally
            {
                Directory.Delete(scratch, recursive: true);
            }
        });
    }

    private static void Show(ModelFacts before, ModelFacts after, Terminal terminal)
    {
        var changes = StudyDiff.Between(before.Study, after.Study);
        terminal.Say(changes.IsEmpty ? "Their studies are the same." : "Their studies differ:");
        foreach (var change in changes)
            terminal.Say($"  {VersionProposal.PartOf(change.Path).ToString().ToLowerInvariant(),-6}{change.ToString().EscapeMarkup()}");
        terminal.Say(before.Entry.Parameters == after.Entry.Parameters ? "Their parameters are the same." : "Their parameters differ.");
        if (before.Study.Data.Label.Number is null || after.Study.Data.Label.Number is null)
            terminal.Show(TableOf(before, after, s_scores, facts => ClassifierMetrics.Of(facts.Evaluation?.Histogram)));
        if (before.Study.Data.Label.Number is not null || after.Study.Data.Label.Number is not null)
            terminal.Show(TableOf(before, after, s_errors, facts => RegressionMetrics.Of(facts.Evaluation?.Number?.Errors)));
        foreach (var (model, facts) in (IEnumerable<(string, ModelFacts)>)[(before.Entry.Digest.Short, before), (after.Entry.Digest.Short, after)])
        {
            foreach (var (feature, words) in SubgroupTables.Lines(facts.Study, facts.Evaluation))
                terminal.Say($"{model} by {feature.EscapeMarkup()}: {words.EscapeMarkup()}");
        }

        var decision = ModelGates.Pooled(after, before);
        terminal.Say($"Were the first in production: {decision.Words.EscapeMarkup()}.");
        terminal.Emit("comparison", new
        {
            before = before.Entry.Digest.ToString(), after = after.Entry.Digest.ToString(), changes = changes.Select(change => new { change.Path, change.Before, change.After, part = VersionProposal.PartOf(change.Path).ToString().ToLowerInvariant() }),
            sameParameters = before.Entry.Parameters == after.Entry.Parameters, metrics = new { before = JsonOf(before), after = JsonOf(after) },
            subgroups = new { before = SubgroupTables.Json(before.Study, before.Evaluation), after = SubgroupTables.Json(after.Study, after.Evaluation) }, notWorse = decision.IsPassed, decision.Words,
        });
    }

    private static Table TableOf<T>(ModelFacts before, ModelFacts after, (string Name, Func<T, string> Of)[] figures, Func<ModelFacts, T> metrics)
    {
        var table = new Table().AddColumns("pooled from sums", before.Entry.Digest.Short, after.Entry.Digest.Short);
        foreach (var (name, of) in figures)
            table.AddRow(name, of(metrics(before)), of(metrics(after)));
        return table;
    }

    private static JsonObject JsonOf(ModelFacts facts) =>
        facts.Study.Data.Label.Number is null ? ClassifierMetrics.Of(facts.Evaluation?.Histogram).ToJson() : RegressionMetrics.Of(facts.Evaluation?.Number?.Errors).ToJson();
}
