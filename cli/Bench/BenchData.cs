using System.Globalization;
using System.Text;
using FederatedClinicalMl.Cli.Launching;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Cli.Bench;

/// <summary>Generated rows: 13 inputs ~ N(0, 1), a label drawn with P = sigma(w x). Nobody's, and the same on every machine.</summary>
internal static class BenchData
{
    public const string Dataset = "generated";
    public const string Label = "outcome";

    public static readonly IReadOnlyList<string> Columns = [.. Enumerable.Range(1, 13).Select(number => $"x{number}")];

    /// <summary>Writes each site's file; gives the sites that have it.</summary>
    public static IReadOnlyList<LocalSiteSettings> Prepare(string folder, int sites, int rows)
    {
        Directory.CreateDirectory(folder);
        return [.. BenchStudies.Sites(sites).Select(site =>
        {
            var path = Path.Combine(folder, $"{site}.csv");
            File.WriteAllText(path, Table(site, rows));
            return new LocalSiteSettings(site, $$"""
                datasets:
                  {{Dataset}}:
                    path: '{{path.Replace("'", "''", StringComparison.Ordinal)}}'
                    format: csv

                """, BenchStudies.Policy);
        })];
    }

    private static string Table(string site, int rows)
    {
        var random = DeterministicRandom.Of("fcml-bench-rows-v1", site);
        var text = new StringBuilder().AppendJoin(',', Columns).Append(',').Append(Label).Append('\n');
        for (var row = 0; row < rows; row++)
        {
            var logit = 0.0;
            for (var column = 0; column < Columns.Count; column++)
            {
                var value = Normal(random);
                logit += value * ((column % 3) - 1) * 0.6;
                text.Append(CultureInfo.InvariantCulture, $"{value:0.0000},");
            }

            text.Append(random.NextDouble() < 1 / (1 + Math.Exp(-logit)) ? '1' : '0').Append('\n');
        }

        return text.ToString();
    }

    // Box and Muller 1958.
    private static double Normal(DeterministicRandom random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
