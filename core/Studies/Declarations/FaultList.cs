namespace FederatedClinicalMl.Studies;

/// <summary>Gathers every fault of one check, and knows where each path stands in the text.</summary>
internal sealed class FaultList
{
    private readonly List<StudyFault> _faults = [];
    private readonly Dictionary<string, Mark> _places = new(StringComparer.Ordinal) { [""] = default };

    public bool IsEmpty => _faults.Count == 0;

    /// <summary>In the order of the text.</summary>
    public IReadOnlyList<StudyFault> InOrder() => [.. _faults.OrderBy(fault => new Mark(fault.Line, fault.Column))];

    public void Add(Mark mark, string path, string message) => _faults.Add(new StudyFault(mark.Line, mark.Column, path, message));

    /// <summary>Adds a fault at the place of <paramref name="path"/>, or of the nearest thing around it that is in the text.</summary>
    public void Add(string path, string message)
    {
        var place = path;
        Mark mark;
        while (!_places.TryGetValue(place, out mark))
            place = Outer(place);
        Add(mark, path, message);
    }

    /// <summary>Remembers where <paramref name="path"/> stands: its key rather than its value, and nothing for a default that is not in the text.</summary>
    public void Place(string path, Mark mark)
    {
        if (mark != default)
            _places.TryAdd(path, mark);
    }

    private static string Outer(string path) => path[..Math.Max(0, path.LastIndexOfAny(['.', '[']))];
}
