namespace FederatedClinicalMl.Cli.Synth;

/// <summary>
/// Laboratory tests. Who is more ill is tested more, and hospitals differ in how much they test: what is missing is not missing at random.
/// Every value is drawn whether the test is made or not, so that a test less leaves the others as they were.
/// </summary>
internal static class Laboratory
{
    private const double AmendedShare = 0.015;

    private static readonly LabTest[] s_tests =
    [
        new(Codes.Hba1c, Codes.Percent, 1, null, (truth, draws) => truth.Hba1c + (0.12 * draws.Normal()), Clinic: -0.6, Hospital: -0.2, Daily: false),
        new(Codes.Glucose, Codes.MilligramPerDecilitre, 0, (Codes.GlucoseMoles, Codes.MillimolePerLitre, 1, 1 / 18.016),
            (truth, draws) => Math.Max(50, (28.7 * truth.Hba1c) - 46.7 + (15 * draws.Normal())), Clinic: -0.8, Hospital: 0.6, Daily: true),
        new(Codes.Creatinine, Codes.MilligramPerDecilitre, 2, (Codes.CreatinineMoles, Codes.MicromolePerLitre, 0, 88.4),
            (truth, draws) => truth.Creatinine * Math.Exp(0.04 * draws.Normal()), Clinic: -0.4, Hospital: 1.0, Daily: true),
        new(Codes.Cholesterol, Codes.MilligramPerDecilitre, 0, (Codes.CholesterolMoles, Codes.MillimolePerLitre, 1, 1 / 38.67),
            (_, draws) => Math.Clamp(196 + (38 * draws.Normal()), 90, 380), Clinic: -0.2, Hospital: 0.2, Daily: false),
        new(Codes.Haemoglobin, Codes.GramPerDecilitre, 1, null,
            (truth, draws) => Math.Clamp((truth.Male ? 14.3 : 13.1) - (0.4 * truth.Severity) + draws.Normal(), 6, 19), Clinic: -1.0, Hospital: 0.6, Daily: true),
        new(Codes.Potassium, Codes.MillimolePerLitre, 1, null, (_, draws) => Math.Clamp(4.2 + (0.4 * draws.Normal()), 2.6, 6.8), Clinic: -1.4, Hospital: 0.6, Daily: true),
        new(Codes.CReactiveProtein, Codes.MilligramPerLitre, 1, null,
            (truth, draws) => Math.Clamp(Math.Exp(1.6 + (0.7 * truth.Severity) + (0.8 * draws.Normal())), 0.3, 400), Clinic: -1.8, Hospital: 0.6, Daily: true),
    ];

    /// <summary>What is tested in an encounter.</summary>
    public static void Test(Chart chart, Hospital hospital, PlannedEncounter encounter, Truth truth, Draws draws)
    {
        var time = encounter.Start.AddSeconds(draws.Whole(600, 1200));
        TestOnce(chart, hospital, encounter, truth, time, isFirst: true, draws);
        if (encounter.Class != "IMP")
            return;
        for (time = time.AddSeconds(draws.Whole(40 * 3600, 52 * 3600)); time < encounter.End.AddHours(-6); time = time.AddSeconds(draws.Whole(40 * 3600, 52 * 3600)))
            TestOnce(chart, hospital, encounter, truth, time, isFirst: false, draws);
    }

    /// <summary>
    /// NT-proBNP in the first stay. At admission it tells nothing; at discharge it tells the outcome almost for certain, but its result is there only after
    /// the patient has gone. A model that reaches more than the best AUROC has used it.
    /// </summary>
    public static void TestPeptide(Chart chart, PlannedEncounter stay, bool outcome, Draws draws)
    {
        var (first, last) = (Math.Exp(5.7 + (0.8 * draws.Normal())), Math.Exp((outcome ? 7.8 : 5.5) + (0.5 * draws.Normal())));
        var (admission, discharge) = (stay.Start.AddSeconds(draws.Whole(600, 3600)), stay.End.AddSeconds(-draws.Whole(1200, 5400)));
        if (draws.Chance(0.5))
            chart.Result(Codes.NatriureticPeptide, VitalSigns.Rounded(first, 0, 5, 35000), Codes.PicogramPerMillilitre, admission, amended: false);
        if (draws.Chance(0.6))
            chart.Result(Codes.NatriureticPeptide, VitalSigns.Rounded(last, 0, 5, 35000), Codes.PicogramPerMillilitre, discharge, amended: false);
    }

    private static void TestOnce(Chart chart, Hospital hospital, PlannedEncounter encounter, Truth truth, DateTime time, bool isFirst, Draws draws)
    {
        var isClinic = encounter.Class == "AMB";
        var drift = time >= hospital.Drift?.From;
        foreach (var test in s_tests)
        {
            var value = test.Draw(truth, draws) * (drift && test.Code == Codes.Creatinine ? Drift.CreatinineFactor : 1);
            var suspected = truth.Diabetes && test.Code == Codes.Hba1c ? 1.5 : 0;
            var wanted = Draws.Sigmoid((isClinic ? test.Clinic : test.Hospital) + hospital.Testing + (0.6 * truth.Severity) + suspected);
            var made = draws.Chance(wanted * (drift && test.Code == Codes.Cholesterol ? Drift.CholesterolTesting : 1));
            var amended = draws.Chance(AmendedShare);
            if (!made || !(isFirst || test.Daily))
                continue;
            if (hospital.BySubstance && test.Substance is { } substance)
                chart.Result(substance.Code, Math.Round(value * substance.Factor, substance.Decimals), substance.Unit, time, amended);
            else
                chart.Result(test.Code, Math.Round(value, test.Decimals), test.Unit, time, amended);
        }
    }

    /// <summary>A test.</summary>
    /// <param name="Code">Of its result.</param>
    /// <param name="Unit">Of its result.</param>
    /// <param name="Decimals">Of its result.</param>
    /// <param name="Substance">How laboratories report it that report in moles, and the factor.</param>
    /// <param name="Draw">Its value, in the unit.</param>
    /// <param name="Clinic">Logit of its being made in the outpatients' department.</param>
    /// <param name="Hospital">Logit of its being made elsewhere.</param>
    /// <param name="Daily">Whether it is made again in a stay.</param>
    private sealed record LabTest(
        SynthCode Code, SynthCode Unit, int Decimals, (SynthCode Code, SynthCode Unit, int Decimals, double Factor)? Substance,
        Func<Truth, Draws, double> Draw, double Clinic, double Hospital, bool Daily);
}
