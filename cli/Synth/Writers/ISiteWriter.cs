namespace FederatedClinicalMl.Cli.Synth;

/// <summary>Writes the patients of one hospital in one format, one after the other: no more than a patient and buffers is held. Disposing it ends the files.</summary>
internal interface ISiteWriter : IDisposable
{
    /// <summary>Writes all that is recorded of a patient.</summary>
    void Write(SynthPatient patient);
}
