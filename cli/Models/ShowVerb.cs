using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Cli.Connections;
using FederatedClinicalMl.Cli.Studies;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Models;

/// <summary><c>fcml models show</c>: a model's files, its sites' own metrics and its manifest: what made it, from which data, with whom.</summary>
internal static class ShowVerb
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static Verb Create(TimeProvider time)
    {
        var name = ModelsCommand.ModelArgument();
        return new Verb("show", "Show a model's files, its sites' own metrics, its metrics by subgroup and its lineage.", "fcml models show 3f2a91") { name }.Does(async (parsed, terminal, cancel) =>
        {
            using var connection = Connection.Open(parsed, time);
            var model = await ModelsCommand.ResolveAsync(connection, parsed.GetRequiredValue(name), cancel);
            var manifest = JsonNode.Parse(Encoding.UTF8.GetString(await ModelFiles.FetchAsync(connection, model.Digest, "manifest.json", cancel)));
            var table = new Table().AddColumns("file", "bytes", "SHA-256");
            foreach (var file in model.Files)
                table.AddRow(file.Name.EscapeMarkup(), file.Length.ToString("N0"), file.Digest);
            terminal.Say($"Model [bold]{model.Digest}[/] of study {model.Name.EscapeMarkup()}, run {model.Run}");
            terminal.Show(table);
            var siteMetrics = model.Files.FirstOrDefault(file => file.Name == ModelFileNames.SiteMetrics) is { } told
                ? await ModelFiles.FetchVerifiedAsync(connection, model, told, cancel)
                : null;
            if (siteMetrics is not null)
                terminal.Show(SiteMetricsTable.Of(SiteMetrics.Read(siteMetrics)));
            var evaluated = await EvaluationAsync(connection, model, cancel);
            if (evaluated is { Study: var study, Evaluation: var evaluation })
                SubgroupTables.Show(study, evaluation, terminal);
            terminal.Say(manifest!.ToJsonString(Indented).EscapeMarkup());
            terminal.Emit("model", new { model.Digest, model.Name, model.Run, model.StudyDigest, files = model.Files.Select(file => new { file.Name, file.Digest, file.Length }), siteMetrics = siteMetrics is null ? null : JsonNode.Parse(siteMetrics), subgroups = evaluated is { } of ? SubgroupTables.Json(of.Study, of.Evaluation) : [], manifest });
            return ExitCode.Success;
        });
    }

    private static async Task<(Study Study, EvaluationReport Evaluation)?> EvaluationAsync(Connection connection, ModelSummary model, CancellationToken cancel)
    {
        if (model.Files.FirstOrDefault(file => file.Name == ModelFileNames.Metrics) is not { } metrics)
            return null;
        var study = StudyChecker.CheckCanonical(await ModelFiles.FetchVerifiedAsync(connection, model, model.Files.First(file => file.Name == ModelFileNames.Study), cancel)).Study
            ?? throw new CliException(ExitCode.NotVerified, $"The study of model {model.Digest} cannot be read; 'fcml models verify' says why.");
        return (study, ModelRegistry.ReadMetrics(await ModelFiles.FetchVerifiedAsync(connection, model, metrics, cancel)));
    }
}
