namespace FederatedClinicalMl.Tests.Cli;

/// <summary>The made-up hospitals with a study that predicts a number: how many days their patients stay, by age and sex.</summary>
internal static class NumberHospitals
{
    /// <summary>Writes the study and each site's file.</summary>
    /// <param name="evaluation">The study's keys of the evaluation.</param>
    public static Hospitals Write(string evaluation = "{every: 1, per-site: true}")
    {
        var hospitals = new Hospitals(evaluation);
        File.WriteAllText(hospitals.Study, File.ReadAllText(hospitals.Study)
            .Replace("label: {name: ill, above: 0}", "label: {name: days, range: [0, 40], unit: d, constants: {mean: 12, sd: 5}}", StringComparison.Ordinal)
            .Replace("kind: logistic-regression", "kind: linear-regression", StringComparison.Ordinal));
        foreach (var file in Directory.GetFiles(hospitals.Data))
        {
            // A fifth of the age in days and three more for the one sex, plus or minus one: a line that a model can learn.
            var rows = File.ReadAllLines(file);
            File.WriteAllLines(file, ["age,sex,days", .. rows.Skip(1).Select(row => row.Split(',')).Select((row, at) => FormattableString.Invariant($"{row[0]},{row[1]},{(int.Parse(row[0], null) / 5.0) + (3 * int.Parse(row[1], null)) + (at % 2 == 0 ? 1 : -1)}"))]);
        }

        return hospitals;
    }
}
