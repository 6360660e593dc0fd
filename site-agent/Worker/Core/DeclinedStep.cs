using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>A step of an approved study that this site would not do: the log has it, so that a steward reads what was refused, and why, long afterwards.</summary>
/// <param name="Step">The step.</param>
/// <param name="Reason">What the coordinator heard.</param>
/// <param name="Sentence">The sentence behind it; stays at the site.</param>
/// <param name="At">When it was refused for the first time.</param>
public sealed record DeclinedStep(StepId Step, Reason Reason, string Sentence, DateTimeOffset At)
{
    /// <summary>Most of one study that are kept: whoever orders decides how often, and must not fill the log.</summary>
    public const int MostOfStudy = 1000;

    /// <summary>Most characters of the sentence.</summary>
    internal const int LongestSentence = 2000;

    /// <summary>Whether a refusal is this site's own: by its policy, its ledger, its members or its data, and no mishap of the disk or fault of the order.</summary>
    public static bool IsOwn(Reason reason) => reason is Reason.StudyBeyondPolicy or Reason.ReleaseBeyondPolicy or Reason.PrivacyBudgetSpent or Reason.PrivacyLedgerUnresolved
        or Reason.AggregationRefused or Reason.DatasetMissing or Reason.DataUnfit or Reason.DataQuality or Reason.TooFewRows or Reason.ProfileAwaitsSteward;

    /// <summary>Logs a refusal that is this site's own; each step's once for each reason.</summary>
    /// <param name="journal">The log.</param>
    /// <param name="order">The order, which is one: of others the reason is none of these.</param>
    /// <param name="site">This site.</param>
    /// <param name="decline">The refusal.</param>
    internal static void Record(WorkerJournal journal, StepOrder order, SiteId site, StepDeclinedException decline)
    {
        if (!IsOwn(decline.Reason))
            return;
        var work = WorkOrder.Read(order, site);
        lock (journal.Gate)
        {
            var known = journal.State.Declined.GetValueOrDefault(work.Study, []);
            if (journal.Broken is not null || known.Count >= MostOfStudy || known.Any(step => (step.Step, step.Reason) == (work.Step, decline.Reason)))
                return;
            try
            {
                journal.Append(WorkerEntries.StepDeclined, WorkerEntries.DeclinedStep(work, decline));
            }
            catch (IOException)
            {
                // The disk is full. Nothing leaves, which is what matters: the coordinator is answered, and the daily log file has the sentence.
            }
        }
    }
}
