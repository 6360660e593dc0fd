using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;

namespace FederatedClinicalMl.Tests.ClinicalData.Drift;

/// <summary>Golden values that golden/scipy_golden.py wrote.</summary>
internal static class Golden
{
    private static readonly JsonNode Root = JsonNode.Parse(File.ReadAllText(Path.Combine(Path.GetDirectoryName(Here())!, "golden", "scipy.json")))!;

    public static IEnumerable<JsonNode> Cases(string name) => Root[name]!.AsArray().Select(node => node!);

    public static double Number(this JsonNode node, string name) => node[name]!.GetValue<double>();

    public static double[] Numbers(this JsonNode node, string name) => [.. node[name]!.AsArray().Select(item => item!.GetValue<double>())];

    public static long[] Counts(this JsonNode node, string name) => [.. node[name]!.AsArray().Select(item => item!.GetValue<long>())];

    /// <summary>The largest difference, relative where the value is below 1; says it in the test's output.</summary>
    public static void Agree(string what, double tolerance, IEnumerable<(double Golden, double Ours)> pairs)
    {
        var worst = 0.0;
        foreach (var (golden, ours) in pairs)
        {
            var difference = Math.Abs(ours - golden) / Math.Max(Math.Abs(golden), double.Epsilon);
            worst = Math.Max(worst, golden == 0 ? Math.Abs(ours) : Math.Abs(golden) > 1 ? Math.Min(difference, Math.Abs(ours - golden)) : difference);
            Assert.False(double.IsNaN(difference) && golden != 0, $"{what}: {golden:R} and {ours:R}");
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{what}: largest difference {worst:e2}");
        Assert.True(worst <= tolerance, $"{what}: largest difference {worst:e2}");
    }

    private static string Here([CallerFilePath] string file = "") => file;
}
