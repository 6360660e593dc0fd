namespace FederatedClinicalMl.Cli.Demo.Splitting;

/// <summary>
/// One FHIR bulk export divided into sites. A patient belongs to the organisation that gave most of their encounters (of several the ordinally least id), and it to a
/// site by <see cref="SiteHash"/>; one without such an encounter by the hash of the patient's own id. Where that would leave a site without anybody, as in one hospital's
/// export, the patients' own ids decide of all. Everything that refers to a patient goes where they do.
/// </summary>
/// <param name="ByOrganisation">Whether organisations decided.</param>
/// <param name="Patients">How many patients there are.</param>
/// <param name="SeenElsewhere">How many of them were seen at organisations of more than one site.</param>
/// <param name="Records">How many lines each site got that no other did.</param>
/// <param name="Shared">How many lines are of no patient, and at every site.</param>
/// <param name="LeftOut">How many lines are at none: they name no patient, and are of a type that may be about patients.</param>
internal sealed record FhirSplit(bool ByOrganisation, int Patients, int SeenElsewhere, IReadOnlyList<long> Records, long Shared, long LeftOut)
{
    private static readonly string[] s_endings = [".ndjson", ".ndjson.gz"];
    private static readonly string[] s_shared = ["HealthcareService", "Location", "Medication", "Organization", "Practitioner", "PractitionerRole"];

    /// <summary>Whether a folder holds an export.</summary>
    public static bool IsIn(string folder) => Files(folder).Any();

    /// <summary>Divides an export.</summary>
    /// <param name="from">Its folder.</param>
    /// <param name="sites">A folder for each site, which is there.</param>
    /// <param name="cancel">Stops.</param>
    /// <exception cref="CliException">A file cannot be read.</exception>
    public static FhirSplit Run(string from, IReadOnlyList<string> sites, CancellationToken cancel)
    {
        var (homes, seenElsewhere) = Homes(from, sites.Count, cancel);
        var (patients, records, shared, leftOut) = (0, new long[sites.Count], 0L, 0L);
        foreach (var path in Files(from))
        {
            using var lines = new LineReader(path, quoted: false);
            using var file = new SplitFile(Path.GetFileName(path), sites);
            while (lines.TryNext(out var line))
            {
                cancel.ThrowIfCancellationRequested();
                if (!line.ContainsAnyExcept(" \t\r"u8))
                    continue;
                var resource = FhirLine.Read(line);
                if (resource is { Patient: null } && s_shared.Contains(resource.Type))
                {
                    file.WriteEverywhere(line);
                    shared++;
                    continue;
                }

                if (resource is { Patient: null, Type: not "Patient" })
                {
                    leftOut++;
                    continue;
                }

                // What is no resource goes to the first site, whose import refuses and counts it.
                var site = resource?.Patient is not { } patient ? 0 : homes.TryGetValue(patient, out var home) ? home : SiteHash.Of(patient, sites.Count);
                file.Write(site, line);
                records[site]++;
                patients += resource?.Type == "Patient" ? 1 : 0;
            }
        }

        return new FhirSplit(homes.Count > 0, patients, seenElsewhere, records, shared, leftOut);
    }

    // The site of each patient of whom an encounter names an organisation; nobody's where that leaves a site empty.
    private static (Dictionary<string, int> Homes, int SeenElsewhere) Homes(string from, int sites, CancellationToken cancel)
    {
        var encounters = new Dictionary<string, Dictionary<string, int>>(StringComparer.Ordinal); // by patient, how many at each organisation
        foreach (var path in Files(from).Where(path => Path.GetFileName(path).Split('.', '-', '_', ' ').Contains("Encounter", StringComparer.OrdinalIgnoreCase)))
        {
            using var lines = new LineReader(path, quoted: false);
            while (lines.TryNext(out var line))
            {
                cancel.ThrowIfCancellationRequested();
                if (FhirLine.Read(line) is not { Type: "Encounter", Patient: { } patient, Organisation: { } organisation })
                    continue;
                if (!encounters.TryGetValue(patient, out var seen))
                    encounters.Add(patient, seen = new Dictionary<string, int>(StringComparer.Ordinal));
                seen[organisation] = seen.GetValueOrDefault(organisation) + 1;
            }
        }

        var homes = encounters.ToDictionary(
            patient => patient.Key, patient => SiteHash.Of(patient.Value.OrderByDescending(seen => seen.Value).ThenBy(seen => seen.Key, StringComparer.Ordinal).First().Key, sites));
        return homes.Values.Distinct().Count() < sites
            ? ([], 0)
            : (homes, encounters.Values.Count(seen => seen.Keys.Select(organisation => SiteHash.Of(organisation, sites)).Distinct().Count() > 1));
    }

    private static IEnumerable<string> Files(string folder) => Directory.EnumerateFiles(folder)
        .Where(path => s_endings.Any(ending => path.EndsWith(ending, StringComparison.OrdinalIgnoreCase))).Order(StringComparer.Ordinal);
}
