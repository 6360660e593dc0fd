using System.Collections.Immutable;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>The files of a bulk export's folder.</summary>
/// <param name="Read">Those that are read, in the order in which they are.</param>
/// <param name="Ignored">Names of those that hold other resources, or do not say what they hold.</param>
internal sealed record FhirFiles(ImmutableArray<(FhirType Type, string Name)> Read, ImmutableArray<string> Ignored)
{
    /// <summary>The files of a folder.</summary>
    /// <exception cref="DatasetException">It cannot be read, or holds none that is read.</exception>
    public static FhirFiles In(string folder) => Of(folder) is { Read.IsEmpty: false } files
        ? files
        : throw new DatasetMissingException($"'{folder}' holds no file to import: name files after the type of their resources, e.g. Patient.ndjson or Observation.000.ndjson.gz.");

    /// <summary>Looks for <c>*.ndjson</c> and <c>*.ndjson.gz</c>, in the folder itself only.</summary>
    /// <exception cref="DatasetException">The folder cannot be read.</exception>
    public static FhirFiles Of(string folder)
    {
        if (!Directory.Exists(folder))
            throw new DatasetMissingException($"'{folder}' is not there, or this account may not read it. Correct the folder of the export.");
        try
        {
            return OfNames(Directory.EnumerateFiles(folder));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw NdjsonBytes.Unreadable(folder, error);
        }
    }

    private static FhirFiles OfNames(IEnumerable<string> paths)
    {
        var names = paths.Select(path => Path.GetFileName(path)).Where(IsNdjson).Order(StringComparer.Ordinal).ToLookup(TypeOf);
        return new FhirFiles(
            [.. names.Where(type => type.Key is not null).OrderBy(type => type.Key).SelectMany(type => type.Select(name => (type.Key!.Value, name)))],
            [.. names[null]]);
    }

    private static bool IsNdjson(string name) =>
        name.EndsWith(".ndjson", StringComparison.OrdinalIgnoreCase) || name.EndsWith(".ndjson.gz", StringComparison.OrdinalIgnoreCase);

    // Observation.ndjson, Observation.000.ndjson.gz, 1.Observation.ndjson, Observation_2.ndjson: the one part that names a type.
    private static FhirType? TypeOf(string name)
    {
        var parts = name.Split('.', '-', '_', ' ');
        var types = Enum.GetValues<FhirType>().Where(type => parts.Contains(type.ToString(), StringComparer.OrdinalIgnoreCase)).ToArray();
        return types.Length == 1 ? types[0] : null;
    }
}
