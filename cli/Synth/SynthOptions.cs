namespace FederatedClinicalMl.Cli.Synth;

/// <summary>A format in which hospitals are written.</summary>
internal enum SynthFormat
{
    /// <summary>FHIR R4 bulk export.</summary>
    Fhir,

    /// <summary>OMOP CDM 5.4.</summary>
    Omop,

    /// <summary>CSV with a mapping file.</summary>
    Csv,
}

/// <summary>What is to be made.</summary>
/// <param name="Sites">How many hospitals.</param>
/// <param name="Patients">How many patients each has.</param>
/// <param name="Seed">Of everything.</param>
/// <param name="Format">In which format.</param>
/// <param name="Gzip">Whether data files are compressed.</param>
/// <param name="FaultySite">Number of the hospital with planted faults; 0: none.</param>
/// <param name="DriftSite">Number of the hospital with drift; 0: none.</param>
internal sealed record SynthOptions(int Sites, int Patients, long Seed, SynthFormat Format, bool Gzip, int FaultySite, int DriftSite)
{
    public const int MaximumSites = 256;
    public const int MaximumPatients = 1_000_000;

    /// <summary>The hospitals.</summary>
    public IEnumerable<Hospital> Hospitals => Enumerable.Range(1, Sites).Select(site => Hospital.Of(Seed, site, site == DriftSite ? Drift.Planned : null));
}
