using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Studies;
using Parquet;
using Parquet.Schema;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>
/// The rows on which a study over events trains and is tested at a site, as a Parquet file: docs/reference/training-matrix.md. Holds patients' values: it is for
/// the site's own people, and never for a release.
/// </summary>
/// <param name="Study">The study; with a cohort.</param>
/// <param name="Cohort">Its rows at this site.</param>
/// <param name="Fingerprint">Keyed fingerprint of the rows: <see cref="ClinicalCohort.AppendTo"/>.</param>
/// <param name="Snapshot">The store that they were computed from.</param>
/// <param name="Software">Version of the software that computed them.</param>
public sealed record TrainingMatrix(Study Study, ClinicalCohort Cohort, Sha256Digest Fingerprint, EventSnapshot Snapshot, string Software)
{
    /// <summary>Column of the outcome: 1 where it came, else 0; where a number is predicted, the number. No feature's name has an underscore.</summary>
    public const string Label = "row_label";

    /// <summary>Column of the part: <c>train</c> or <c>test</c>.</summary>
    public const string Split = "row_split";

    /// <summary>Column of the patient's pseudonym, as the site's source names them.</summary>
    public const string Patient = "row_patient";

    /// <summary>Column of the moment as of which the features are computed: UTC, in microseconds.</summary>
    public const string Prediction = "row_prediction";

    private const int GroupRows = 1 << 17;
    private const string Key = "fcml.";

    private static readonly DataField<int> s_label = new(Label);
    private static readonly DataField<double> s_number = new(Label);
    private static readonly DataField<string> s_split = new(Split, nullable: false);
    private static readonly DataField<string> s_patient = new(Patient, nullable: false);
    private static readonly DateTimeDataField s_prediction = new(Prediction, DateTimeFormat.Timestamp, isAdjustedToUTC: true, unit: DateTimeTimeUnit.Micros, isNullable: false);

    /// <summary>Writes the file; a value that is missing is null. The stream need not seek.</summary>
    /// <param name="stream">Where to; left open.</param>
    /// <param name="cancel">Stops.</param>
    public async Task WriteAsync(Stream stream, CancellationToken cancel)
    {
        var features = Study.Data.Features.Select(feature => new DataField<double?>(feature.Name)).ToArray();
        var number = Study.Data.Label.Number;
        var schema = new ParquetSchema([.. features, number is null ? s_label : s_number, s_split, s_patient, s_prediction]);
        await using var writer = await ParquetWriter.CreateAsync(schema, stream, new ParquetOptions { CompressionMethod = CompressionMethod.Snappy }, cancellationToken: cancel);
        writer.CustomMetadata = Metadata();
        for (var start = 0; start < Cohort.Rows.Length || start == 0; start += GroupRows)
        {
            var rows = Cohort.Rows.Slice(start, Math.Min(GroupRows, Cohort.Rows.Length - start));
            using var group = writer.CreateRowGroup();
            foreach (var (j, field) in features.Index())
                await group.WriteAsync<double>(field, Column(rows, j), customMetadata: Of(Study.Data.Features[j]), cancellationToken: cancel);
            if (number is null)
                await group.WriteAsync<int>(s_label, rows.Select(row => (int)row.Label).ToArray(), cancellationToken: cancel);
            else
                await group.WriteAsync<double>(s_number, rows.Select(row => (double)row.Label).ToArray(), customMetadata: new(StringComparer.Ordinal) { [$"{Key}unit"] = number.Unit }, cancellationToken: cancel);
            await group.WriteAsync(s_split, rows.Select(row => row.IsTest ? "test" : "train").ToArray());
            await group.WriteAsync(s_patient, rows.Select(row => row.Patient).ToArray());
            await group.WriteAsync<DateTime>(s_prediction, rows.Select(row => DateTime.UnixEpoch.AddMicroseconds(row.Prediction.Microseconds)).ToArray(), cancellationToken: cancel);
        }
    }

    private static double?[] Column(ImmutableArray<ClinicalRow> rows, int feature) =>
        [.. rows.Select(row => double.IsNaN(row.Values[feature]) ? (double?)null : row.Values[feature])];

    // What the file is of, so that it explains itself where it lies.
    private Dictionary<string, string> Metadata() => new(StringComparer.Ordinal)
    {
        [$"{Key}study"] = Study.Digest.ToString(),
        [$"{Key}protocol"] = Encoding.UTF8.GetString(Study.Canonical.Span),
        [$"{Key}features"] = new JsonArray([.. Study.Data.Features.Select(feature => new JsonObject
        {
            ["column"] = feature.Name, ["definition"] = feature.Source!.Value.Definition, ["unit"] = feature.Unit,
        })]).ToJsonString(),
        [$"{Key}fingerprint"] = Fingerprint.ToString(),
        [$"{Key}snapshot"] = Snapshot.Fingerprint.ToString(),
        [$"{Key}decisions"] = Snapshot.Decisions.Version.ToString(CultureInfo.InvariantCulture),
        [$"{Key}software"] = Software,
    };

    private static Dictionary<string, string> Of(Feature feature) =>
        new(StringComparer.Ordinal) { [$"{Key}unit"] = feature.Unit, [$"{Key}definition"] = feature.Source!.Value.Definition };
}
