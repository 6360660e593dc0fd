using System.Text;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>The types of resources that are read, in the order in which they are: what others refer to comes first.</summary>
internal enum FhirType
{
    Organization,
    Patient,
    Encounter,
    Condition,
    Observation,
    Medication,
    MedicationRequest,
    MedicationAdministration,
    Procedure,
}

/// <summary>Names of <see cref="FhirType"/>.</summary>
internal static class FhirTypes
{
    private static readonly byte[][] s_names = [.. Enum.GetNames<FhirType>().Select(Encoding.UTF8.GetBytes)];

    /// <summary>Its name in <c>resourceType</c> and in references.</summary>
    public static ReadOnlySpan<byte> Name(this FhirType type) => s_names[(int)type];

    /// <summary>The type of a name; null: none that is read.</summary>
    public static FhirType? Find(ReadOnlySpan<byte> name)
    {
        for (var i = 0; i < s_names.Length; i++)
        {
            if (name.SequenceEqual(s_names[i]))
                return (FhirType)i;
        }

        return null;
    }
}
