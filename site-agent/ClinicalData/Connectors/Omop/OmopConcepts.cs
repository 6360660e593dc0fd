using System.Text;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>What concepts mean, from the table <c>concept</c>: a vocabulary and a code in it. A full table has six million rows; here each takes its code and 16 bytes.</summary>
internal sealed class OmopConcepts
{
    private readonly long[] _ids;
    private readonly (int Start, ushort Length, ushort System)[] _places;
    private readonly byte[] _codes;
    private readonly string[] _systems;

    private OmopConcepts(long[] ids, (int Start, ushort Length, ushort System)[] places, byte[] codes, string[] systems) =>
        (_ids, _places, _codes, _systems) = (ids, places, codes, systems);

    /// <summary>Reads the table.</summary>
    public static OmopConcepts Read(ConceptTable table, OmopRow row, CancellationToken cancel)
    {
        var ids = new List<long>();
        var places = new List<(int Start, ushort Length, ushort System)>();
        var codes = new List<byte>();
        var systems = new List<string>();
        while (row.Read())
        {
            cancel.ThrowIfCancellationRequested();
            var id = row.Id(table.Id);
            var (vocabulary, code) = (row.Code(table.Vocabulary), row.Code(table.Code));
            if (vocabulary.Length == 0 || code.Length == 0)
                row.Refuse(RecordFault.ElementMissing, vocabulary.Length == 0 ? table.Vocabulary.Element : table.Code.Element);
            if (row.IsRefused)
                continue;
            var name = SystemOf(vocabulary);
            var system = systems.IndexOf(name);
            if (system < 0)
            {
                system = systems.Count;
                systems.Add(name);
            }

            ids.Add(id);
            var bytes = Encoding.UTF8.GetBytes(code);
            places.Add((codes.Count, (ushort)bytes.Length, checked((ushort)system)));
            codes.AddRange(bytes);
        }

        var (sorted, sortedPlaces) = (ids.ToArray(), places.ToArray());
        Array.Sort(sorted, sortedPlaces);
        return new OmopConcepts(sorted, sortedPlaces, codes.ToArray(), [.. systems]);
    }

    /// <summary>The code of a concept; null: the table does not know it.</summary>
    public Coding? Find(long concept)
    {
        var at = Array.BinarySearch(_ids, concept);
        return at < 0 ? null : new Coding(_systems[_places[at].System], Encoding.UTF8.GetString(_codes, _places[at].Start, _places[at].Length));
    }

    // Names of vocabularies as in OMOP's table vocabulary. The codes of RxNorm Extension begin with OMOP, so that none is RxNorm's.
    private static string SystemOf(string vocabulary) => vocabulary switch
    {
        "SNOMED" => CodeSystems.Snomed,
        "LOINC" => CodeSystems.Loinc,
        "RxNorm" or "RxNorm Extension" => CodeSystems.RxNorm,
        "ICD9CM" => CodeSystems.Icd9,
        "ICD10CM" => CodeSystems.Icd10Cm,
        "ICD10" => CodeSystems.Icd10,
        "CPT4" => CodeSystems.Cpt,
        "UCUM" => CodeSystems.Ucum,
        _ => $"urn:omop:vocabulary:{vocabulary}",
    };
}
