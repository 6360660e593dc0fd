using System.Collections.Immutable;
using System.Security.Cryptography;
using FederatedClinicalMl.Cli.Demo;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Simulation;

/// <summary>
/// The sites' exports of events in one folder: for each site a folder with a map of datasets, as its steward would write it and <c>fcml synth</c> does; or one export
/// that is divided among four sites, as the demo does. Each site's is imported into a store of its own, sealed under a key that nobody keeps.
/// </summary>
/// <param name="scratch">A folder for the stores; it holds patients' events and is removed with the command.</param>
/// <param name="time">When imports are made.</param>
internal sealed class SiteExports(string scratch, TimeProvider time)
{
    /// <summary>Name of a site's map of datasets.</summary>
    public const string MapFile = "datasets.yaml";

    private const string Needs = $"for a study over events each site needs a folder SITE with a {MapFile}, as 'fcml synth' writes, or the folder is itself a FHIR bulk export or OMOP tables, which are divided among site-1 to site-4";

    private readonly StoreKey _key = new(RandomNumberGenerator.GetBytes(SealedDisk.KeyLength));

    /// <summary>Imports what a study asks for, and shows what came of it.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="study">Names the sites; where it does not, whatever sites the folder has.</param>
    /// <param name="terminal">Where the table goes.</param>
    /// <param name="cancel">Stops.</param>
    /// <exception cref="CliException">A site has no export, or one that cannot be imported.</exception>
    public ImmutableSortedDictionary<SiteId, SiteRows> Import(string folder, Study study, Terminal terminal, CancellationToken cancel)
    {
        var maps = Maps(folder, study, terminal, cancel);
        var table = new Table { Title = new TableTitle("what each site imported") }.AddColumns("site", "patients", "events", "refused", "training rows", "test rows", "fingerprint");
        var sites = ImmutableSortedDictionary.CreateBuilder<SiteId, SiteRows>();
        var keptOut = new List<string>();
        foreach (var (site, map) in SiteFiles.Wanted(maps, study, folder, Needs))
        {
            var secret = SiteRows.SecretOf(site);
            var events = new SiteEvents(new WorkerFolder(Path.Combine(scratch, "stores", site.Value)), () => map, secret, _key, time, _ => DecisionMark.None, (_, _) => true);
            var import = Insist(site, () => events.Import(study.Data.Dataset, SimulatedFederation.OpenPolicy.Policy!.MaximumFaultyRows, cancel));
            var rows = sites[site] = new SiteRows(new CohortCache(() => map, events.Open, secret), secret);
            var (counts, fingerprint) = (rows.Read(study).Cohort.Counts, rows.Read(study).Fingerprint);
            var why = rows.KeptOut(study);
            if (why is not null)
                keptOut.Add($"[yellow]{site} takes no part[/]: {why.EscapeMarkup()}");
            table.AddRow(site.Value, $"{import.Patients}", $"{import.Events}", $"{import.Counts.AllRefused}", $"{counts.Training}", $"{counts.Test}", fingerprint.Short);
            terminal.Emit("import", new
            {
                site = site.Value, import.Patients, import.Events, refused = import.Counts.AllRefused, training = counts.Training, test = counts.Test, fingerprint = fingerprint.ToString(), keptOut = why,
            });
        }

        terminal.Show(table);
        foreach (var sentence in keptOut)
            terminal.Say(sentence);
        return sites.ToImmutable();
    }

    private Dictionary<SiteId, DatasetMap> Maps(string folder, Study study, Terminal terminal, CancellationToken cancel)
    {
        if (DemoEvents.Divide(folder, Path.Combine(scratch, "divided"), time, cancel) is { } divided)
        {
            terminal.Say(divided.Source.EscapeMarkup());
            return divided.Settings(study).ToDictionary(site => SiteId.Parse(site.Name), site => DatasetMap.Read(site.Datasets, scratch));
        }

        var maps = new Dictionary<SiteId, DatasetMap>();
        foreach (var path in Directory.EnumerateDirectories(folder).Select(inner => Path.Combine(inner, MapFile)).Where(File.Exists))
        {
            if (!SiteId.TryParse(Path.GetFileName(Path.GetDirectoryName(path)), out var site))
                continue;
            var map = maps[site] = DatasetMap.ReadFile(path);
            if (!map.Faults.IsEmpty)
                throw new CliException(ExitCode.InvalidInput, $"{path}:{map.Faults[0]}");
        }

        return maps;
    }

    private static T Insist<T>(SiteId site, Func<T> import)
    {
        try
        {
            return import();
        }
        catch (DatasetException fault)
        {
            throw new CliException(ExitCode.InvalidInput, $"{site}: {fault.Message}", fault);
        }
    }
}
