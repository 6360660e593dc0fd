using FederatedClinicalMl.Cli.Synth;

namespace FederatedClinicalMl.Tests.Cli.Synth;

/// <summary>Hospitals in memory: what a writer gets.</summary>
internal sealed class MadeHospitals
{
    public MadeHospitals(int patients, int faulty = 3, int drift = 4, long seed = 1)
    {
        var options = new SynthOptions(4, patients, seed, SynthFormat.Fhir, Gzip: false, faulty, drift);
        foreach (var hospital in options.Hospitals)
        {
            using var writer = new Keeper();
            Sites.Add((SynthRun.Write(options, hospital, writer, TestContext.Current.CancellationToken), writer.Patients));
        }
    }

    /// <summary>Four hospitals of a thousand patients each, faults at the third and drift at the fourth: made once for all tests.</summary>
    public static Lazy<MadeHospitals> Usual { get; } = new(() => new MadeHospitals(patients: 1000));

    /// <summary>The hospitals, and the patients of each.</summary>
    public List<(MadeSite Made, List<SynthPatient> Patients)> Sites { get; } = [];

    private sealed class Keeper : ISiteWriter
    {
        public List<SynthPatient> Patients { get; } = [];

        public void Write(SynthPatient patient) => Patients.Add(patient);

        public void Dispose()
        {
        }
    }
}
