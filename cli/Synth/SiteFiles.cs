using System.Text;

namespace FederatedClinicalMl.Cli.Synth;

/// <summary>
/// What a hospital's steward would write beside the data: where it is and when its tables are known (<c>datasets.yaml</c>), what the hospital's own codes mean
/// (<c>mapping.yaml</c>), and of CSV what its files mean (<c>event-mapping.yaml</c>).
/// </summary>
internal static class SiteFiles
{
    /// <summary>The name under which studies ask for the data.</summary>
    public const string Dataset = "synthetic-hospital";

    public static void Write(string folder, SynthOptions options, Hospital hospital)
    {
        File.WriteAllText(Path.Combine(folder, "datasets.yaml"), Datasets(options.Format));
        File.WriteAllText(Path.Combine(folder, "mapping.yaml"), Mapping(options.Format, hospital));
        if (options.Format == SynthFormat.Csv)
            File.WriteAllText(Path.Combine(folder, "event-mapping.yaml"), EventMappingFile.Text(options.Gzip ? ".csv.gz" : ".csv", hospital.LocalCodes));
    }

    private static string Datasets(SynthFormat format) => $"""
        # What the site's steward declares of the folder 'data'. Times without offset are UTC.
        datasets:
          {Dataset}:
            path: data
            format: {(format == SynthFormat.Csv ? "events" : format.ToString().ToLowerInvariant())}
            time-zone: UTC
            mapping: mapping.yaml
        {Declared(format)}
        """;

    private static string Declared(SynthFormat format) => format switch
    {
        // What FHIR says by issued, recordedDate and authoredOn, OMOP can only say for whole tables.
        SynthFormat.Omop => $"""
                cdm-version: "5.4"
                availability:
                  condition_occurrence: encounter-end
                  death: 0h
                  drug_exposure: 0h
                  measurement: {Lags.MeasurementHours}h
                  observation: {Lags.ObservationHours}h
                  procedure_occurrence: encounter-end

            """,
        SynthFormat.Csv => """
                event-mapping: event-mapping.yaml

            """,
        _ => "",
    };

    private static string Mapping(SynthFormat format, Hospital hospital)
    {
        var text = new StringBuilder("""
            # What the hospital's own codes mean.
            version: 1
            reviewed-by: fcml synth
            reviewed-on: 2021-01-01

            """);
        var meanings = hospital.LocalMeanings.ToList();
        text.Append(meanings.Count == 0 ? "codes: []\n" : "codes:\n");
        foreach (var (local, standard) in meanings)
        {
            foreach (var system in format == SynthFormat.Omop ? (string[])["\"urn:omop:source:measurement\"", "\"urn:omop:source:observation\""] : [$"\"{SynthCode.Local}\""])
                text.Append($"  - from: {{system: {system}, code: {local.Code}}}\n    to: {{system: loinc, code: {standard.Code}}}\n");
        }

        return text.Append("units: []\n").ToString();
    }
}
