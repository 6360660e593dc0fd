using System.Collections.Immutable;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>
/// Which of a study's selections an event belongs to. Compiled once for a study; what it finds for a concept is kept, so that the codes of a
/// concept are compared once, however many events have it. Not for use by several threads at once.
/// </summary>
internal sealed class EventSelector
{
    private readonly List<(ImmutableArray<EventType> Of, CodeSet? Codes)> _selections = [];
    private readonly Dictionary<(EventKind, int), int[]> _found = [];
    private readonly SiteConcepts _concepts;

    public EventSelector(SiteConcepts concepts) => _concepts = concepts;

    /// <summary>Adds a selection and gives its number.</summary>
    public int Add(EventSelection selection)
    {
        _selections.Add((selection.Of, selection.Codes.IsEmpty ? null : CodesOf(selection.Codes)));
        return _selections.Count - 1;
    }

    /// <summary>Codes of a study, with the addresses of their systems.</summary>
    /// <exception cref="DatasetException">A code is written as none can be: studies come from outside, and no checker knows every code system.</exception>
    public static CodeSet CodesOf(ImmutableArray<StudyCode> codes)
    {
        try
        {
            return new CodeSet([.. codes.Select(code => (CodeSystems.AddressOf(code.System) ?? code.System, code.Code))]);
        }
        catch (ArgumentException fault)
        {
            throw new DatasetException($"The study names codes that cannot be: {fault.Message}");
        }
    }

    /// <summary>Numbers of the selections to which events of a kind and concept (-1: none) belong, in order.</summary>
    public ReadOnlySpan<int> Of(EventKind kind, int concept)
    {
        if (!_found.TryGetValue((kind, concept), out var selections))
            _found[(kind, concept)] = selections = Find(kind, concept);
        return selections;
    }

    private int[] Find(EventKind kind, int concept) =>
    [
        .. _selections.Index().Where(item => item.Item.Of.Any(type => IsOf(type, kind))
            && (item.Item.Codes is not { } codes || (concept >= 0 && codes.Contains(_concepts[concept].AsSpan())))).Select(item => item.Index),
    ];

    /// <summary>Whether events of a kind are of a type that definitions name.</summary>
    public static bool IsOf(EventType type, EventKind kind) => type switch
    {
        EventType.Condition => kind == EventKind.Condition,
        EventType.Observation => kind == EventKind.Observation,
        EventType.Medication => kind is EventKind.MedicationOrder or EventKind.MedicationAdministration,
        EventType.Procedure => kind == EventKind.Procedure,
        EventType.Encounter => kind == EventKind.Encounter,
        EventType.Death => kind == EventKind.Death,
        _ => false,
    };
}
