using FederatedClinicalMl.Cli.Demo;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Tests.Launching;

/// <summary>
/// Clinical rows for tests of a whole federation over tables: nobody's, and the same on every machine. The model is known, so the best AUROC that anybody
/// can reach on a test set is too (<see cref="TrueLogit"/>).
/// <para>
/// A patient has a hidden severity s ~ N(m, 1), where m is the hospital's case mix, and an age ~ N(a, 9²). Disease is drawn with
/// P = σ(<see cref="TrueLogit"/>), a fixed function of the raw attributes and the same at every hospital: what differs is whom a hospital
/// sees (m, a, share of men) and what it measures (missingness by column), as between the four hospitals of the UCI data.
/// </para>
/// </summary>
internal static class SyntheticHearts
{
    /// <summary>A hospital: how many patients, whom it sees, what it fails to record.</summary>
    private sealed record Hospital(string Site, int Patients, double Severity, double Age, double Men, double NoCholesterol, double NoVessels, double NoThallium, double NoSlope);

    private static readonly Hospital[] Hospitals =
    [
        new("cleveland", 303, 0.0, 54, 0.68, 0.00, 0.02, 0.01, 0.00),
        new("hungarian", 294, -0.5, 48, 0.72, 0.08, 0.95, 0.90, 0.60),
        new("switzerland", 123, 1.3, 55, 0.92, 1.00, 0.95, 0.42, 0.14),
        new("va", 200, 0.8, 59, 0.97, 0.28, 0.96, 0.80, 0.50),
    ];

    /// <summary>The rows of the four hospitals and, aligned with them, each row's true logit, from the values before any went missing.</summary>
    public static IReadOnlyList<(HeartTable Table, double[] TrueLogits)> Generate(long seed) => [.. Hospitals.Select(hospital => Generate(hospital, seed))];

    /// <summary>The logit from which disease is drawn. Inputs as in <see cref="HeartTable.Columns"/>, none missing.</summary>
    public static double TrueLogit(ReadOnlySpan<double> row) =>
        -0.6
        + (0.035 * (row[0] - 54)) // age
        + (0.7 * (row[1] - 0.7)) // male
        + (row[2] == 4 ? 1.0 : -0.6) // no chest pain is the worst sign: those patients are sent for other findings
        + (0.008 * (row[3] - 132)) // blood pressure
        + (0.004 * (row[4] - 240)) // cholesterol
        + (0.3 * row[5]) // fasting blood sugar
        - (0.022 * (row[7] - 145)) // greatest heart rate
        + (0.8 * row[8]) // angina during exercise
        + (0.55 * (row[9] - 0.9)) // ST depression
        + (row[10] == 1 ? -0.4 : 0.4) // slope
        + (0.8 * row[11]) // vessels
        + (row[12] == 7 ? 0.9 : row[12] == 6 ? 0.4 : -0.5); // thallium scan

    private static (HeartTable Table, double[] TrueLogits) Generate(Hospital hospital, long seed)
    {
        var random = DeterministicRandom.Of("fcml-demo-hearts-v1", hospital.Site, seed.ToString(System.Globalization.CultureInfo.InvariantCulture));
        var rows = new double[hospital.Patients][];
        var logits = new double[hospital.Patients];
        for (var i = 0; i < rows.Length; i++)
        {
            var row = Patient(hospital, random);
            logits[i] = TrueLogit(row);
            row[13] = random.NextDouble() < Sigmoid(logits[i]) ? 1 + random.NextInt(4) : 0;
            LoseSome(hospital, row, random);
            rows[i] = row;
        }

        return (new HeartTable(hospital.Site, rows), logits);
    }

    private static double[] Patient(Hospital hospital, DeterministicRandom random)
    {
        var severity = hospital.Severity + Normal(random);
        var age = Math.Clamp(Math.Round(hospital.Age + (9 * Normal(random))), 28, 80);
        return
        [
            age,
            Chance(random, hospital.Men),
            random.NextDouble() < Sigmoid((0.9 * severity) - 0.1) ? 4 : 1 + random.NextInt(3),
            Math.Clamp(Math.Round(132 + (3 * severity) + (17 * Normal(random))), 90, 210),
            Math.Clamp(Math.Round(240 + (8 * severity) + (50 * Normal(random))), 110, 560),
            Chance(random, Sigmoid(-1.9 + (0.3 * severity))),
            random.NextDouble() < 0.55 ? 0 : 1 + random.NextInt(2),
            Math.Clamp(Math.Round(150 - (9 * severity) - (0.7 * (age - 54)) + (18 * Normal(random))), 65, 205),
            Chance(random, Sigmoid(-0.8 + (0.9 * severity))),
            Math.Round(Math.Max(0, 0.9 + (0.6 * severity) + (0.8 * Normal(random))), 1),
            random.NextDouble() < Sigmoid(-0.2 - (0.8 * severity)) ? 1 : random.NextDouble() < 0.85 ? 2 : 3,
            Math.Clamp(Math.Floor(0.6 + (0.6 * severity) + (0.8 * Normal(random))), 0, 3),
            random.NextDouble() < Sigmoid(0.3 - (0.9 * severity)) ? 3 : random.NextDouble() < 0.85 ? 7 : 6,
            0,
        ];
    }

    private static void LoseSome(Hospital hospital, double[] row, DeterministicRandom random)
    {
        // Drawn for every column whether used or not, so that one hospital's missingness does not shift its other draws.
        foreach (var (column, share) in ((int, double)[])[(4, hospital.NoCholesterol), (10, hospital.NoSlope), (11, hospital.NoVessels), (12, hospital.NoThallium)])
        {
            if (random.NextDouble() < share)
                row[column] = double.NaN;
        }
    }

    private static double Chance(DeterministicRandom random, double probability) => random.NextDouble() < probability ? 1 : 0;

    private static double Sigmoid(double logit) => 1 / (1 + Math.Exp(-logit));

    // Box and Muller 1958.
    private static double Normal(DeterministicRandom random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
