using System.Collections.Immutable;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Tests.ClinicalData.Drift;

/// <summary>What has changed in a simulated ward.</summary>
public enum Change
{
    None,
    MeanShift,
    Prevalence,
    Missingness,
    Correlation,
    UnitSlip,
    CaseMix,
}

/// <summary>
/// Twelve numbers (normal, log-normal, whole, uniform, exponential, of two groups, mostly zero) and eight categories of 2 to 6 levels, with 0 to 20% missing
/// and a fifth of the labels positive.
/// </summary>
internal static class SimulatedWard
{
    public const string Shifted = "sodium", Slipped = "glucose", Emptied = "lactate", MixedUp = "ward";

    private static readonly ImmutableArray<string> NumberNames =
        ["sodium", "glucose", "pulse", "age", "creatinine", "systolic", "diastolic", "lactate", "stay", "dose", "height", "temperature"];

    public static readonly ProfileDesign Design = ProfileDesign.Of(
        [
            ProfileFeature.Number("sodium", 100, 180, 140, 4),
            ProfileFeature.Number("glucose", 0, 700, 115, 30),
            ProfileFeature.Number("pulse", 20, 300, 80, 14),
            ProfileFeature.Number("age", 0, 120, 56, 22),
            ProfileFeature.Number("creatinine", 0, 20, 1.1, 0.5),
            ProfileFeature.Number("systolic", 40, 280, 125, 18),
            ProfileFeature.Number("diastolic", 20, 180, 75, 11),
            ProfileFeature.Number("lactate", 0, 30, 1.5, 1.5),
            ProfileFeature.Number("stay", 0, 60, 8, 6),
            ProfileFeature.Number("dose", 0, 100, 8, 12),
            ProfileFeature.Number("height", 100, 230, 170, 9),
            ProfileFeature.Number("temperature", 25, 45, 37, 0.6),
            .. Enumerable.Range(0, 8).Select(i => ProfileFeature.Category(i == 0 ? MixedUp : $"category {i}", Levels(i))),
        ],
        ["sodium", "glucose", "creatinine", "systolic", "diastolic", "height"],
        "ward");

    public static (double[] Values, double[] Labels) Rows(int rows, DeterministicRandom random, Change change = Change.None)
    {
        var values = new List<double>();
        var labels = new double[rows];
        for (var row = 0; row < rows; row++)
        {
            labels[row] = random.NextDouble() < (change == Change.Prevalence ? 0.36 : 0.2) ? 1 : 0;
            var (first, second) = (Normal(random), Normal(random));
            var coupling = change == Change.Correlation ? 0.2 : 0.6;
            double[] numbers =
            [
                140 + (4 * (Normal(random) + (change == Change.MeanShift ? 0.5 : 0))),
                110 * Math.Exp(0.25 * Normal(random)) / (change == Change.UnitSlip ? 18.016 : 1),
                Math.Round(80 + (14 * Normal(random))),
                18 + random.NextInt(77),
                Math.Exp(0.35 * Normal(random)),
                125 + (18 * first),
                75 + (11 * ((coupling * first) + (Math.Sqrt(1 - (coupling * coupling)) * second))),
                -1.5 * Math.Log(1 - random.NextDouble()),
                random.NextInt(3) == 0 ? 14 + (2 * Normal(random)) : Math.Abs(4 + (1.5 * Normal(random))),
                random.NextDouble() < 0.6 ? 0 : 20 + (5 * Normal(random)),
                170 + (9 * Normal(random)),
                Math.Round(37 + (0.6 * Normal(random)), 1),
            ];
            for (var i = 0; i < numbers.Length; i++)
            {
                var missing = change == Change.Missingness && NumberNames[i] == Emptied ? 0.4 : (i % 4) switch { 0 => 0.0, 1 => 0.02, 2 => 0.05, _ => 0.2 };
                values.Add(random.NextDouble() < missing ? double.NaN : numbers[i]);
            }

            for (var i = 0; i < 8; i++)
            {
                // The last level is rare but for the ward's; a change of case mix makes the ward's first rarer.
                var levels = Levels(i).Length;
                var u = random.NextDouble();
                if (i == 0 && change == Change.CaseMix)
                    u = Math.Sqrt(u);
                var level = u >= (i == 0 ? 0.6 : 0.98) ? levels - 1 : i == 0 ? 0 : random.NextInt(Math.Max(1, levels - 1));
                values.Add(random.NextDouble() < 0.03 ? double.NaN : level);
            }
        }

        return ([.. values], labels);
    }

    private static ImmutableArray<string> Levels(int category) => [.. Enumerable.Range(0, 2 + (category % 5)).Select(level => $"level {level}")];

    private static double Normal(DeterministicRandom random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
