using System.Collections.Immutable;
using System.CommandLine;
using FederatedClinicalMl.Cli.Connections;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Models;

/// <summary><c>fcml models card</c> and <c>report</c>: documents about a model, from its verified entry.</summary>
internal static class CardVerb
{
    public static Verb Create(TimeProvider time) => Create(
        time, "card", "Write a model's card: what it is, what it is for, how it was trained, how good it is, and what is not known. Everything in it is generated.", ModelCard.Of,
        "fcml models card 3f2a91 --html card.html", "fcml models card --folder heart-model --markdown card.md");

    public static Verb CreateReport(TimeProvider time) => Create(
        time, "report", "Write a model's reproducibility report: the items of DOME and of the NeurIPS checklist, answered where the system knows the answer.", ReproducibilityReport.Of,
        "fcml models report 3f2a91 --html report.html", "fcml models report --folder heart-model");

    private static Verb Create(
        TimeProvider time, string document, string description, Func<ModelFacts, ImmutableArray<RecordedRound>, VerifyingKey, (ModelVersion Version, string Stage)?, Card> of, params IEnumerable<string> examples)
    {
        var name = ModelsCommand.ModelArgument();
        name.Arity = ArgumentArity.ZeroOrOne;
        var (folder, key) = (VerifyVerb.FolderOption(), VerifyVerb.KeyOption());
        var html = new Option<FileInfo?>("--html") { Description = "Write it as one HTML file that needs nothing else." };
        var markdown = new Option<FileInfo?>("--markdown") { Description = "Write it as Markdown; without --html and --markdown it is printed so." };
        var verb = new Verb(document, description, examples)
        {
            name, folder, key, html, markdown,
        };
        ModelsCommand.NeedsOne(verb, name, folder);
        return verb.Does(async (parsed, terminal, cancel) =>
        {
            if (parsed.GetValue(folder) is { } exported)
                return await WriteAsync(ModelFiles.Check(exported, parsed.GetValue(key)), exported.FullName, version: null);
            using var connection = Connection.Open(parsed, time);
            var model = await ModelsCommand.RegisteredAsync(connection, parsed.GetRequiredValue(name)!, cancel);
            var version = await VersionAsync(connection, model.Summary.Digest, cancel);
            var scratch = Directory.CreateTempSubdirectory("fcml-card-").FullName;
            try
            {
                await ModelFiles.FetchEntryAsync(connection, model.Summary, scratch, cancel);
                return await WriteAsync(ModelFiles.Check(scratch, model), scratch, version);
            }
            finally
            {
                Directory.Delete(scratch, recursive: true);
            }

            async Task<ExitCode> WriteAsync(ModelCheck check, string entry, (ModelVersion Version, string Stage)? version)
            {
                ModelFiles.Insist(check, entry, terminal);
                var card = of(ModelFacts.Of(check, new FileDisk(entry)), check.Rounds, check.Key!, version);
                var files = new[] { (File: parsed.GetValue(html), Write: (Func<Card, string>)CardWriter.Html), (File: parsed.GetValue(markdown), Write: CardWriter.Markdown) };
                foreach (var (file, write) in files.Where(file => file.File is not null))
                {
                    await File.WriteAllTextAsync(file!.FullName, write(card), cancel);
                    terminal.Say(file.FullName.EscapeMarkup());
                }

                if (files.All(file => file.File is null))
                    terminal.Say(CardWriter.Markdown(card).EscapeMarkup());
                terminal.Emit(document, new { model = check.Model.ToString(), card.Title, files = files.Select(file => file.File?.FullName).Where(path => path is not null) });
                return ExitCode.Success;
            }
        });
    }

    /// <summary>The version of a model and its stage; null where it has none.</summary>
    public static async Task<(ModelVersion Version, string Stage)?> VersionAsync(Connection connection, string model, CancellationToken cancel)
    {
        var lines = await connection.AskAsync(connection.Stages.ListLinesAsync(new ListLinesRequest(), cancellationToken: cancel), cancel);
        return lines.Lines.SelectMany(line => line.Versions).FirstOrDefault(version => version.Model == model) is { } known ? (ModelVersion.Parse(known.Version), known.Stage) : null;
    }
}
