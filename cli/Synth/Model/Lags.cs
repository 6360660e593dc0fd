namespace FederatedClinicalMl.Cli.Synth;

/// <summary>
/// When records become known. OMOP has no column for it, so that a lag can only be declared for a whole table: these are constant by table, and a
/// result that was corrected, which is known later than others, stands in OMOP's table <c>observation</c>, whose lag is the longer one.
/// Diagnoses and procedures are known at their encounter's end, medications when they are ordered.
/// </summary>
internal static class Lags
{
    /// <summary>Results and vital signs, after the specimen was taken: OMOP's measurement.</summary>
    public const int MeasurementHours = 2;

    /// <summary>Answers and corrected results: OMOP's observation.</summary>
    public const int ObservationHours = 24;

    /// <summary>Whether a record stands in OMOP's table observation.</summary>
    public static bool IsObservation(SynthEvent item) => item.Kind == SynthKind.Answer || item.Amended;
}
