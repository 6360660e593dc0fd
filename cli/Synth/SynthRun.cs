namespace FederatedClinicalMl.Cli.Synth;

/// <summary>What was made of one hospital.</summary>
/// <param name="Hospital">Which.</param>
/// <param name="Patients">How many patients were written.</param>
/// <param name="Events">How many records, encounters not among them.</param>
/// <param name="Rows">True risk and outcome of each patient with a stay, without planted faults.</param>
/// <param name="Planted">Names of the records that have each fault.</param>
internal sealed record MadeSite(
    Hospital Hospital, int Patients, long Events, IReadOnlyList<(double Risk, bool Outcome)> Rows, IReadOnlyDictionary<string, List<string>> Planted);

/// <summary>Makes hospitals and writes them.</summary>
internal static class SynthRun
{
    /// <summary>Writes everything into a folder that is empty. Of patients that were written only risk and outcome are held.</summary>
    public static IReadOnlyList<MadeSite> Run(SynthOptions options, string folder, CancellationToken cancel)
    {
        var made = new List<MadeSite>();
        foreach (var hospital in options.Hospitals)
        {
            var data = Directory.CreateDirectory(Path.Combine(folder, hospital.Name, "data")).FullName;
            using (var writer = Writer(options.Format, new OutputFolder(data, options.Gzip), hospital))
                made.Add(Write(options, hospital, writer, cancel));
            SiteFiles.Write(Path.Combine(folder, hospital.Name), options, hospital);
        }

        Reports.Write(folder, options, made);
        return made;
    }

    /// <summary>The patients of a hospital, as it has them, handed to a writer one after the other.</summary>
    public static MadeSite Write(SynthOptions options, Hospital hospital, ISiteWriter writer, CancellationToken cancel)
    {
        var planter = hospital.Number == options.FaultySite ? new FaultPlanter(options.Seed, hospital.Number) : null;
        var (patients, events, rows) = (0, 0L, new List<(double Risk, bool Outcome)>());
        for (var number = 1; number <= options.Patients; number++)
        {
            cancel.ThrowIfCancellationRequested();
            var generated = PatientGenerator.Generate(hospital, options.Seed, number);
            if (generated.Row is { } row)
                rows.Add(row);
            foreach (var patient in planter?.Plant(generated.Patient, number) ?? [generated.Patient])
            {
                writer.Write(patient);
                (patients, events) = (patients + 1, events + patient.Events.Length);
            }
        }

        return new MadeSite(hospital, patients, events, rows, planter?.Records ?? new Dictionary<string, List<string>>());
    }

    private static ISiteWriter Writer(SynthFormat format, OutputFolder folder, Hospital hospital) => format switch
    {
        SynthFormat.Fhir => new FhirWriter(folder, hospital),
        SynthFormat.Omop => new OmopWriter(folder, hospital),
        SynthFormat.Csv => new CsvWriter(folder, hospital),
        _ => throw new ArgumentOutOfRangeException(nameof(format)),
    };
}
