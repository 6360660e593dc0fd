using System.Collections.Frozen;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>The rules that hold everywhere and need neither a selection of codes nor memory of other events.</summary>
internal static class BuiltInChecks
{
    public static IEnumerable<PatientCheck> All(ClinicalSource source, Func<QualityRuleInfo, RuleTally> tally)
    {
        var facts = new ConceptFacts(source.Concepts);
        var latest = source.Snapshot.Imports.Select(import => ClinicalTime.Of(import.At) + BuiltInRules.AheadOfImport).ToArray();
        var noted = NotedRecords.EndingBeforeTheyBegin(source.Snapshot);
        EachEvent Events(QualityRuleInfo rule, EventTest test) => new(tally(rule), test);
        EachPatient Patients(QualityRuleInfo rule, Func<QualityPatient, bool?> test) => new(tally(rule), test);
        return
        [
            Events(BuiltInRules.CodeKnown, (in item, _) => item.Event.Concept < 0 ? null : !facts.HasKnownCode(item.Event.Concept)),
            Events(BuiltInRules.UnitKnown, (in item, _) => item.Event.Unit < 0 ? null : !facts.IsUnit(item.Event.Unit, item.Event.Concept)),
            Patients(BuiltInRules.AgeRange, patient => patient.Birth.IsKnown ? Demographics.Age(patient.Birth, patient.Death.IsKnown ? patient.Death : patient.LastOfCare, source.Clock) > 120 : null),
            Patients(BuiltInRules.MissingBirth, patient => !patient.Birth.IsKnown),
            Patients(BuiltInRules.MissingSex, patient => !patient.HasSex),
            Events(BuiltInRules.MissingTime, (in item, _) => IsCare(item) ? !item.Event.Time.IsKnown : null),
            Events(BuiltInRules.MissingCode, (in item, _) => IsCare(item) && item.Event.Kind != EventKind.Encounter ? item.Event.Concept < 0 : null),
            Events(BuiltInRules.MissingUnit, (in item, _) => double.IsNaN(item.Event.Number) ? null : item.Event.Unit < 0),
            Events(BuiltInRules.MissingValue, (in item, _) => item.Event.Kind == EventKind.Observation ? double.IsNaN(item.Event.Number) && item.Event.Value < 0 : null),
            Events(BuiltInRules.MissingAvailability, (in item, _) => IsCare(item) ? !item.Event.Available.IsKnown : null),
            Events(BuiltInRules.EndBeforeStart, (in item, _) => noted.Contains(item.Origin) ? true : !item.Event.End.IsKnown ? null : item.Event.End < item.Event.Time && !IsDate(item)),
            Events(BuiltInRules.BeforeBirth, (in item, patient) => patient.Birth.IsKnown && item.Event.Time.IsKnown && item.Event.Kind is not (EventKind.Birth or EventKind.Sex)
                ? item.Event.Time < patient.EarliestBirth : null),
            Events(BuiltInRules.AfterDeathRule, (in item, patient) => patient.Death.IsKnown && IsCare(item) ? item.Event.Time > patient.Death + BuiltInRules.AfterDeath : null),
            Patients(BuiltInRules.OneIdentity, patient => patient.Birth.IsKnown || patient.HasSex ? patient.IsTwo : null),
            // A birth of which the year alone is known stands at that year's end.
            Events(BuiltInRules.FutureTime, (in item, _) => item.Event.Time.IsKnown && !(item.Event.Kind is EventKind.Birth or EventKind.Sex && IsDate(item))
                ? item.Event.Time > latest[item.Origin.Import - 1] : null),
            Events(BuiltInRules.KnownBeforeItHappened, (in item, _) => IsCare(item) && item.Event.Available.IsKnown && !IsDate(item) ? item.Event.Available < item.Event.Time : null),
        ];
    }

    private static bool IsCare(in TimelineEvent item) => item.Event.Kind is not (EventKind.Birth or EventKind.Sex or EventKind.Death);

    private static bool IsDate(in TimelineEvent item) => item.Event.Flags.HasFlag(EventFlags.DateOnly);
}

/// <summary>What is asked of concepts again and again.</summary>
/// <param name="concepts">What ordinals stand for.</param>
internal sealed class ConceptFacts(SiteConcepts concepts)
{
    private readonly Dictionary<int, bool> _known = [];
    private readonly Dictionary<(int Unit, int Concept), bool> _units = [];

    /// <summary>Whether a coding is of a system that definitions name.</summary>
    public bool HasKnownCode(int concept)
    {
        if (!_known.TryGetValue(concept, out var known))
            _known[concept] = known = concepts[concept].Any(coding => CodeSystems.NameOf(coding.System) is not (null or "local"));
        return known;
    }

    /// <summary>Whether a unit is one of UCUM.</summary>
    public bool IsUnit(int unit, int concept)
    {
        if (!_units.TryGetValue((unit, concept), out var known))
            _units[(unit, concept)] = known = UcumUnit.TryParse(concepts.UnitOf(unit, concept), out _, out _);
        return known;
    }
}

/// <summary>Records about which an import has noted something that their events no longer show.</summary>
internal static class NotedRecords
{
    /// <summary>Records whose end the connector dropped, because it lies before the beginning; of each import those that its fault file lists.</summary>
    public static FrozenSet<EventOrigin> EndingBeforeTheyBegin(EventSnapshot snapshot)
    {
        var found = new HashSet<EventOrigin>();
        var sentence = $",\"{RecordNote.EndsBeforeItBegins.Sentence()}\"";
        foreach (var import in snapshot.Imports.Where(import => import.Counts.Notes.ContainsKey(RecordNote.EndsBeforeItBegins)))
        {
            foreach (var line in snapshot.Faults(import).Split('\n').Where(line => line.EndsWith(sentence, StringComparison.Ordinal)))
            {
                // "file",line,element,"what": the file's name is quoted, and a name may hold anything but the quotation mark that ends it.
                var end = line.LastIndexOf('"', line.Length - sentence.Length);
                var parts = line[(end + 1)..].Split(',');
                if (import.Files.IndexOf(line[1..end].Replace("\"\"", "\"", StringComparison.Ordinal)) is >= 0 and var file && long.TryParse(parts[1], out var number))
                    found.Add(new EventOrigin(import.Number, file, number));
            }
        }

        return found.ToFrozenSet();
    }
}
