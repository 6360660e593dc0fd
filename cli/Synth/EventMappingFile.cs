using FederatedClinicalMl.ClinicalData;

namespace FederatedClinicalMl.Cli.Synth;

/// <summary>What the files mean that <see cref="CsvWriter"/> writes: docs/reference/event-mapping.md.</summary>
internal static class EventMappingFile
{
    private const string People = """
        # What the files of the folder 'data' mean.
        files:
          - path: patients.csv
            kind: patient
            patient: patient
            birth: birth
            sex: {column: sex, map: {male: male, female: female}}
            death: death
            availability: same
          - path: encounters.csv
            kind: encounter
            patient: patient
            encounter: encounter
            time: start
            end: end
            availability: same
            class: {column: class, map: {AMB: AMB, EMER: EMER, IMP: IMP}}
            organisation: organisation

        """;

    private const string Values = $$"""
            value: number
            unit: {column: unit, ucum: true}
            value-code: {column: answer, system: "{{CodeSystems.Snomed}}"}

        """;

    /// <summary>The text of the file.</summary>
    /// <param name="ending">Of the files: <c>.csv</c> or <c>.csv.gz</c>.</param>
    /// <param name="hasLocalCodes">Whether there are results by the hospital's own codes.</param>
    public static string Text(string ending, bool hasLocalCodes)
    {
        var text = People
            + Events("conditions", "condition", CodeSystems.Snomed)
            + Events("medications", "medication", CodeSystems.RxNorm)
            + Events("procedures", "procedure", CodeSystems.Snomed)
            + Events("observations", "observation", CodeSystems.Loinc) + Values
            + (hasLocalCodes ? Events("local-observations", "observation", SynthCode.Local) + Values : "");
        return text.Replace(".csv", ending, StringComparison.Ordinal);
    }

    private static string Events(string file, string kind, string system) => $$"""
          - path: {{file}}.csv
            kind: {{kind}}
            patient: patient
            encounter: encounter
            id: record
            time: time
            available: available
            code: {column: code, system: "{{system}}"}

        """;
}
