using System.Collections.Immutable;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>Rules that are held against the data besides the built-in ones.</summary>
/// <param name="Study">Of a study: its features and its rules; null: no study.</param>
/// <param name="Site">The site's own, and what it changes about the built-in ones.</param>
public sealed record QualityScope(StudyData? Study, SiteQuality Site);

/// <summary>What was found.</summary>
/// <param name="Report">Counts.</param>
/// <param name="Findings">Events of each rule that fail it, so many as were asked for: patient-level, for the steward's eyes alone.</param>
/// <param name="More">How many events of a rule fail it besides those, by the rule's id; rules of which there are none are left out.</param>
/// <param name="Queue">Of each rule that flags an event about which nobody has decided, how many it flags: counts alone. Empty where findings were not looked for.</param>
public sealed record QualityRun(QualityReport Report, ImmutableArray<QualityFinding> Findings, ImmutableArray<(string Rule, long Count)> More, ImmutableArray<QualityQueue> Queue);

/// <summary>How many events of a rule wait for a steward's decision.</summary>
/// <param name="Rule">Id of the rule.</param>
/// <param name="Count">How many it flags.</param>
/// <param name="OldestImport">The first import of which one of them is.</param>
public sealed record QualityQueue(string Rule, long Count, int OldestImport);

/// <summary>
/// Checks the quality of a site's events in the manner of ML-DQA: six dimensions, one pass, patient by patient, and one more where findings are asked for.
/// Memory is that of a patient, of the findings kept, of a sample of each measure, and 8 bytes for each patient.
/// </summary>
public static class QualityCheck
{
    /// <summary>Most findings of one rule that a steward is shown at a time.</summary>
    public const int ShownFindings = 1000;

    /// <summary>Holds all rules against a store.</summary>
    /// <param name="source">The store, the site's mapping, the hospital's clock.</param>
    /// <param name="scope">Rules of study and site.</param>
    /// <param name="optedOut">Whether a patient, by pseudonym, opted out: nothing of theirs is looked at.</param>
    /// <param name="findings">Most findings of a rule that are kept; 0: they are counted; null: none is looked for.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="DatasetException">A rule cannot be held against anything.</exception>
    public static QualityRun Of(ClinicalSource source, QualityScope scope, Func<string, bool> optedOut, int? findings, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(scope);
        ArgumentNullException.ThrowIfNull(optedOut);
        var changes = scope.Site.Changes.ToDictionary(change => change.Rule, StringComparer.Ordinal);
        RuleTally Tally(QualityRuleInfo rule) => new(rule.With(changes.GetValueOrDefault(rule.Id)), source.Snapshot.Decisions, findings ?? 0);
        var schema = Tally(BuiltInRules.Schema);
        var spread = new SpreadCheck(Tally(BuiltInRules.OutliersIqr), Tally(BuiltInRules.OutliersZ), source.Concepts);
        var histograms = new List<HistogramBuilder>();
        PatientCheck[] checks =
        [
            .. BuiltInChecks.All(source, Tally),
            new SelectedChecks(source.Concepts, [.. Selected(source.Concepts, scope, Tally, histograms)]),
            spread, new DuplicatePatients(Tally(BuiltInRules.DuplicatePatients)), new DuplicateEvents(Tally(BuiltInRules.DuplicateEvents)),
        ];
        var coverage = scope.Study is { } study ? new FeatureCoverage(study, source, Tally) : null;

        var (patients, events) = (0L, 0L);
        foreach (var (patient, timeline) in Patients(source, optedOut, schema, cancel))
        {
            patients++;
            events += patient.Events.Length;
            foreach (var check in checks)
                check.Look(patient);
            coverage?.Look(timeline);
        }

        foreach (var check in checks)
            check.End();
        if (findings is not null)
        {
            foreach (var (patient, _) in Patients(source, optedOut, schema: null, cancel))
                spread.Flag(patient);
        }

        RuleTally[] tallies = [schema, .. checks.SelectMany(check => check.Tallies), .. coverage?.Tallies ?? []];
        return new QualityRun(
            new QualityReport(
                source.Snapshot.Number, source.Snapshot.Fingerprint, source.Concepts.Mapping.Version, source.Snapshot.Decisions.Version, patients, events,
                InOrder(tallies), [.. histograms.Select(histogram => histogram.Build()).Where(histogram => histogram.Count > 0)], spread.Spreads),
            [.. tallies.SelectMany(tally => tally.Findings)],
            [.. tallies.Where(tally => tally.More > 0).Select(tally => (tally.Rule.Id, tally.More))],
            findings is null ? [] : [.. tallies.Select(tally => tally.Queue).Where(queue => queue.Count > 0)]);
    }

    // One patient after the other, who did not opt out.
    private static IEnumerable<(QualityPatient Patient, PatientTimeline Timeline)> Patients(ClinicalSource source, Func<string, bool> optedOut, RuleTally? schema, CancellationToken cancel)
    {
        var patient = new QualityPatient(source.Concepts, source.Clock);
        foreach (var timeline in source.Snapshot.Read((_, _) => true))
        {
            cancel.ThrowIfCancellationRequested();
            if (optedOut(source.Snapshot.Patients[timeline.Patient]))
                continue;
            patient.Begin(timeline, source.Snapshot.Concepts.Count, schema);
            yield return (patient, timeline);
        }
    }

    private static IEnumerable<SelectedRule> Selected(SiteConcepts concepts, QualityScope scope, Func<QualityRuleInfo, RuleTally> tally, List<HistogramBuilder> histograms)
    {
        foreach (var sign in VitalSign.All)
        {
            var histogram = new HistogramBuilder(sign.Name, sign.Unit, sign.Minimum, sign.Maximum);
            histograms.Add(histogram);
            yield return new RangeRule(sign.Events, tally(sign.Info), null, concepts, RangeRule.ConverterTo(sign.Unit, rule: sign.Rule), histogram);
        }

        yield return new SexRule(SexCodes.Female, tally(BuiltInRules.SexFemale), ofMale: false);
        yield return new SexRule(SexCodes.Male, tally(BuiltInRules.SexMale), ofMale: true);
        if (scope.Study is { } study)
        {
            foreach (var rule in FeatureChecks.Events(study, concepts, tally, histograms))
                yield return rule;
            foreach (var rule in study.Quality.Rules)
                yield return OwnRules.Compile("study", rule, concepts, tally, histograms);
        }

        foreach (var rule in scope.Site.Rules)
            yield return OwnRules.Compile("site", rule, concepts, tally, histograms);
    }

    // The built-in ones in the order of their table, then the others as they come.
    private static ImmutableArray<QualityResult> InOrder(RuleTally[] tallies) =>
    [
        .. tallies.Select(tally => tally.Result).OrderBy(result => BuiltInRules.Ids.IndexOf(result.Rule.Id) is >= 0 and var place ? place : int.MaxValue),
    ];
}
