using System.Collections.Immutable;
using System.Text;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>
/// Keeps the profile of the rows with which the last run of each study began here, and holds new rows against it: before each round whose rows are others
/// than those that were looked at last, and when the steward asks. Aggregates only; all of it stays at the site. An alarm keeps nobody out: it is for people.
/// </summary>
/// <param name="disk">The worker's own folder.</param>
/// <param name="alarmed">Hears of a check with alarms.</param>
public sealed class DriftDesk(IDisk disk, Action<Study, DriftCheck> alarmed)
{
    private readonly Lock _one = new();

    /// <summary>
    /// Before a round is trained: where the rows changed since they were looked at last (another import, mapping, decision or exclusion), holds them against those
    /// with which the run began, or at its beginning against those of the run before. The reference stays through a run: one that followed each change would
    /// not see many small ones.
    /// </summary>
    /// <param name="study">The study.</param>
    /// <param name="run">The run.</param>
    /// <param name="data">Its rows.</param>
    /// <exception cref="StepDeclinedException">The disk refused.</exception>
    public void BeforeRound(Study study, RunId run, SiteData data)
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(data);
        if (study.Data.Features.Length > ProfileDesign.MaximumFeatures)
            return; // more than a profile is of: such a study trains without
        lock (_one)
        {
            var kept = DriftRecord.Read(disk, study);
            if (kept.Run == run && kept.Rows == data.Fingerprint)
                return; // the same rows, in a later round or in the first again after a crash
            if (kept.Profile is { } reference && kept.Rows != data.Fingerprint)
            {
                kept = kept with { Checks = kept.Checks + 1 };
                var check = StudyDrift.Check(study, reference, data.Cohort.Training, kept.Checks);
                if (check.Alarms.Any())
                    alarmed(study, check);
            }

            try
            {
                (kept with { Run = run, Rows = data.Fingerprint, Profile = kept.Run == run ? kept.Profile : StudyDrift.Profile(study, data.Cohort.Training) }).Write(disk, study);
            }
            catch (IOException error)
            {
                throw new StepDeclinedException(Reason.StorageFull, $"The profile of the training rows could not be written: {error.Message}");
            }
        }
    }

    /// <summary>
    /// Makes a check that the steward asks for, and counts it. The same question about the same rows is the same check: it keeps its number, and says the
    /// same again.
    /// </summary>
    /// <param name="study">The study.</param>
    /// <param name="question">What is asked, in words that tell it from all others.</param>
    /// <param name="rows">Keyed fingerprint of the rows.</param>
    /// <param name="check">Makes the check, of the profile of the last run (null: none trained here) and its number.</param>
    public T Check<T>(Study study, string question, Sha256Digest rows, Func<TrainingProfile?, int, T> check)
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(check);
        lock (_one)
        {
            var kept = DriftRecord.Read(disk, study);
            var key = Sha256Digest.Of(Encoding.UTF8.GetBytes($"{question}|{rows}|{(kept.Profile is { } profile ? Sha256Digest.Of(profile.Write()) : default)}"));
            var number = kept.Asked.FirstOrDefault(asked => asked.Question == key) is { Check: > 0 } before ? before.Check : kept.Checks + 1;
            var answer = check(kept.Profile, number);
            if (number > kept.Checks)
                (kept with { Checks = number, Asked = [.. kept.Asked.TakeLast(DriftRecord.MostAsked - 1), new AskedBefore(key, number)] }).Write(disk, study);
            return answer;
        }
    }

    /// <summary>Removes the profiles of studies, durably.</summary>
    /// <param name="ends">Which.</param>
    public void Forget(Func<StudyDigest, bool> ends)
    {
        lock (_one)
            DriftRecord.Delete(disk, ends);
    }
}
