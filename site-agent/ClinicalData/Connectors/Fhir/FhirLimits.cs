namespace FederatedClinicalMl.ClinicalData;

/// <summary>What a file of an export may ask of the machine that reads it.</summary>
/// <param name="LongestLine">
/// Most bytes of a line; longer ones are refused and passed over unread. A resource takes 1 to 10 KB; one with a document inside it megabytes, of which
/// nothing would be kept. Up to four times this is held in memory while a file is read.
/// </param>
/// <param name="GzipRatio">
/// Most bytes that one compressed byte may unpack to. NDJSON of FHIR reaches 10 to 30, of one resource repeated 100 or more; what unpacks to more is made to fill memory and disks.
/// </param>
/// <param name="GzipJudgedAfter">Unpacked bytes up to which the ratio is not looked at: a small file may repeat itself.</param>
public sealed record FhirLimits(int LongestLine = 1 << 20, int GzipRatio = 200, long GzipJudgedAfter = 4 << 20)
{
    /// <summary>1 MiB a line, 200:1 after 4 MiB.</summary>
    public static FhirLimits Default { get; } = new();
}
