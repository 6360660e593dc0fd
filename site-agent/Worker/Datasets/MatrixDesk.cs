using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>Gives people at the site the rows on which a study would train here; who was given what is in the worker's log.</summary>
/// <param name="core">For exclusions and log.</param>
/// <param name="events">The stores.</param>
/// <param name="secret">For the fingerprint.</param>
/// <param name="exchange">The folder that the gateway shares.</param>
public sealed class MatrixDesk(WorkerCore core, SiteEvents events, SiteSecret secret, string exchange)
{
    private readonly string _exchange = RealPath.Of(exchange);

    /// <summary>Computes the rows, and logs that they are handed out.</summary>
    /// <param name="study">The study; approved or not: nothing leaves the site.</param>
    /// <param name="path">Where the file will lie: a full path without links.</param>
    /// <param name="steward">Who asks.</param>
    /// <param name="cancel">Stops the computation.</param>
    /// <exception cref="StewardException">The study is over a table, its data cannot be read, or the gateway could read the file.</exception>
    public TrainingMatrix Of(Study study, string path, string steward, CancellationToken cancel) => DataDesk.Answer(() =>
    {
        core.RequireSoundLog(); // or nobody would seem to have opted out, and nothing to have been decided
        if (study.Data.Cohort is null)
            throw new StewardException($"The study {study.Name} reads a table: its rows are that file, which datasets.yaml maps as '{study.Data.Dataset}'.");
        if (!Path.IsPathFullyQualified(path))
            throw new StewardException($"'{path}' is not a full path.");
        if (IsShared(path))
            throw new StewardException($"'{path}' is in the folder that this worker shares with the gateway, which must never see a patient's row. Name a file elsewhere.");
        var source = events.Open(study.Data.Dataset);
        var cohort = ClinicalCohort.Of(study.Data, source, core.Exclusions().Contains, cancel);
        var matrix = new TrainingMatrix(study, cohort, secret.FingerprintOf(cohort.AppendTo), source.Snapshot, WorkerHost.Software);
        core.RecordMatrix(study.Digest, matrix.Fingerprint, cohort.Rows.Length, steward);
        return matrix;
    });

    // By letters whatever their case: on a disk that tells cases apart this refuses more than it must.
    private bool IsShared(string path)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)) + Path.DirectorySeparatorChar;
        return full.StartsWith(Path.TrimEndingDirectorySeparator(_exchange) + Path.DirectorySeparatorChar, StringComparison.OrdinalIgnoreCase);
    }
}
