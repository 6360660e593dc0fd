using System.IO.Compression;
using FederatedClinicalMl.ClinicalData;

namespace FederatedClinicalMl.Tests.ClinicalData.Connectors.Omop;

/// <summary>Eunomia's GiBleed: real headers, and a version that its columns belie.</summary>
public sealed class OmopGiBleedTests
{
    [Fact]
    public void Every_row_of_gibleed_is_read_and_its_published_counts_are_found()
    {
        var folder = SharedData.Folder("omop-gibleed");
        var source = OmopSource.OpenFolder(folder, OmopOptions.None, OmopExports.Clock);
        var sink = new RecordingSink();

        source.ReadInto(sink, TestContext.Current.CancellationToken);

        Assert.Equal((OmopVersion.V53, 2_694), (source.Version, sink.Patients));
        Assert.Contains("visit_occurrence.csv.gz: the column date(visit_start_date,'unixepoch') is read as visit_start_date.", source.Remarks);
        Assert.Empty(sink.Refused);
        foreach (var table in (string[])["person", "visit_occurrence", "condition_occurrence", "drug_exposure", "procedure_occurrence", "measurement", "observation", "death"])
            Assert.Equal(Rows(folder, table), sink.Added.Count(added => added.File == $"{table}.csv.gz"));
        Assert.Equal(1_844, Patients(sink, EventKind.MedicationOrder, "1118084"));
        Assert.Equal(850, Patients(sink, EventKind.MedicationOrder, "1124300"));
        Assert.Equal(479, Patients(sink, EventKind.Condition, "192671"));
        Assert.All(sink.Events.Where(e => e.Kind == EventKind.Condition && HasConcept(sink, e, "192671")), e => Assert.Contains(new Coding(CodeSystems.Snomed, "74474003"), sink.Concepts[e.Concept]));
        Assert.Equal(
            [("condition_occurrence", 64_717), ("drug_exposure", 66_970), ("procedure_occurrence", 36_819), ("measurement", 44_047), ("observation", 1_320)],
            sink.Notes.Where(note => note.Note == RecordNote.EncounterUnknown).CountBy(note => note.File.Split('.')[0]).Select(count => (count.Key, count.Value)));
    }

    private static int Patients(RecordingSink sink, EventKind kind, string concept) => sink.Events.Where(e => e.Kind == kind && HasConcept(sink, e, concept)).Select(e => e.Patient).Distinct().Count();

    private static bool HasConcept(RecordingSink sink, ClinicalEvent e, string concept) => sink.Concepts[e.Concept].Contains(new Coding(CodeSystems.OmopConcept, concept));

    private static int Rows(string folder, string table)
    {
        using var lines = new StreamReader(new GZipStream(File.OpenRead(Path.Combine(folder, $"{table}.csv.gz")), CompressionMode.Decompress));
        var rows = -1; // the header
        while (lines.ReadLine() is not null)
            rows++;
        return rows;
    }
}
