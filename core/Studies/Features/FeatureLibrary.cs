using System.Collections.Immutable;
using System.Reflection;
using System.Text.Json.Nodes;

namespace FederatedClinicalMl.Studies;

/// <summary>A definition in a library.</summary>
/// <param name="Definition">What it says.</param>
/// <param name="Canonical">Canonical JSON of it, with defaults filled in.</param>
/// <param name="File">Where it was read.</param>
public sealed record LibraryFeature(FeatureDefinition Definition, ReadOnlyMemory<byte> Canonical, string File);

/// <summary>A fault in a file of a library.</summary>
/// <param name="File">The file.</param>
/// <param name="Fault">What is wrong.</param>
public sealed record LibraryFault(string File, StudyFault Fault)
{
    /// <inheritdoc/>
    public override string ToString() => $"{File}:{Fault}";
}

/// <summary>
/// Feature definitions by name and version: those that come with the software, and a researcher's own. Immutable; a definition is never replaced, only
/// followed by a new version.
/// </summary>
public sealed class FeatureLibrary
{
    private readonly ImmutableSortedDictionary<string, LibraryFeature> _features;

    private FeatureLibrary(ImmutableSortedDictionary<string, LibraryFeature> features) => _features = features;

    /// <summary>The definitions that come with the software.</summary>
    public static FeatureLibrary BuiltIn { get; } = ReadBuiltIn();

    /// <summary>All definitions, by name, then version.</summary>
    public IEnumerable<LibraryFeature> Features => _features.Values.OrderBy(feature => feature.Definition.Name, StringComparer.Ordinal).ThenBy(feature => feature.Definition.Version);

    /// <summary>A definition by <c>name@version</c>; null where there is none.</summary>
    public LibraryFeature? Find(string reference) => _features.GetValueOrDefault(reference);

    /// <summary>This library and more definitions. Two that differ under one name and version are a fault: a changed definition is a new version.</summary>
    /// <param name="files">Names of files, and their text: one definition each.</param>
    public (FeatureLibrary Library, ImmutableArray<LibraryFault> Faults) With(IEnumerable<(string File, string Text)> files)
    {
        ArgumentNullException.ThrowIfNull(files);
        var features = _features.ToBuilder();
        var faults = ImmutableArray.CreateBuilder<LibraryFault>();
        foreach (var (file, text) in files)
        {
            var (feature, found) = Read(file, text);
            faults.AddRange(found.Select(fault => new LibraryFault(file, fault)));
            if (feature is null)
                continue;
            if (!features.TryGetValue(feature.Definition.Reference, out var other))
                features.Add(feature.Definition.Reference, feature);
            else if (other.Definition.Digest != feature.Definition.Digest)
                faults.Add(new LibraryFault(file, new StudyFault(1, 1, "version", $"{feature.Definition.Reference} is defined otherwise in {other.File}. Give the changed definition a new version.")));
        }

        return (new FeatureLibrary(features.ToImmutable()), faults.ToImmutable());
    }

    /// <summary>Reads one definition; every fault is reported at once.</summary>
    public static (LibraryFeature? Feature, IReadOnlyList<StudyFault> Faults) Read(string file, string text)
    {
        var faults = new FaultList();
        if (YamlDeclarationReader.Read(text, faults) is not { } declaration || FeatureShape.Definition.Check(declaration, "", faults) is not JsonObject definition)
            return (null, faults.InOrder());
        FeatureRules.Check(definition, "", faults);
        return faults.IsEmpty
            ? (new LibraryFeature(ClinicalFeature.Build(definition), CanonicalJson.Write(definition), file), [])
            : (null, faults.InOrder());
    }

    private static FeatureLibrary ReadBuiltIn()
    {
        var assembly = typeof(FeatureLibrary).Assembly;
        var files = assembly.GetManifestResourceNames().Where(name => name.StartsWith("features/", StringComparison.Ordinal)).Order(StringComparer.Ordinal).Select(name => (name, ReadResource(assembly, name)));
        var (library, faults) = new FeatureLibrary(ImmutableSortedDictionary.Create<string, LibraryFeature>(StringComparer.Ordinal)).With(files);
        return faults.IsEmpty ? library : throw new InvalidOperationException($"The built-in feature library has faults:\n{string.Join('\n', faults)}");
    }

    private static string ReadResource(Assembly assembly, string name)
    {
        using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}
