using System.Collections.Immutable;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>For whose sake codes and units are looked at: a study's features and cohort, or features of a library.</summary>
/// <param name="Features">Features.</param>
/// <param name="Cohort">Other events that are asked for.</param>
public sealed record TerminologyScope(ImmutableArray<FeatureValue> Features, ImmutableArray<EventSelection> Cohort)
{
    /// <summary>Every definition that comes with the software.</summary>
    public static TerminologyScope Library { get; } = new([.. FeatureLibrary.BuiltIn.Features.Select(feature => feature.Definition.Value)], []);

    /// <summary>A study over events.</summary>
    public static TerminologyScope Of(StudyData data)
    {
        ArgumentNullException.ThrowIfNull(data);
        var cohort = ImmutableArray.CreateBuilder<EventSelection>();
        if (data.Cohort is { } asked)
        {
            if (asked.Index is EventIndex index)
                cohort.Add(index.Events);
            cohort.Add(asked.Outcome.Events);
            cohort.AddRange(asked.Include.Concat(asked.Exclude).OfType<EventsCriterion>().Select(criterion => criterion.Events));
        }

        return new TerminologyScope([.. data.Features.Select(feature => feature.Source?.Value).OfType<FeatureValue>()], cohort.ToImmutable());
    }
}

/// <summary>
/// Finds what a site uses and nobody mapped: codes of events of the kinds that are asked for, where no coding is of a system that definitions name; coded answers
/// of what a feature asks; and units of numbers that a feature asks for, where they do not become its unit.
/// </summary>
public static class TerminologyCheck
{
    /// <summary>Looks at a store's events.</summary>
    /// <param name="snapshot">The store.</param>
    /// <param name="mapping">What the site has mapped, in use or about to be.</param>
    /// <param name="scope">What is asked for.</param>
    /// <param name="import">Number of the import of which only what it added is looked at; null: all.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="DatasetException">A feature asks for what this software does not know.</exception>
    public static TerminologyReport Of(EventSnapshot snapshot, SiteMapping mapping, TerminologyScope scope, int? import, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(mapping);
        ArgumentNullException.ThrowIfNull(scope);
        var concepts = snapshot.Concepts;
        var selector = new EventSelector(new SiteConcepts(concepts, mapping));
        var asked = new Asked(scope, selector);
        var report = new TerminologyReportBuilder(mapping);
        foreach (var (use, count) in snapshot.CountUses(import, cancel))
        {
            if (use.Concept < 0 || !asked.Kinds.Contains(use.Kind))
                continue;
            report.AddConcept(use.Kind, concepts[use.Concept], count);
            var selections = selector.Of(use.Kind, use.Concept);
            if (use.Value >= 0 && selections.ContainsAny(asked.Answers))
                report.AddConcept(use.Kind, concepts[use.Value], count);
            if (use.HasNumber)
                AddUnit(report, asked, selections, concepts[use.Concept], SiteConcepts.Given(concepts, use.Unit), count);
        }

        return report.Build();
    }

    // Features that want the same unit lose the same numbers: these count once.
    private static void AddUnit(
        TerminologyReportBuilder report, Asked asked, ReadOnlySpan<int> selections, ImmutableArray<Coding> concept, Coding unit, long count)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var selection in selections)
        {
            if (asked.Units.TryGetValue(selection, out var wanted) && seen.Add(wanted.Code))
                report.AddUnit(concept, unit, count, wanted.Converter, wanted.Code);
        }
    }

    /// <summary>What is asked for, by the numbers of its selections.</summary>
    private sealed class Asked
    {
        public Asked(TerminologyScope scope, EventSelector selector)
        {
            var answers = new List<int>();
            foreach (var events in scope.Cohort)
                Add(events);
            foreach (var value in scope.Features)
            {
                switch (value)
                {
                    case NumberValue number:
                        Units.Add(Add(number.Events), (number.Unit, FeatureUnits.ConverterOf(number)));
                        break;
                    case CodedValue coded:
                        answers.Add(Add(coded.Events));
                        break;
                    case CountValue count:
                        Add(count.Events);
                        break;
                    case EverValue ever:
                        Add(ever.Events);
                        break;
                    case TimeSinceValue since:
                        Add(since.Events);
                        break;
                    case News2Value:
                        AddNews2();
                        break;
                }
            }

            Answers = [.. answers];

            int Add(EventSelection events)
            {
                foreach (var kind in Enum.GetValues<EventKind>().Where(kind => events.Of.Any(type => EventSelector.IsOf(type, kind))))
                    Kinds.Add(kind);
                return selector.Add(events);
            }

            void AddNews2()
            {
                foreach (var source in News2.Components)
                {
                    var selection = Add(source.Events);
                    if (FeatureUnits.ConverterOf(source) is { } converter)
                        Units.Add(selection, (source.Unit!, converter));
                    if (!source.Levels.IsEmpty)
                        answers.Add(selection);
                }
            }
        }

        public HashSet<EventKind> Kinds { get; } = [];

        public Dictionary<int, (string Code, UnitConverter Converter)> Units { get; } = [];

        public int[] Answers { get; }
    }
}
