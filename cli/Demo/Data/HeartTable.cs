using System.Globalization;
using System.Text;

namespace FederatedClinicalMl.Cli.Demo;

/// <summary>One hospital's rows, in the columns that the UCI heart disease data has.</summary>
/// <param name="Site">The hospital.</param>
/// <param name="Rows">[rows][14], NaN where missing; the last value is the label column <c>num</c>.</param>
internal sealed record HeartTable(string Site, IReadOnlyList<double[]> Rows)
{
    /// <summary>The columns, in the order of the raw files, which have no header.</summary>
    public static readonly string[] Columns =
        ["age", "sex", "cp", "trestbps", "chol", "fbs", "restecg", "thalach", "exang", "oldpeak", "slope", "ca", "thal", "num"];

    /// <summary>The four hospitals, as the study names them.</summary>
    public static readonly string[] Sites = ["cleveland", "hungarian", "switzerland", "va"];

    /// <summary>Writes a CSV file with a header; missing values are empty.</summary>
    public void WriteCsv(string path)
    {
        var text = new StringBuilder().AppendJoin(',', Columns).Append('\n');
        foreach (var row in Rows)
            text.AppendJoin(',', row.Select(value => double.IsNaN(value) ? "" : value.ToString("R", CultureInfo.InvariantCulture))).Append('\n');
        File.WriteAllText(path, text.ToString());
    }
}
