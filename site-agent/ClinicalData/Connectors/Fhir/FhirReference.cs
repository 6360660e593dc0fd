namespace FederatedClinicalMl.ClinicalData;

/// <summary>What a reference points at (https://hl7.org/fhir/R4/references.html).</summary>
/// <param name="type">Name of the resource's type; empty: the reference does not say.</param>
/// <param name="id">Its identifier; empty: the reference names no resource by an identifier.</param>
/// <param name="isContained">Whether it stands in the same resource.</param>
internal readonly ref struct FhirReference(ReadOnlySpan<byte> type, ReadOnlySpan<byte> id, bool isContained)
{
    /// <summary>Name of the resource's type; empty: the reference does not say.</summary>
    public ReadOnlySpan<byte> Type { get; } = type;

    /// <summary>Identifier of the resource; empty: none.</summary>
    public ReadOnlySpan<byte> Id { get; } = id;

    /// <summary>Whether the resource stands in the one that refers to it.</summary>
    public bool IsContained { get; } = isContained;

    /// <summary>
    /// Takes a reference apart: <c>Patient/1</c>, <c>https://server/fhir/Patient/1</c> (whose server is left out: an export is of one server),
    /// either with <c>/_history/2</c>, <c>urn:uuid:...</c>, <c>#contained</c>. A search (<c>Patient?identifier=...</c>) names no resource.
    /// </summary>
    public static FhirReference Parse(ReadOnlySpan<byte> reference)
    {
        if (reference.StartsWith("#"u8))
            return new FhirReference(default, reference[1..], isContained: true);
        if (reference.StartsWith("urn:uuid:"u8))
            return new FhirReference(default, reference["urn:uuid:".Length..], isContained: false);
        if (reference.IndexOfAny((byte)'?', (byte)'#') >= 0)
            return default;
        var slash = reference.LastIndexOf((byte)'/');
        if (slash < 0)
            return default;
        var before = reference[..slash];
        if (before.EndsWith("/_history"u8))
            return Parse(before[..^"/_history".Length]);
        return new FhirReference(before[(before.LastIndexOf((byte)'/') + 1)..], reference[(slash + 1)..], isContained: false);
    }

    /// <summary>Whether it points at a resource of a type in the export, as far as it says.</summary>
    public bool IsTo(FhirType type) => !IsContained && !Id.IsEmpty && (Type.IsEmpty || Type.SequenceEqual(type.Name()));
}
