using System.Collections.Immutable;
using FederatedClinicalMl.Cli.Demo;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Cli.Simulation;

/// <summary>
/// The sites' files in one folder, as a researcher with example data has them: <c>SITE.csv</c>, <c>SITE.parquet</c>, or a folder <c>SITE</c>
/// that holds one such file. Two public layouts are known besides: the raw UCI heart disease files, and FLamby's split of them.
/// </summary>
internal static class SiteFiles
{
    private static readonly ImmutableArray<string> Missing = ["", "?"];

    /// <summary>Each site's file.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="study">Names the sites; where it does not, whatever sites the folder has.</param>
    /// <param name="scratch">A folder for files that have to be made.</param>
    public static ImmutableSortedDictionary<SiteId, DatasetSource> Find(string folder, Study study, string scratch)
    {
        var found = Flamby(folder, scratch) ?? Uci(folder) ?? Plain(folder);
        return Wanted(found, study, folder, "each site needs SITE.csv, SITE.parquet, or a folder SITE with one of them");
    }

    /// <summary>Of what a folder has for sites, that of the sites that a study names; where it names none, all.</summary>
    /// <exception cref="CliException">There is nothing for a site; <paramref name="needs"/> says what there should be.</exception>
    public static ImmutableSortedDictionary<SiteId, T> Wanted<T>(IReadOnlyDictionary<SiteId, T> found, Study study, string folder, string needs)
    {
        var wanted = study.Federation.Sites.IsEmpty ? [.. found.Keys] : study.Federation.Sites;
        var lacking = wanted.Where(site => !found.ContainsKey(site)).ToList();
        return lacking.Count == 0 && !wanted.IsEmpty
            ? wanted.ToImmutableSortedDictionary(site => site, site => found[site])
            : throw new CliException(ExitCode.Usage, $"'{folder}' has nothing for {(lacking.Count == 0 ? "any site" : string.Join(", ", lacking))}; {needs}.");
    }

    /// <summary>The rows in a file.</summary>
    public static SiteRows Rows(SiteId site, DatasetSource source, Study study)
    {
        var map = DatasetMap.OfTables(ImmutableDictionary<string, DatasetSource>.Empty.Add(study.Data.Dataset, source));
        var secret = SiteRows.SecretOf(site);
        return new SiteRows(new CohortCache(() => map, CohortCache.NoEvents, secret), secret);
    }

    private static Dictionary<SiteId, DatasetSource> Plain(string folder)
    {
        var files = new Dictionary<SiteId, DatasetSource>();
        foreach (var path in Directory.EnumerateFiles(folder).Concat(Directory.EnumerateDirectories(folder).SelectMany(inner => Directory.EnumerateFiles(inner).Where(IsTable).Take(2))))
        {
            var owner = Path.GetDirectoryName(path) == Path.TrimEndingDirectorySeparator(folder) ? Path.GetFileNameWithoutExtension(path) : Path.GetFileName(Path.GetDirectoryName(path));
            if (!IsTable(path) || !SiteId.TryParse(owner, out var site))
                continue;
            if (!files.TryAdd(site, Source(path, header: true)))
                throw new CliException(ExitCode.Usage, $"Site {site} has more than one file in '{folder}'; keep one.");
        }

        return files;
    }

    private static Dictionary<SiteId, DatasetSource>? Uci(string folder)
    {
        var files = HeartTable.Sites.ToDictionary(SiteId.Parse, site => Path.Combine(folder, $"processed.{site}.data"));
        return files.Values.All(File.Exists)
            ? files.ToDictionary(file => file.Key, file => Source(file.Value, header: false) with { Columns = [.. HeartTable.Columns] })
            : null;
    }

    /// <summary>FLamby keeps training and test rows in two files; here one file with a column <c>split</c> is made of them.</summary>
    private static Dictionary<SiteId, DatasetSource>? Flamby(string folder, string scratch)
    {
        if (!File.Exists(Path.Combine(folder, "center0_train.csv")))
            return null;
        var files = new Dictionary<SiteId, DatasetSource>();
        foreach (var (center, name) in HeartTable.Sites.Index())
        {
            var (train, test) = (File.ReadAllLines(Path.Combine(folder, $"center{center}_train.csv")), File.ReadAllLines(Path.Combine(folder, $"center{center}_test.csv")));
            var path = Path.Combine(scratch, $"{name}.csv");
            File.WriteAllLines(path, [$"{train[0]},split", .. train.Skip(1).Select(line => $"{line},train"), .. test.Skip(1).Select(line => $"{line},test")]);
            files.Add(SiteId.Parse(name), Source(path, header: true));
        }

        return files;
    }

    private static bool IsTable(string path) => Path.GetExtension(path) is ".csv" or ".parquet";

    private static DatasetSource Source(string path, bool header) =>
        new(Path.GetFullPath(path), Path.GetExtension(path) == ".parquet" ? DatasetFormat.Parquet : DatasetFormat.Csv, header, [], ',', Missing);
}
