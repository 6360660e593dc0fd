using System.Text;
using System.Text.RegularExpressions;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Retention;

/// <summary>
/// Which results may go. Only those of runs that ended without a model, by failure, by a person, or with a profile of a study of which there is no model. What a run of a model named stays with it for good, in production or retired: every model can be
/// explained back to its cause. So do comparisons, which promotions rest on, and what sites told of served versions. Results are shared by their digests: one that any other run names stays too, and so does one that nobody names, for what it is is not known.
/// </summary>
public static partial class ResultRetention
{
    /// <summary>Results that may go.</summary>
    /// <param name="journal">The runs.</param>
    /// <param name="models">The registry.</param>
    /// <param name="results">What there is.</param>
    /// <param name="endedBefore">Of runs that ended before this.</param>
    public static IReadOnlyList<Sha256Digest> Over(IRunJournal journal, ModelRegistry models, ResultStore results, DateTimeOffset endedBefore)
    {
        ArgumentNullException.ThrowIfNull(journal);
        ArgumentNullException.ThrowIfNull(models);
        ArgumentNullException.ThrowIfNull(results);
        var (over, kept) = (new HashSet<Sha256Digest>(), new HashSet<Sha256Digest>());
        var studies = models.List(out var damaged).Select(entry => entry.Study).ToHashSet();
        foreach (var run in journal.List(openOnly: false))
        {
            var events = journal.Read(run).Select(journaled => journaled.Event).ToList();
            (MayGo(events, damaged.Count == 0 ? studies : null, endedBefore) ? over : kept).UnionWith(events.SelectMany(NamedBy));
        }

        return [.. results.List().Where(digest => over.Contains(digest) && !kept.Contains(digest)).Order()];
    }

    private static bool MayGo(List<RunEvent> events, HashSet<StudyDigest>? studiesOfModels, DateTimeOffset endedBefore) => events is [RunCreated created, .., var last] && last.At < endedBefore && last switch
    {
        RunFailed or RunCancelled => true,
        RunProfiled => studiesOfModels?.Contains(created.Plan.Study) == false, // a model's card shows it; of a damaged one it is not known which
        _ => false,
    };

    // Whatever an event names, in whichever field, also of events that are yet to be thought of: what is overlooked here would be lost.
    private static IEnumerable<Sha256Digest> NamedBy(RunEvent happened) => Digest().Matches(Encoding.UTF8.GetString(RunEventCodec.Write(happened))).Select(match => Sha256Digest.Parse(match.Value));

    [GeneratedRegex("(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")]
    private static partial Regex Digest();
}
