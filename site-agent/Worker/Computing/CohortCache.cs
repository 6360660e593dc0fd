using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>
/// The rows of the study that is running: read once, and again when the file's time or size, the map or the exclusions change. Keeps one
/// study's rows, so that memory does not grow with the number of studies.
/// </summary>
/// <param name="datasets">The site's map of datasets, read anew each time.</param>
/// <param name="events">Opens the event store of a dataset.</param>
/// <param name="secret">For the data's fingerprint.</param>
/// <param name="quality">The site's own rules of data quality, read anew each time; null: it has none.</param>
public sealed class CohortCache(Func<DatasetMap> datasets, Func<string, ClinicalSource> events, SiteSecret secret, Func<QualityReading>? quality = null)
{
    private volatile Kept? _last;

    /// <summary>For those who compute from tables alone.</summary>
    public static ClinicalSource NoEvents(string dataset) => throw new DatasetMissingException($"There is no store of events here, so none under the name '{dataset}'.");

    /// <summary>Lets go of the rows; on any thread.</summary>
    public void Forget() => _last = null;

    /// <summary>The rows that a study sees.</summary>
    /// <exception cref="StepDeclinedException">The dataset is not mapped, not there or not readable.</exception>
    public SiteData Load(Study study, ExclusionList exclusions)
    {
        ArgumentNullException.ThrowIfNull(study);
        return study.Data.Cohort is null ? LoadTable(study, exclusions) : LoadEvents(study, exclusions);
    }

    private SiteData LoadTable(Study study, ExclusionList exclusions)
    {
        var map = datasets();
        if (!map.Sources.TryGetValue(study.Data.Dataset, out var source))
        {
            throw new StepDeclinedException(Reason.DatasetMissing, map.Faults.IsEmpty
                ? $"The dataset '{study.Data.Dataset}' is not mapped. Add it to datasets.yaml."
                : ConfigurationFault.Lines("datasets.yaml", map.Faults));
        }

        var file = new FileInfo(source.Path);
        var key = new Key(study.Digest, source.Path, file.Exists ? file.Length : -1, file.Exists ? file.LastWriteTimeUtc : default, exclusions.Hashes, source);
        return Cached(key, () =>
        {
            var table = TableReader.Read(source, Cohort.NumberColumns(study.Data), Cohort.TextColumns(study.Data));
            var cohort = Cohort.Of(study.Data, table, exclusions.Contains);
            return new SiteData(cohort, table.Faults, secret.FingerprintOf(cohort.AppendTo));
        });
    }

    private SiteData LoadEvents(Study study, ExclusionList exclusions)
    {
        var source = Answer(() => events(study.Data.Dataset));
        var rules = quality?.Invoke() ?? QualityReading.None;
        if (!rules.Faults.IsEmpty)
            throw new StepDeclinedException(Reason.DataUnfit, ConfigurationFault.Lines("quality.yaml", rules.Faults));
        var key = (
            study.Digest, source.Snapshot.Fingerprint, source.Snapshot.Decisions.Version, source.Concepts.Mapping.Digest, source.Clock.Zone.Id, exclusions.Hashes, rules.Digest);
        return Cached(key, () =>
        {
            var cohort = ClinicalCohort.Of(study.Data, source, exclusions.Contains, CancellationToken.None);
            var report = QualityCheck.Of(source, new QualityScope(study.Data, rules.Site), exclusions.Contains, findings: null, CancellationToken.None).Report;
            return new SiteData(cohort.Cohort, [], secret.FingerprintOf(cohort.AppendTo), PolicyCheck.Quality(study.Data.Quality, report));
        });
    }

    private SiteData Cached(object key, Func<SiteData> read)
    {
        if (_last is { } last && last.Key.Equals(key))
            return last.Data;
        _last = null; // frees the old rows before the new ones are read
        var data = Answer(read);
        _last = new Kept(key, data);
        return data;
    }

    private static T Answer<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (DatasetMissingException missing)
        {
            throw new StepDeclinedException(Reason.DatasetMissing, missing.Message);
        }
        catch (Exception gone) when (gone is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new StepDeclinedException(Reason.DatasetMissing, "The data went away while they were read.");
        }
        catch (Exception unfit) when (unfit is DatasetException or SealBrokenException)
        {
            throw new StepDeclinedException(Reason.DataUnfit, unfit.Message);
        }
    }

    private sealed record Kept(object Key, SiteData Data);

    private sealed record Key(StudyDigest Study, string Path, long Length, DateTime Written, object Exclusions, DatasetSource Source)
    {
        // The map is read anew each time: its sources are compared by what they say.
        public bool Equals(Key? other) =>
            other is not null && Study == other.Study && Path == other.Path && Length == other.Length && Written == other.Written
            && ReferenceEquals(Exclusions, other.Exclusions)
            && Source.Format == other.Source.Format && Source.Header == other.Source.Header && Source.Delimiter == other.Source.Delimiter
            && Source.Columns.SequenceEqual(other.Source.Columns) && Source.Missing.SequenceEqual(other.Source.Missing);

        public override int GetHashCode() => HashCode.Combine(Study, Path, Length, Written);
    }
}
