using FederatedClinicalMl.Cli.Launching;
using FederatedClinicalMl.Cli.Simulation;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Cli.Demo;

/// <summary>A table at each hospital: the UCI heart disease data.</summary>
internal sealed class DemoTables : IDemoData
{
    private readonly string _folder;

    private DemoTables(string source, string folder) => (Source, _folder) = (source, folder);

    /// <inheritdoc/>
    public string Source { get; }

    /// <inheritdoc/>
    public string Study => "heart-disease.yaml";

    /// <inheritdoc/>
    public bool IsEvents => false;

    /// <inheritdoc/>
    public BestReachable? Best => null;

    /// <summary>Writes the four raw files in <paramref name="raw"/> as <c>HOSPITAL/heart.csv</c> below <paramref name="folder"/>.</summary>
    public static DemoTables OfUci(string raw, string folder)
    {
        var tables = UciHeart.Read(raw);
        foreach (var table in tables)
        {
            Directory.CreateDirectory(Path.Combine(folder, table.Site));
            table.WriteCsv(FileOf(folder, table.Site));
        }

        var rows = string.Join(", ", tables.Select(table => $"{table.Site} {table.Rows.Count}"));
        return new DemoTables($"UCI heart disease data (doi 10.24432/C52P4X, CC BY 4.0) in {raw}: {rows}", folder);
    }

    /// <inheritdoc/>
    public IReadOnlyList<LocalSiteSettings> Settings(Study study) => [.. HeartTable.Sites.Select(site => new LocalSiteSettings(site, $"""
        datasets:
          {study.Data.Dataset}:
            path: '{FileOf(_folder, site).Replace("'", "''", StringComparison.Ordinal)}'
            format: csv

        """))];

    /// <inheritdoc/>
    public Task ImportAsync(LocalFederation federation, Study study, Terminal terminal, CancellationToken cancel) => Task.CompletedTask; // the worker reads the file itself

    /// <inheritdoc/>
    public Cohort Read(LocalSite site, Study study, CancellationToken cancel) =>
        SiteFiles.Rows(SiteId.Parse(site.Name), SiteFiles.Find(_folder, study, _folder)[SiteId.Parse(site.Name)], study).Read(study).Cohort;

    /// <inheritdoc/>
    public IEnumerable<string> Next(string study) => [$"fcml simulate {study} --data {_folder}   # the same in one process: change the protocol first"];

    private static string FileOf(string folder, string site) => Path.Combine(folder, site, "heart.csv");
}
