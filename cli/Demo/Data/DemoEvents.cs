using FederatedClinicalMl.Cli.Demo.Splitting;
using FederatedClinicalMl.Cli.Launching;
using FederatedClinicalMl.Cli.Synth;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Protos.Steward;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Demo;

/// <summary>
/// An export of events at each hospital, in <c>HOSPITAL/data</c>: each worker imports its own into its store, and the demo reads the stores, which it may
/// because it runs under the workers' account.
/// </summary>
internal sealed class DemoEvents : IDemoData
{
    private const long Seed = 1;

    private static readonly string[] s_knownAtOnce = ["condition_occurrence", "drug_exposure", "procedure_occurrence"];

    private readonly string _folder;
    private readonly string _format;
    private readonly TimeProvider _time;

    private DemoEvents(string folder, string format, TimeProvider time) => (_folder, _format, _time) = (folder, format, time);

    /// <summary>The hospitals' names.</summary>
    public static IReadOnlyList<string> Sites { get; } = ["site-1", "site-2", "site-3", "site-4"];

    /// <inheritdoc/>
    public required string Source { get; init; }

    /// <inheritdoc/>
    public required string Study { get; init; }

    /// <inheritdoc/>
    public bool IsEvents => true;

    /// <inheritdoc/>
    public BestReachable? Best { get; private init; }

    /// <summary>Keys of the map of datasets besides path and format: lines with their indentation, or empty.</summary>
    private string Declared { get; init; } = "";

    /// <summary>The export that was divided; null: the data are made.</summary>
    private string? Export { get; init; }

    /// <summary>What is declared of records whose encounter is not there.</summary>
    private string RuleWithoutEncounter { get; init; } = "they are kept without it";

    /// <summary>Makes four hospitals.</summary>
    public static DemoEvents Synthetic(int patients, string folder, TimeProvider time, CancellationToken cancel)
    {
        // The last but one has planted faults, and the last drifts: as 'fcml synth' has it.
        var made = SynthRun.Run(
            new SynthOptions(Sites.Count, patients, Seed, SynthFormat.Fhir, Gzip: false, FaultySite: Sites.Count - 1, DriftSite: Sites.Count), folder, cancel);
        return new DemoEvents(folder, "fhir", time)
        {
            Source = $"{made.Sum(site => site.Patients)} made-up patients of {made.Count} hospitals as FHIR (fcml synth, seed {Seed}); for data of your own give --data FOLDER",
            Study = "synthetic-hospitals.yaml",
            Best = BestReachable.Read(Path.Combine(folder, "truth.json")),
        };
    }

    /// <summary>Divides an export among the hospitals; null where the folder holds none.</summary>
    public static DemoEvents? Divide(string export, string folder, TimeProvider time, CancellationToken cancel) =>
        FhirSplit.IsIn(export) ? OfFhir(export, folder, time, cancel) : OmopSplit.IsIn(export) ? OfOmop(export, folder, time, cancel) : null;

    private static DemoEvents OfFhir(string export, string folder, TimeProvider time, CancellationToken cancel)
    {
        var split = FhirSplit.Run(export, Folders(folder), cancel);
        return new DemoEvents(folder, "fhir", time)
        {
            Source = $"FHIR export in {export}, {split.Patients} patients divided among {Sites.Count} hospitals. " + (split.ByOrganisation
                ? $"A patient belongs to the organisation with most of their encounters, and it to site 1 + (SHA-256 of its id mod {Sites.Count}); without encounters Patient.id decides. "
                + $"{split.SeenElsewhere} patients were seen at organisations of more than one site: all that is known of each is at one."
                : $"Its organisations are too few for {Sites.Count} hospitals: a patient belongs to site 1 + (SHA-256 of Patient.id mod {Sites.Count})."),
            Study = "synthea-cardiovascular.yaml",
            Export = export,
        };
    }

    private static DemoEvents OfOmop(string database, string folder, TimeProvider time, CancellationToken cancel)
    {
        var split = OmopSplit.Run(database, Folders(folder), cancel);
        return new DemoEvents(folder, "omop", time)
        {
            Source = $"OMOP tables in {database}, {split.Persons} persons divided among {Sites.Count} hospitals: a person belongs to site 1 + (SHA-256 of person_id mod {Sites.Count}). "
                + $"At every hospital: {Names(split.Copied)}. At none, since rows may be about persons whom they do not name: {Names(split.LeftOut)}.",
            Study = "gibleed-haemorrhage.yaml",
            Export = database,
            Declared = $"    availability:\n{string.Concat(s_knownAtOnce.Select(table => $"      {table}: 0h\n"))}",
            RuleWithoutEncounter = $"the demo declares that {string.Join(", ", s_knownAtOnce)} are known when they happen (0h), so these need no visit; other tables' rows are known at their visit's end, and without a visit to no feature",
        };

        static string Names(IReadOnlyList<string> files) => files.Count == 0 ? "none" : string.Join(", ", files.Select(file => file[..file.IndexOf('.', StringComparison.Ordinal)]));
    }

    /// <inheritdoc/>
    public IReadOnlyList<LocalSiteSettings> Settings(Study study) => [.. Sites.Select(site =>
    {
        var mapping = Path.Combine(_folder, site, "mapping.yaml");
        return new LocalSiteSettings(site, $"""
            datasets:
              {study.Data.Dataset}:
                path: {Quoted(Path.Combine(_folder, site, "data"))}
                format: {_format}
                time-zone: UTC
            {(File.Exists(mapping) ? $"    mapping: {Quoted(mapping)}\n" : "")}{Declared}
            """);
    })];

    /// <inheritdoc/>
    public async Task ImportAsync(LocalFederation federation, Study study, Terminal terminal, CancellationToken cancel)
    {
        var imports = await Task.WhenAll(federation.Sites.Select(async site =>
        {
            await site.ApproveMappingAsync(study.Data.Dataset, cancel);
            return (site, import: await site.ImportAsync(study.Data.Dataset, cancel));
        }));
        var reports = Directory.CreateDirectory(Path.Combine(federation.Folder, "reports")).FullName;
        var table = new Table { Title = new TableTitle("what each hospital's worker imported") }.AddColumns("hospital", "patients", "events", "refused", "noted");
        foreach (var (site, import) in imports)
        {
            var report = Path.Combine(reports, $"{site.Name}-faults.csv");
            await File.WriteAllTextAsync(report, Stores(site).Events.Faults(study.Data.Dataset, (int)import.Number), cancel);
            table.AddRow(site.Name, $"{import.Patients}", $"{import.Events}", Lines(import.Refused), Lines(import.Notes));
            terminal.Emit("import", new { site = site.Name, import.Patients, import.Events, refused = import.Refused, notes = import.Notes, report });
        }

        terminal.Show(table);
        terminal.Say($"Each refused or noted record by file and line: {reports.EscapeMarkup()} ('site-worker data faults' prints the same)");
        var dangling = imports.SelectMany(one => one.import.Notes).Where(note => note.What == RecordNote.EncounterUnknown.Sentence()).Sum(note => (long)note.Count);
        if (dangling > 0)
            terminal.Say($"{dangling} records refer to an encounter that nothing describes: {RuleWithoutEncounter}");
    }

    /// <inheritdoc/>
    public Cohort Read(LocalSite site, Study study, CancellationToken cancel)
    {
        try
        {
            // With the steward's decisions, and without those who opted out: as the worker sees it.
            var (events, optedOut) = Stores(site);
            return ClinicalCohort.Of(study.Data, events.Open(study.Data.Dataset), optedOut.Contains, cancel).Cohort;
        }
        catch (DatasetException fault)
        {
            throw new CliException(ExitCode.InvalidInput, $"{site.Name}: {fault.Message}", fault);
        }
    }

    /// <inheritdoc/>
    public IEnumerable<string> Next(string study) =>
    [
        $"fcml simulate {study} --data {Export ?? _folder}   # the same in one process: change the study first",
        $"fcml demo{(Export is null ? "" : $" --data {Export}")} --study {study}   # and then all of it again",
    ];

    private static List<string> Folders(string folder) => [.. Sites.Select(site => Directory.CreateDirectory(Path.Combine(folder, site, "data")).FullName)];

    private (SiteEvents Events, ExclusionList OptedOut) Stores(LocalSite site)
    {
        var folder = new WorkerFolder(site.WorkerFolder);
        var identity = folder.Open(WorkerConfiguration.ReadFile(folder.Configuration), "fcml demo");
        using var key = identity.Key; // nothing is signed here
        var state = ChainedLog.Read(new FileDisk(folder.Root), WorkerCore.LogPath, key.PublicKey).Aggregate(WorkerState.Empty, (state, entry) => state.Apply(entry));
        return (
            new SiteEvents(folder, () => DatasetMap.ReadFile(folder.Datasets), identity.Secret, StoreKey.Open(folder, credentials: null), _time,
                dataset => state.Decisions.GetValueOrDefault(dataset, DecisionMark.None), state.Approves),
            new ExclusionList(identity.Secret, state.Exclusions));
    }

    private static string Lines(IEnumerable<DataCount> counts) => string.Join('\n', counts.Select(count => $"{count.Count} {count.What}".EscapeMarkup()));

    private static string Quoted(string path) => $"'{path.Replace("'", "''", StringComparison.Ordinal)}'";
}
