using System.Collections.Immutable;
using System.CommandLine;
using System.Text;
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
    private const string Html = ".html";
    private const string Markdown = ".md";

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
            {
                var check = ModelFiles.Check(exported, parsed.GetValue(key));
                ModelFiles.Insist(check, exported.FullName, terminal);
                return await WriteAsync(check, OfEntry(check, exported.FullName, of));
            }

            using var connection = Connection.Open(parsed, time);
            var model = await ModelsCommand.RegisteredAsync(connection, parsed.GetRequiredValue(name)!, cancel);
            var scratch = Directory.CreateTempSubdirectory("fcml-card-").FullName;
            try
            {
                await ModelFiles.FetchEntryAsync(connection, model.Summary, scratch, cancel);
                var check = ModelFiles.Check(scratch, model);
                ModelFiles.Insist(check, scratch, terminal);
                return await WriteAsync(check, name => ModelFiles.FetchAsync(connection, model.Summary.Digest, name, cancel)); // the coordinator knows more than the entry
            }
            finally
            {
                Directory.Delete(scratch, recursive: true);
            }

            async Task<ExitCode> WriteAsync(ModelCheck check, Func<string, Task<byte[]>> write)
            {
                var files = new[] { (File: parsed.GetValue(html), Name: document + Html), (File: parsed.GetValue(markdown), Name: document + Markdown) };
                foreach (var (file, name) in files.Where(file => file.File is not null))
                {
                    await File.WriteAllBytesAsync(file!.FullName, await write(name), cancel);
                    terminal.Say(file.FullName.EscapeMarkup());
                }

                if (files.All(file => file.File is null))
                    terminal.Say(Encoding.UTF8.GetString(await write(document + Markdown)).EscapeMarkup());
                terminal.Emit(document, new { model = check.Model.ToString(), files = files.Select(file => file.File?.FullName).Where(path => path is not null) });
                return ExitCode.Success;
            }
        });
    }

    /// <summary>A document of an entry alone, by the name of the file: of an exported one nothing else is known.</summary>
    public static Func<string, Task<byte[]>> OfEntry(ModelCheck check, string entry, Func<ModelFacts, ImmutableArray<RecordedRound>, VerifyingKey, (ModelVersion Version, string Stage)?, Card> of)
    {
        var card = of(ModelFacts.Of(check, new FileDisk(entry)), check.Rounds, check.Key!, null);
        return name => Task.FromResult(Encoding.UTF8.GetBytes(name.EndsWith(Html, StringComparison.Ordinal) ? CardWriter.Html(card) : CardWriter.Markdown(card)));
    }

    /// <summary>The version of a model and its stage; null where it has none.</summary>
    public static async Task<(ModelVersion Version, string Stage)?> VersionAsync(Connection connection, string model, CancellationToken cancel)
    {
        var lines = await connection.AskAsync(connection.Stages.ListLinesAsync(new ListLinesRequest(), cancellationToken: cancel), cancel);
        return lines.Lines.SelectMany(line => line.Versions).FirstOrDefault(version => version.Model == model) is { } known ? (ModelVersion.Parse(known.Version), known.Stage) : null;
    }
}
