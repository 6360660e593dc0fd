using System.Globalization;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>The store's ordinals of what rows refer to by concept. Each combination is looked up once.</summary>
internal sealed class OmopCodings(OmopConcepts concepts, IEventSink sink)
{
    private readonly Dictionary<(string System, long Concept, long Source, string Text), int> _events = [];
    private readonly Dictionary<(long Unit, string Text), int> _units = [];
    private readonly Dictionary<long, int> _visits = [];

    /// <summary>
    /// What happened: the standard concept's code, the source concept's, the concept itself; and where no concept says what the source had,
    /// that, for the steward to map.
    /// </summary>
    /// <param name="system">System of the site's own codes.</param>
    /// <param name="concept">Standard concept; 0: none.</param>
    /// <param name="source">Source concept; 0: none.</param>
    /// <param name="text">The source's code; empty: none.</param>
    public int Event(string system, long concept, long source, string text)
    {
        if (source != 0 && concepts.Find(source) is not null)
            text = "";
        if (_events.TryGetValue((system, concept, source, text), out var ordinal))
            return ordinal;
        var codings = new List<Coding>();
        AddKnown(codings, concept);
        if (source != concept)
            AddKnown(codings, source);
        if (concept != 0 || (codings.Count == 0 && text.Length == 0))
            codings.Add(Concept(concept));
        if (text.Length > 0)
            codings.Add(new Coding(system, text));
        return _events[(system, concept, source, text)] = sink.Concept([.. codings]);
    }

    /// <summary>A coded value; -1: none.</summary>
    public int Value(long concept) => concept == 0 ? -1 : Event("", concept, 0, "");

    /// <summary>A unit: UCUM's where the concept is, else the source's word, which nobody else understands; -1: none.</summary>
    public int Unit(long concept, string text)
    {
        if (concept == 0 && text.Length == 0)
            return -1;
        if (!_units.TryGetValue((concept, text), out var ordinal))
        {
            var known = concept == 0 ? null : concepts.Find(concept);
            ordinal = known is { System: CodeSystems.Ucum } || text.Length == 0 ? sink.Concept(known ?? Concept(concept)) : sink.Concept(new Coding("", text));
            _units.Add((concept, text), ordinal);
        }

        return ordinal;
    }

    /// <summary>A visit's classes and its concept.</summary>
    public int Visit(long concept)
    {
        if (_visits.TryGetValue(concept, out var ordinal))
            return ordinal;
        var codings = Classes(concept).Select(code => new Coding(CodeSystems.ActCode, code)).ToList();
        AddKnown(codings, concept);
        codings.Add(Concept(concept));
        return _visits[concept] = sink.Concept([.. codings]);
    }

    // https://athena.ohdsi.org, domain Visit.
    private static string[] Classes(long concept) => concept switch
    {
        9201 => ["IMP"], // Inpatient Visit
        32037 => ["IMP"], // Intensive Care, below 9201
        9202 => ["AMB"], // Outpatient Visit
        9203 => ["EMER"], // Emergency Room Visit
        262 => ["EMER", "IMP"], // Emergency Room and Inpatient Visit
        _ => [],
    };

    private static Coding Concept(long concept) => new(CodeSystems.OmopConcept, concept.ToString(CultureInfo.InvariantCulture));

    private void AddKnown(List<Coding> codings, long concept)
    {
        if (concept != 0 && concepts.Find(concept) is { } known)
            codings.Add(known);
    }
}
