using FederatedClinicalMl.Cli.Launching;

namespace FederatedClinicalMl.Cli.Demo;

/// <summary>The rows of a demo: where they came from, and each hospital's file.</summary>
/// <param name="Source">A sentence for people.</param>
/// <param name="Folder">Holds <c>HOSPITAL/heart.csv</c>.</param>
internal sealed record DemoData(string Source, string Folder)
{
    private const long GeneratorSeed = 1;

    /// <summary>
    /// Writes the hospitals' files: from <paramref name="named"/> where it is given, else from data that lies beside the repository or where
    /// <c>FCML_DATA</c> points, else generated.
    /// </summary>
    public static DemoData Prepare(string? named, string folder)
    {
        var found = named ?? UciHeart.Find();
        var tables = found is null ? [.. SyntheticHearts.Generate(GeneratorSeed).Select(hospital => hospital.Table)] : UciHeart.Read(found);
        foreach (var table in tables)
        {
            Directory.CreateDirectory(Path.Combine(folder, table.Site));
            table.WriteCsv(FileOf(folder, table.Site));
        }

        var rows = string.Join(", ", tables.Select(table => $"{table.Site} {table.Rows.Count}"));
        return new DemoData(
            found is null
                ? $"generated rows, nobody's (seed {GeneratorSeed}): {rows}; for the UCI heart disease data give --data FOLDER"
                : $"UCI heart disease data (doi 10.24432/C52P4X, CC BY 4.0) in {found}: {rows}",
            folder);
    }

    /// <summary>Each hospital's settings: its map names its own file and nothing else.</summary>
    public IReadOnlyList<LocalSiteSettings> Sites() => [.. HeartTable.Sites.Select(site => new LocalSiteSettings(site, $"""
        datasets:
          heart-disease:
            path: '{FileOf(Folder, site).Replace("'", "''", StringComparison.Ordinal)}'
            format: csv

        """))];

    private static string FileOf(string folder, string site) => Path.Combine(folder, site, "heart.csv");
}
