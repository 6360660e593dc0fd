namespace FederatedClinicalMl.ClinicalData;

/// <summary>Where an element's value stands in the JSON of its object.</summary>
internal readonly record struct FhirPlace(FhirElement Element, int Start, int Length);

/// <summary>What reading one resource after another uses again and again: places of elements, and values that recur.</summary>
internal sealed class FhirScratch
{
    private FhirPlace[] _places = new FhirPlace[64];

    /// <summary>Values that stood in earlier resources.</summary>
    public KnownSlices Known { get; } = new();

    /// <summary>Names of elements in earlier resources.</summary>
    public FhirNames Names { get; } = new();

    /// <summary>How many places are in use; 0 before another resource is read.</summary>
    public int Used { get; set; }

    /// <summary>Keeps a place.</summary>
    public void Add(FhirPlace place)
    {
        if (Used == _places.Length)
            Array.Resize(ref _places, Used * 2);
        _places[Used++] = place;
    }

    /// <summary>The first place of an element that is there, from some place on.</summary>
    public FhirPlace Find(int first, FhirElement element)
    {
        while (_places[first].Element != element)
            first++;
        return _places[first];
    }
}
