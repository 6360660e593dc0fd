using System.Text.Json.Nodes;
using FederatedClinicalMl.Learning;

namespace FederatedClinicalMl.Cli.Demo;

/// <summary>How well the true risk ranks the patients of all hospitals, of whom it is known because they were made.</summary>
/// <param name="Rows">Patients with a stay, of the training and of the test set.</param>
/// <param name="Drawn">Its AUROC over the outcomes that were drawn.</param>
/// <param name="Expected">Over all that could have been drawn.</param>
internal sealed record BestReachable(int Rows, Estimate Drawn, double Expected)
{
    /// <summary>Reads <c>truth.json</c>; null where there are too few patients for an AUROC.</summary>
    public static BestReachable? Read(string path)
    {
        var pooled = JsonNode.Parse(File.ReadAllBytes(path))!["pooled"]!;
        var auroc = pooled["bestAuroc"]!;
        return auroc["drawn"] is { } drawn
            ? new BestReachable(
                pooled["rows"]!.GetValue<int>(), new Estimate(drawn.GetValue<double>(), auroc["low"]!.GetValue<double>(), auroc["high"]!.GetValue<double>()), auroc["expected"]!.GetValue<double>())
            : null;
    }
}
