namespace FederatedClinicalMl.Cli.Synth;

/// <summary>Vital signs. A full set has the seven components of NEWS2 at one moment.</summary>
internal static class VitalSigns
{
    private const int MostSets = 4;

    /// <summary>What is taken in an encounter.</summary>
    public static void Take(Chart chart, PlannedEncounter encounter, Truth truth, Draws draws)
    {
        if (encounter.Class == "AMB")
        {
            TakePressure(chart, encounter.Start.AddMinutes(5), truth, 0, draws);
            var (rate, mass) = (Rate(0, draws), Rounded(27 + (4 * draws.Normal()), 1, 16, 55));
            if (draws.Chance(0.5))
                chart.Sign(Codes.HeartRate, encounter.Start.AddMinutes(5), SynthValue.Of(Codes.HeartRate, rate, Codes.PerMinute));
            if (draws.Chance(0.3))
                chart.Sign(Codes.BodyMassIndex, encounter.Start.AddMinutes(6), SynthValue.Of(Codes.BodyMassIndex, mass, Codes.KilogramPerSquareMetre));
            return;
        }

        foreach (var time in Times(encounter, draws))
        {
            var passed = (time - encounter.Start) / (encounter.End - encounter.Start);
            TakeSet(chart, time, truth, Math.Max(0, truth.Severity + (0.6 * draws.Normal())) * (1.2 - passed), draws);
        }
    }

    /// <summary>A number as a device shows it: rounded to a decimal, within what the device can show.</summary>
    public static double Rounded(double value, int decimals, double least, double greatest) => Math.Round(Math.Clamp(value, least, greatest), decimals);

    // The last set is taken so late that it is known only after the patient has gone: a model that uses it looks ahead.
    private static IEnumerable<DateTime> Times(PlannedEncounter encounter, Draws draws)
    {
        var time = encounter.Start.AddSeconds(draws.Whole(300, 1800));
        yield return time;
        if (encounter.Class != "IMP")
            yield break;
        var last = encounter.End.AddSeconds(-draws.Whole(1800, (Lags.MeasurementHours * 3600) - 300));
        for (var taken = 2; taken < MostSets; taken++)
        {
            time = time.AddSeconds(draws.Whole(20 * 3600, 26 * 3600));
            if (time > last.AddHours(-3))
                break;
            yield return time;
        }

        yield return last;
    }

    private static void TakeSet(Chart chart, DateTime time, Truth truth, double acute, Draws draws)
    {
        var breaths = Rounded(15.5 + (2.5 * acute) + (1.6 * draws.Normal()), 0, 8, 44);
        var onOxygen = draws.Chance(Draws.Sigmoid(-2.6 + (1.3 * acute)));
        var flow = Math.Round(2 * Rounded(2 + (2 * acute) + draws.Normal(), 1, 0.5, 15)) / 2; // in halves of a litre
        var saturation = Rounded(97 - (1.3 * acute) + (onOxygen ? 0.8 : 0) + (1.1 * draws.Normal()), 0, 76, 100);
        chart.Sign(Codes.RespiratoryRate, time, SynthValue.Of(Codes.RespiratoryRate, breaths, Codes.PerMinute));
        chart.Sign(Codes.OxygenSaturation, time, SynthValue.Of(Codes.OxygenSaturation, saturation, Codes.Percent));
        chart.Sign(Codes.OxygenFlow, time, onOxygen
            ? SynthValue.Of(Codes.OxygenFlow, flow, Codes.LitrePerMinute)
            : SynthValue.Of(Codes.OxygenFlow, Codes.RoomAir));
        TakePressure(chart, time, truth, acute, draws);
        chart.Sign(Codes.HeartRate, time, SynthValue.Of(Codes.HeartRate, Rate(acute, draws), Codes.PerMinute));
        var awake = draws.Between(0, 1) + (0.01 * acute);
        chart.Sign(Codes.Responsiveness, time, SynthValue.Of(Codes.Responsiveness, awake < 0.97 ? Codes.Alert : awake < 0.99 ? Codes.Confused : Codes.RespondsToVoice));
        chart.Sign(Codes.Temperature, time, SynthValue.Of(Codes.Temperature, Rounded(36.7 + (0.35 * acute) + (0.35 * draws.Normal()), 1, 34, 41.5), Codes.Celsius));
    }

    private static void TakePressure(Chart chart, DateTime time, Truth truth, double acute, Draws draws)
    {
        var systolic = Rounded(truth.Systolic - (3 * acute) + (8 * draws.Normal()), 0, 68, 240);
        var diastolic = Rounded((0.5 * systolic) + 13 + (5 * draws.Normal()), 0, 35, Math.Min(140, systolic - 10));
        chart.Sign(
            Codes.BloodPressure, time,
            SynthValue.Of(Codes.Systolic, systolic, Codes.MercuryMillimetre), SynthValue.Of(Codes.Diastolic, diastolic, Codes.MercuryMillimetre));
    }

    private static double Rate(double acute, Draws draws) => Rounded(73 + (7 * acute) + (9 * draws.Normal()), 0, 38, 190);
}
