using System.Text;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>Ordinals of what resources name by codes. Each is known by the bytes of its JSON, so that the JSON of a concept is looked into once and not once per record.</summary>
internal sealed class FhirConcepts(IEventSink sink, FhirScratch scratch)
{
    /// <summary>Code system of medications that are referred to and that nothing describes, by the identifier of their resource.</summary>
    public const string MedicationReference = "urn:fcml:medication-reference";

    private readonly SliceOrdinals _concepts = new();
    private readonly SliceOrdinals _encounters = new();
    private readonly SliceOrdinals _units = new();
    private readonly SliceOrdinals _organisations = new();
    private readonly SliceOrdinals _medications = new();

    /// <summary>A CodeableConcept: its codings, or its text where it has none; -1: neither.</summary>
    /// <param name="json">Its JSON; empty: not there.</param>
    public int Concept(ReadOnlySpan<byte> json)
    {
        if (json.IsEmpty)
            return -1;
        if (_concepts.Find(json) is { } known)
            return known;
        List<Coding> codings = [];
        AddCodings(codings, json);
        return _concepts.Add(json, Intern(codings));
    }

    /// <summary>What an encounter is: its class, then its types; -1: neither.</summary>
    /// <param name="classJson">JSON of a Coding; empty: not there.</param>
    /// <param name="typesJson">JSON of an array of CodeableConcepts; empty: not there.</param>
    public int Encounter(ReadOnlySpan<byte> classJson, ReadOnlySpan<byte> typesJson)
    {
        var length = classJson.Length + typesJson.Length;
        Span<byte> key = length <= 1024 ? stackalloc byte[length] : new byte[length];
        classJson.CopyTo(key);
        typesJson.CopyTo(key[classJson.Length..]);
        if (_encounters.Find(key) is { } known)
            return known;
        List<Coding> codings = [];
        AddCoding(codings, FhirObject.Read(classJson.IsEmpty ? "{}"u8 : classJson, scratch));
        foreach (var type in new FhirItems(typesJson))
            AddCodings(codings, type);
        return _encounters.Add(key, Intern(codings));
    }

    /// <summary>The unit of a Quantity: its code, where that is of UCUM, or else a text of the site's own; -1: none.</summary>
    public int Unit(in FhirObject quantity)
    {
        var system = quantity.Raw(FhirElement.System);
        var code = quantity.Raw(FhirElement.Code);
        var unit = quantity.Raw(FhirElement.Unit);
        var length = system.Length + code.Length + unit.Length + 2;
        Span<byte> key = length <= 1024 ? stackalloc byte[length] : new byte[length];
        key.Clear();
        system.CopyTo(key);
        code.CopyTo(key[(system.Length + 1)..]);
        unit.CopyTo(key[(system.Length + code.Length + 2)..]);
        return _units.Find(key) ?? _units.Add(key, ReadUnit(quantity));
    }

    /// <summary>An organisation, by its identifier.</summary>
    public int Organisation(ReadOnlySpan<byte> id) => Of(_organisations, CodeSystems.Organisation, id);

    /// <summary>A medication that nothing describes, by its identifier.</summary>
    public int Medication(ReadOnlySpan<byte> id) => Of(_medications, MedicationReference, id);

    /// <summary>A sex.</summary>
    public int Gender(string code) => sink.Concept(new Coding(CodeSystems.Gender, code));

    private int Of(SliceOrdinals ordinals, string system, ReadOnlySpan<byte> code) =>
        ordinals.Find(code) ?? ordinals.Add(code, sink.Concept(new Coding(system, Encoding.UTF8.GetString(code))));

    private int ReadUnit(in FhirObject quantity)
    {
        var code = Encoding.UTF8.GetString(quantity.Text(FhirElement.Code));
        if (code.Length > 0 && Encoding.UTF8.GetString(quantity.Text(FhirElement.System)) == CodeSystems.Ucum)
            return sink.Concept(new Coding(CodeSystems.Ucum, code));
        var text = Encoding.UTF8.GetString(quantity.Text(FhirElement.Unit)) is { Length: > 0 } unit ? unit : code;
        return text.Length > 0 ? sink.Concept(new Coding("", text)) : -1;
    }

    private int Intern(List<Coding> codings) => codings.Count > 0 ? sink.Concept([.. codings]) : -1;

    private void AddCodings(List<Coding> codings, ReadOnlySpan<byte> json)
    {
        var before = codings.Count;
        var concept = FhirObject.Read(json, scratch);
        foreach (var coding in concept.Items(FhirElement.Coding))
            AddCoding(codings, FhirObject.Read(coding, scratch));
        if (codings.Count == before && concept.Text(FhirElement.Text) is { IsEmpty: false } text)
            codings.Add(new Coding("", Encoding.UTF8.GetString(text)));
    }

    private static void AddCoding(List<Coding> codings, in FhirObject coding)
    {
        if (coding.Text(FhirElement.Code) is { IsEmpty: false } code)
            codings.Add(new Coding(Encoding.UTF8.GetString(coding.Text(FhirElement.System)), Encoding.UTF8.GetString(code)));
    }
}

/// <summary>
/// Ordinals by the bytes they were read from. Starts anew when it is full, and leaves long ones out: where each record
/// has words of its own, remembering them all would fill the memory.
/// </summary>
internal sealed class SliceOrdinals
{
    private const int Most = 1 << 15;
    private const int Longest = 1024;

    private readonly List<int> _ordinals = [];
    private Utf8Dictionary _slices = new();

    public int? Find(ReadOnlySpan<byte> slice) => _slices.Find(slice) is var place and >= 0 ? _ordinals[place] : null;

    public int Add(ReadOnlySpan<byte> slice, int ordinal)
    {
        if (slice.Length > Longest)
            return ordinal;
        if (_slices.Count == Most)
        {
            _slices = new Utf8Dictionary();
            _ordinals.Clear();
        }

        _slices.GetOrAdd(slice, out _);
        _ordinals.Add(ordinal);
        return ordinal;
    }
}
