using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.ClinicalData.Quality;
using FederatedClinicalMl.Tests.Coordinator;
using Parquet;
using Xunit;

namespace FederatedClinicalMl.Tests.ClinicalData;

public sealed class TrainingMatrixTests : IDisposable
{
    private static readonly Study s_study = ClinicalStudyText.Of("""
        pulse: {kind: number, of: [observation], codes: {loinc: [8867-4]}, unit: /min, plausible: [20, 300]}
        glucose: {kind: number, of: [observation], codes: {loinc: [2345-7]}, unit: mg/dL, plausible: [1, 2000], aggregate: mean}
        """);

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string File => _folder.Of("matrix.parquet");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Matrix_that_is_read_back_has_the_rows_to_the_bit_and_so_their_fingerprint()
    {
        var matrix = await WriteAsync();

        var rows = ReadBack();

        Assert.Equal(60, rows.Length);
        Assert.Equal(matrix.Cohort.Rows.Select(Bits), rows.Select(Bits));
        Assert.Contains(rows, row => double.IsNaN(row.Values[1]));
        Assert.Contains(rows, row => row.IsTest);
        Assert.Contains(rows, row => row.Label == 1);
        Assert.Equal(matrix.Fingerprint, FingerprintOf(matrix.Cohort with { Rows = rows }));
    }

    [Fact]
    public async Task Matrix_of_a_study_of_a_number_has_the_numbers_and_their_unit()
    {
        var study = ClinicalStudyText.Of(
            "pulse: {kind: number, of: [observation], codes: {loinc: [8867-4]}, unit: /min, plausible: [20, 300]}",
            "index: {event: encounter}\noutcome: {name: glucose, of: [observation], codes: {loinc: [2345-7]}, within: 3d, number: {unit: mg/dL, range: [1, 2000]}}", model: "{kind: linear-regression}");
        var ward = new Ward().Number("p", -1, "8867-4", 70, "/min").Add("p", EventKind.Encounter, 0, CodeSystems.ActCode, "IMP", end: 1).Number("p", 1, "2345-7", 100 * Math.Sqrt(2), "mg/dL");
        var source = ward.Open();
        var cohort = ClinicalCohort.Of(study.Data, source, _ => false, Stop);
        await using (var file = System.IO.File.Create(File))
            await new TrainingMatrix(study, cohort, FingerprintOf(cohort), source.Snapshot, "9.8.7").WriteAsync(file, Stop);

        Assert.Equal((float)(100 * Math.Sqrt(2)), TableReader.Read(new DatasetSource(File, DatasetFormat.Parquet, true, [], ',', [""]), [TrainingMatrix.Label], []).Numbers(TrainingMatrix.Label)[0]);
        await using var reader = await ParquetReader.CreateAsync(File, cancellationToken: Stop);
        using var group = reader.OpenRowGroupReader(0);
        Assert.Equal("mg/dL", group.GetCustomMetadata(reader.Schema.GetDataFields()[1])["fcml.unit"]);
    }

    [Fact]
    public async Task Matrix_says_what_it_is_of()
    {
        var matrix = await WriteAsync();

        await using var reader = await ParquetReader.CreateAsync(File, cancellationToken: Stop);

        Assert.Equal(["pulse", "glucose", "row_label", "row_split", "row_patient", "row_prediction"], reader.Schema.GetDataFields().Select(field => field.Name));
        Assert.Equal(s_study.Digest.ToString(), reader.CustomMetadata["fcml.study"]);
        Assert.Equal(s_study.Digest, StudyChecker.CheckCanonical(Encoding.UTF8.GetBytes(reader.CustomMetadata["fcml.protocol"])).Study!.Digest);
        Assert.Equal(matrix.Fingerprint.ToString(), reader.CustomMetadata["fcml.fingerprint"]);
        Assert.Equal(matrix.Snapshot.Fingerprint.ToString(), reader.CustomMetadata["fcml.snapshot"]);
        Assert.Equal(("0", "9.8.7"), (reader.CustomMetadata["fcml.decisions"], reader.CustomMetadata["fcml.software"]));
        Assert.Equal(
            [("pulse", "pulse@1", "/min"), ("glucose", "glucose@1", "mg/dL")],
            JsonNode.Parse(reader.CustomMetadata["fcml.features"])!.AsArray().Select(item => ((string)item!["column"]!, (string)item["definition"]!, (string)item["unit"]!)));
        using var group = reader.OpenRowGroupReader(0);
        Assert.Equal(("mg/dL", "glucose@1"), group.GetCustomMetadata(reader.Schema.GetDataFields()[1]) is var of ? (of["fcml.unit"], of["fcml.definition"]) : default);
    }

    // As the worker has it: to a stream that cannot seek.
    private async Task<TrainingMatrix> WriteAsync()
    {
        var source = Patients().Open();
        var cohort = ClinicalCohort.Of(s_study.Data, source, _ => false, Stop);
        var matrix = new TrainingMatrix(s_study, cohort, FingerprintOf(cohort), source.Snapshot, "9.8.7");
        await using var stream = new System.IO.Compression.BrotliStream(Stream.Null, System.IO.Compression.CompressionLevel.Fastest);
        Assert.False(stream.CanSeek);
        await matrix.WriteAsync(stream, Stop);
        await using var file = System.IO.File.Create(File);
        await matrix.WriteAsync(file, Stop);
        return matrix;
    }

    // Values that no short decimal gives back, and times that are no whole seconds. Every third patient has no glucose, and every fourth falls ill.
    private static Ward Patients()
    {
        var ward = new Ward();
        for (var i = 0; i < 60; i++)
        {
            var (patient, start) = ($"p{i:00}", i / 7.0);
            ward.Number(patient, start - 1, "8867-4", 40 + (100.0 / (i + 3)), "/min").Add(patient, EventKind.Encounter, start, CodeSystems.ActCode, "IMP", end: start + 1);
            if (i % 3 != 0)
                ward.Number(patient, start - 2, "2345-7", 100 * Math.Sqrt(i), "mg/dL");
            if (i % 4 == 0)
                ward.Add(patient, EventKind.Condition, start + 5, CodeSystems.Snomed, "1");
        }

        return ward;
    }

    private ImmutableArray<ClinicalRow> ReadBack()
    {
        var table = TableReader.Read(
            new DatasetSource(File, DatasetFormat.Parquet, true, [], ',', [""]), ["pulse", "glucose", TrainingMatrix.Label], [TrainingMatrix.Split, TrainingMatrix.Patient, TrainingMatrix.Prediction]);
        return
        [
            .. Enumerable.Range(0, table.Rows).Select(i => new ClinicalRow(
                table.Texts(TrainingMatrix.Patient)[i],
                ClinicalTime.Of(DateTimeOffset.Parse(table.Texts(TrainingMatrix.Prediction)[i], CultureInfo.InvariantCulture)),
                [table.Numbers("pulse")[i], table.Numbers("glucose")[i]],
                (float)table.Numbers(TrainingMatrix.Label)[i],
                table.Texts(TrainingMatrix.Split)[i] == "test")),
        ];
    }

    private static string Bits(ClinicalRow row) =>
        $"{row.Patient} {row.Prediction.Microseconds} {string.Join(' ', row.Values.Select(BitConverter.DoubleToInt64Bits))} {row.Label} {row.IsTest}";

    private static Sha256Digest FingerprintOf(ClinicalCohort cohort)
    {
        using var hash = Ward.Key();
        cohort.AppendTo(hash);
        return Sha256Digest.Of(hash);
    }
}
