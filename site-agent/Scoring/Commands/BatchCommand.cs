using System.CommandLine;
using System.Text;
using FederatedClinicalMl.Durability;
using Microsoft.Extensions.Logging.Abstractions;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary><c>site-scoring batch</c>: scores CSV files, with the program running beside it or not.</summary>
internal static class BatchCommand
{
    public static Command Create()
    {
        var (data, line) = (CommandLine.Data(), new Argument<string>("line") { Description = "The model's name." });
        var input = new Option<string>("--in") { Description = "A CSV file, or a folder whose *.csv are read in the order of their names.", Required = true };
        var output = new Option<string>("--out") { Description = "The file to write: patient,score,version,prediction-id, with prediction in the place of score where a number is predicted. It is PHI: for your account alone.", Required = true };
        var patient = new Option<string>("--patient") { Description = "The column of the patient's pseudonym.", DefaultValueFactory = _ => "patient" };
        var missing = new Option<string[]>("--missing") { Description = "A text that stands for a missing value, besides the empty one; may be given several times." };
        var command = new Command("batch", "Scores the rows of CSV files.") { line, input, output, patient, missing, data };
        command.SetAction(parsed =>
        {
            var folder = CommandLine.Folder(parsed, data);
            var configuration = ScoringConfiguration.ReadFile(folder.Configuration);
            var (serving, own) = (new FileDisk(configuration.Serving), new FileDisk(folder.Root, ownerOnly: true));
            using var shelf = new ServingShelf(configuration, serving, new WithdrawalStore(serving, own, isReader: true), OnnxSession.Open, TimeProvider.System, NullLogger.Instance);
            shelf.Prepare();
            shelf.Refresh();
            if (shelf.Fault is { } fault)
                throw new ScoringSetupException(fault);
            var served = shelf.Lines.GetValueOrDefault(parsed.GetRequiredValue(line)) ?? throw new ScoringSetupException($"There is no such model at this site. There are: {string.Join(", ", shelf.Lines.Keys.Order(StringComparer.Ordinal))}.");
            if (served.WhyNot() is { } reason)
            {
                Console.Error.WriteLine(reason.Text);
                return CommandLine.Refused;
            }

            using var log = new BatchLog(own, ScoringKey.Open(folder, KeyFile.Credentials), TimeProvider.System.GetUtcNow());
            var (rows, scored) = Run(served, log, parsed.GetRequiredValue(input), parsed.GetRequiredValue(output), parsed.GetRequiredValue(patient), parsed.GetValue(missing) ?? []);
            Console.WriteLine($"{rows} rows, {scored} with a score");
            return CommandLine.Done;
        });
        return command;
    }

    // The file is there whole or not at all, and only once what it says is logged.
    private static (long Rows, long Scored) Run(ServingLine line, BatchLog log, string input, string output, string patient, string[] missing)
    {
        var files = Directory.Exists(input) ? [.. Directory.GetFiles(input, "*.csv").Order(StringComparer.Ordinal)] : new[] { input };
        if (files.Length == 0)
            throw new ScoringSetupException($"'{input}' holds no *.csv.");
        var temporary = output + DurableFile.TemporarySuffix;
        var scorer = new BatchScorer(line, missing, log, TimeProvider.System);
        var (rows, scored) = (0L, 0L);
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, BufferSize = 1 << 20 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var target = new FileStream(temporary, options))
        {
            target.Write(Encoding.UTF8.GetBytes(scorer.Header + "\n"));
            foreach (var file in files)
            {
                using var source = new FileStream(file, new FileStreamOptions { BufferSize = 0 });
                var (here, with) = scorer.Score(source, Path.GetFileName(file), patient, target);
                (rows, scored) = (rows + here, scored + with);
            }

            target.Flush(flushToDisk: true);
        }

        log.End();
        File.Move(temporary, output, overwrite: true);
        return (rows, scored);
    }
}
