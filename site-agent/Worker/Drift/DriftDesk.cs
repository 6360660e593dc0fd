using System.Text.Json.Nodes;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>
/// Keeps the profile of the rows on which each study was trained here last, and holds new rows against it: when a new run of the study begins, and
/// when the steward asks. Aggregates only; all of it stays at the site. An alarm keeps nobody out: it is for people.
/// </summary>
/// <param name="disk">The worker's own folder.</param>
/// <param name="alarmed">Hears of a check with alarms.</param>
public sealed class DriftDesk(IDisk disk, Action<Study, DriftCheck> alarmed)
{
    private const string Folder = "drift";

    private readonly Lock _one = new();

    /// <summary>Before a run trains its first round: holds the rows against those of the run before, then keeps theirs.</summary>
    /// <param name="study">The study.</param>
    /// <param name="run">The run.</param>
    /// <param name="training">Its training rows.</param>
    /// <exception cref="StepDeclinedException">The disk refused.</exception>
    public void BeforeTraining(Study study, RunId run, CohortRows training)
    {
        ArgumentNullException.ThrowIfNull(study);
        if (study.Data.Features.Length > ProfileDesign.MaximumFeatures)
            return; // more than a profile is of: such a study trains without
        lock (_one)
        {
            var kept = Read(study);
            if (kept?.Run == run)
                return; // a later round, or the first again after a crash
            var checks = kept?.Checks ?? 0;
            if (kept is not null)
            {
                var check = StudyDrift.Check(study, kept.Profile, training, ++checks);
                if (check.Alarms.Any())
                    alarmed(study, check);
            }

            try
            {
                Write(study, new Kept(run, checks, StudyDrift.Profile(study, training)));
            }
            catch (IOException error)
            {
                throw new StepDeclinedException(Reason.StorageFull, $"The profile of the training rows could not be written: {error.Message}");
            }
        }
    }

    /// <summary>Holds rows against those of the last run, and counts the check.</summary>
    /// <returns>The check; null where no run of the study has trained here yet.</returns>
    public DriftCheck? Check(Study study, CohortRows rows)
    {
        ArgumentNullException.ThrowIfNull(study);
        lock (_one)
        {
            if (Read(study) is not { } kept)
                return null;
            var check = StudyDrift.Check(study, kept.Profile, rows, kept.Checks + 1);
            Write(study, kept with { Checks = kept.Checks + 1 });
            return check;
        }
    }

    /// <summary>Removes the profiles of studies, durably.</summary>
    /// <param name="ends">Which.</param>
    public void Forget(Func<StudyDigest, bool> ends)
    {
        lock (_one)
        {
            var gone = disk.List(Folder).Where(name => Sha256Digest.TryParse(name[..Math.Min(name.Length, 2 * Sha256Digest.Length)], out var study) && ends(new StudyDigest(study))).ToList();
            foreach (var name in gone)
                disk.Delete($"{Folder}/{name}");
            if (gone.Count > 0)
                disk.SyncDirectory(Folder);
        }
    }

    private Kept? Read(Study study)
    {
        var path = PathOf(study);
        if (!disk.Exists(path))
            return null;
        try
        {
            var fields = new JsonFields(CanonicalJson.Read(DurableFile.Read(disk, path)), path);
            var kept = new Kept(RunId.Parse(fields.Text("run", 32)), (int)fields.Integer("checks", 0, int.MaxValue), TrainingProfile.Read(fields.Node("profile"), fields.PathOf("profile")));
            fields.End();
            return kept;
        }
        catch (FormatException)
        {
            return null; // of another version, or damaged: an aggregate for people must not keep a site from training, and the next run makes it anew
        }
    }

    private void Write(Study study, Kept kept)
    {
        disk.CreateDirectory(Folder);
        DurableFile.Write(disk, PathOf(study), CanonicalJson.Write(new JsonObject
        {
            ["run"] = kept.Run.Value,
            ["checks"] = kept.Checks,
            ["profile"] = kept.Profile.ToJson(),
        }));
    }

    private static string PathOf(Study study) => $"{Folder}/{study.Digest}.json";

    private sealed record Kept(RunId Run, int Checks, TrainingProfile Profile);
}
