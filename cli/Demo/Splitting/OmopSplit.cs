using System.Text;

namespace FederatedClinicalMl.Cli.Demo.Splitting;

/// <summary>
/// The CSV tables of one OMOP database divided into sites: a person belongs to a site by <see cref="SiteHash"/> of <c>person_id</c>, and so does every row that names the
/// person. Vocabularies and what describes the hospital are copied whole; any other table that names no person is left out, since its rows may be about persons.
/// </summary>
/// <param name="Persons">How many persons there are.</param>
/// <param name="Records">How many rows each site got that no other did.</param>
/// <param name="Copied">Names of the files that every site has whole.</param>
/// <param name="LeftOut">Names of the files that no site has.</param>
internal sealed record OmopSplit(long Persons, IReadOnlyList<long> Records, IReadOnlyList<string> Copied, IReadOnlyList<string> LeftOut)
{
    private const string Person = "person";

    private static readonly string[] s_endings = [".csv", ".csv.gz"];
    private static readonly string[] s_shared =
    [
        "care_site", "cdm_source", "concept", "concept_ancestor", "concept_class", "concept_relationship", "concept_synonym", "domain", "drug_strength", "location",
        "provider", "relationship", "source_to_concept_map", "vocabulary",
    ];

    /// <summary>Whether a folder holds a database.</summary>
    public static bool IsIn(string folder) => Files(folder).Any(path => TableOf(path) == Person);

    /// <summary>Divides a database.</summary>
    /// <param name="from">Its folder.</param>
    /// <param name="sites">A folder for each site, which is there.</param>
    /// <param name="cancel">Stops.</param>
    /// <exception cref="CliException">A file cannot be read.</exception>
    public static OmopSplit Run(string from, IReadOnlyList<string> sites, CancellationToken cancel)
    {
        var (persons, records, copied, leftOut) = (0L, new long[sites.Count], new List<string>(), new List<string>());
        foreach (var path in Files(from))
        {
            var name = Path.GetFileName(path);
            if (s_shared.Contains(TableOf(path)))
            {
                foreach (var site in sites)
                    File.Copy(path, Path.Combine(site, name));
                copied.Add(name);
                continue;
            }

            using var rows = new LineReader(path, quoted: true);
            if (!rows.TryNext(out var header) || PlaceOfPerson(header) is not { } place)
            {
                leftOut.Add(name);
                continue;
            }

            using var file = new SplitFile(name, sites);
            file.WriteEverywhere(header);
            while (rows.TryNext(out var row))
            {
                cancel.ThrowIfCancellationRequested();
                if (!row.ContainsAnyExcept(" \t\r"u8))
                    continue;
                var site = SiteHash.Of(Encoding.UTF8.GetString(CsvFields.At(row, place)), sites.Count);
                file.Write(site, row);
                records[site]++;
                persons += TableOf(path) == Person ? 1 : 0;
            }
        }

        return new OmopSplit(persons, records, copied, leftOut);
    }

    // Cohorts name the person subject_id.
    private static int? PlaceOfPerson(ReadOnlySpan<byte> header)
    {
        for (var place = 0; place < CsvFields.Count(header); place++)
        {
            if (Encoding.UTF8.GetString(CsvFields.At(header, place)).ToLowerInvariant() is "person_id" or "subject_id")
                return place;
        }

        return null;
    }

    private static IEnumerable<string> Files(string folder) => Directory.EnumerateFiles(folder)
        .Where(path => s_endings.Any(ending => path.EndsWith(ending, StringComparison.OrdinalIgnoreCase))).Order(StringComparer.Ordinal);

    private static string TableOf(string path)
    {
        var name = LineReader.Unpacked(Path.GetFileName(path));
        return name[..name.LastIndexOf('.')].ToLowerInvariant();
    }
}
