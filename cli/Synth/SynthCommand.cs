using System.CommandLine;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Synth;

/// <summary><c>fcml synth</c>: makes hospitals of nobody's patients, with a known risk, as FHIR, OMOP or CSV.</summary>
internal static class SynthCommand
{
    public static Command Create()
    {
        var sites = Number("--sites", "How many hospitals.", 4, 1, SynthOptions.MaximumSites);
        var patients = Number("--patients", "How many patients each hospital has.", 2000, 1, SynthOptions.MaximumPatients);
        var seed = new Option<long>("--seed") { Description = "Seed of everything: the same seed gives the same bytes.", DefaultValueFactory = _ => 1 };
        var format = new Option<SynthFormat>("--format") { Description = "fhir, omop or csv: the same patients in each.", DefaultValueFactory = _ => SynthFormat.Fhir };
        var folder = new Option<DirectoryInfo>("--out") { Description = "Folder that is made; it must be empty or not there.", Required = true };
        var gzip = new Option<bool>("--gzip") { Description = "Compress the data files." };
        var faulty = Number("--faulty-site", "Number of the hospital with planted faults, 0: none (default: the last but one).", null, 0, SynthOptions.MaximumSites);
        var drift = Number("--drift-site", "Number of the hospital with drift from 2018 on, 0: none (default: the last).", null, 0, SynthOptions.MaximumSites);
        return new Verb(
            "synth",
            "Make synthetic hospitals: nobody's patients, with a known risk, planted faults and planted drift.",
            "fcml synth --out hospitals",
            "fcml synth --sites 4 --patients 2000 --seed 1 --format omop --out hospitals --gzip")
        {
            sites, patients, seed, format, folder, gzip, faulty, drift,
        }.Does((parsed, terminal, cancel) => Task.FromResult(Run(
            new SynthOptions(
                parsed.GetValue(sites)!.Value, parsed.GetValue(patients)!.Value, parsed.GetValue(seed), parsed.GetValue(format), parsed.GetValue(gzip),
                parsed.GetValue(faulty) ?? parsed.GetValue(sites)!.Value - 1, parsed.GetValue(drift) ?? parsed.GetValue(sites)!.Value),
            parsed.GetRequiredValue(folder), terminal, cancel)));
    }

    private static ExitCode Run(SynthOptions options, DirectoryInfo folder, Terminal terminal, CancellationToken cancel)
    {
        foreach (var (option, site) in (IEnumerable<(string, int)>)[("--faulty-site", options.FaultySite), ("--drift-site", options.DriftSite)])
        {
            if (site > options.Sites)
                throw new CliException(ExitCode.Usage, $"{option} {site} is not one of the {options.Sites} hospitals; name one of them, or 0 for none.");
        }

        if (folder.Exists && folder.EnumerateFileSystemInfos().Any())
            throw new CliException(ExitCode.Usage, $"The folder {folder.FullName} is not empty; name another with --out, so that nothing of it is mixed up with what is made.");
        folder.Create();
        var made = SynthRun.Run(options, folder.FullName, cancel);
        var table = new Table().AddColumns("hospital", "patients", "records", "stays", "outcome", "best AUROC");
        foreach (var site in made)
        {
            var best = BestAuroc.Of(site.Rows);
            var share = best.Rows == 0 ? "" : $"{(double)best.Positives / best.Rows:P1}";
            table.AddRow(site.Hospital.Name, $"{site.Patients}", $"{site.Events}", $"{best.Rows}", share, Figures.Text(best.Drawn));
            terminal.Emit("site", new
            {
                site = site.Hospital.Name, site.Patients, records = site.Events, best.Rows, best.Positives, bestAuroc = best.Drawn?.Value, expectedBestAuroc = best.Expected,
            });
        }

        terminal.Show(table);
        terminal.Say($"Written to {folder.FullName.EscapeMarkup()}; what is known of it is in [bold]truth.json[/] and [bold]planted.json[/] there.");
        return ExitCode.Success;
    }

    private static Option<int?> Number(string name, string description, int? usual, int least, int most)
    {
        var option = new Option<int?>(name) { Description = description, DefaultValueFactory = _ => usual };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && (!int.TryParse(token.Value, out var number) || number < least || number > most))
                result.AddError($"{name} must be a whole number from {least} to {most}.");
        });
        return option;
    }
}
