using System.Globalization;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>What is asked, by whom, of which patients, and for what.</summary>
internal static class AskedSection
{
    private const int MostNames = 40;

    public static PageSection Of(PageFacts facts)
    {
        var (study, record) = (facts.Study, facts.Record);
        List<PageItem> items =
        [
            new("Study", $"{study.Name}, {PageText.Quote(study.Title)}."),
            new("Purpose", PageText.Quote(study.Purpose)),
            new("Ethics", PageText.Quote(study.Ethics)),
            new("Signed by", $"{PageText.Quote(record.Submitter)}, as the certificate says that came with the study. This worker has checked the signature; that the certificate is the consortium's, the coordinator has."),
            new("What is approved", $"Exactly the bytes whose SHA-256 is {study.Digest}. Anything else is another study and needs another approval. No code comes with it."),
            new("Model", Model(facts)),
        ];
        if (facts.ReadsData)
            items.AddRange([new("Patients", Patients(facts)), new("Read of them", Features(study))]);
        items.Add(new("Hospitals", Hospitals(facts)));
        items.Add(new("Rounds", Rounds(facts)));
        if (study.MayStartByItself)
            items.Add(new("Runs that nobody starts", "The study lets the coordinator start a run by itself, when an alert or a date proposes to train the model again, and no person is asked then. What this page and the policy say holds for each of them; withdrawing the approval ends them here.", attention: true));
        items.Add(new("Decision", Decided(record)));
        return new("What is asked of you", [.. items]);
    }

    private static string Model(PageFacts facts) => (facts.Study.Model switch
    {
        LogisticRegression => "A logistic regression",
        LinearRegression => "A linear regression",
        Mlp mlp => $"A neural network with hidden layers of {string.Join(", ", mlp.Hidden)}",
        _ => "None: a benchmark that adds a constant, and reads no patient's data,",
    }) + $" of {PageFacts.Count(facts.Dimension, "number", "numbers")} that are learned.";

    private static string Patients(PageFacts facts)
    {
        var data = facts.Study.Data;
        var source = facts.Population is not { } population ? "which datasets.yaml does not map"
            : population == data.Dataset ? "as datasets.yaml maps it" : $"as datasets.yaml maps it, of the population '{population}'";
        var unit = data.Cohort is not null ? "Rows are made of the patients' events, as the study says who is in it."
            : data.Patient is { } column ? $"The column {PageText.Quote(column)} names the patient; one may have several rows."
            : "No column names the patient, so each row counts as a patient of its own.";
        return $"Those of the data set '{data.Dataset}', {source}. {unit}";
    }

    private static string Features(Study study)
    {
        var (names, outcome) = (study.Data.Features.Select(feature => PageText.Quote(feature.Name)).ToList(), PageText.Quote(study.Data.Label.Name));
        var more = names.Count > MostNames ? $" and {names.Count - MostNames} more, which 'site-worker studies show --json' lists" : "";
        return $"{string.Join(", ", names.Take(MostNames))}{more}; the outcome is {outcome}{(study.Data.Label.Number is { } number ? $", a number in {PageText.Quote(number.Unit)}" : "")}.";
    }

    private static string Hospitals(PageFacts facts)
    {
        var federation = facts.Study.Federation;
        return facts.Hospitals == 0
            ? $"None is named: every hospital that is enrolled and has approved the study is invited when a run starts; {PageFacts.Count(federation.Quorum, "is", "are")} enough."
            : $"{facts.Hospitals} are invited: {string.Join(", ", federation.Sites.Select(site => site == facts.Site ? $"{site} (this one)" : site.Value))}. {PageFacts.Count(federation.Quorum, "is", "are")} enough for a step.";
    }

    private static string Rounds(PageFacts facts)
    {
        var most = facts.Policy.Policy is { } policy
            ? string.Create(CultureInfo.InvariantCulture, $"; this hospital answers no more than {policy.MaximumRounds} rounds of the study over all runs (maximum-rounds in policy.yaml), and has answered {facts.State.RoundsOf(facts.Study.Digest)}") : "";
        return $"{PageFacts.Count(facts.Rounds, "round", "rounds")} in each run. The study does not say how often it is run: whoever may start runs says that{most}.";
    }

    private static string Decided(StudyRecord record)
    {
        if (record.Decision == Decision.Pending)
            return record.Withdrawn ? "The coordinator has taken the offer back." : "No steward of this hospital has decided yet. Until one has approved it, nothing is computed for it.";
        var what = record.Decision switch { Decision.Approved => "Approved", Decision.Refused => "Refused", _ => "The approval was withdrawn" };
        var page = record.Decision == Decision.Approved && record.Page is { } digest ? $" This page then had the SHA-256 {digest}." : "";
        return string.Create(CultureInfo.InvariantCulture, $"{what} by {PageText.Quote(record.DecidedBy)} at {record.DecidedAt:u}.{page}");
    }
}
