using FederatedClinicalMl.Tests.ClinicalData.Quality;
using Xunit;

namespace FederatedClinicalMl.Tests.ClinicalData.Events;

public sealed class StoresAtOnceTests
{
    [Fact]
    public void Stores_that_several_threads_fill_at_once_know_their_patients() => Parallel.For(0, 2000, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
    {
        string[] patients = [.. Enumerable.Range(0, 1 + (i % 12)).Select(patient => $"p{i}-{patient}")];
        var ward = patients.Aggregate(new Ward(), (ward, patient) => ward.Number(patient, 0, "8867-4", 70, "/min"));

        Assert.Equal(patients, ward.Open().Snapshot.Patients);
    });
}
