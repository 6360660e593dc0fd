using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Registry;

/// <summary>One model in the registry.</summary>
/// <param name="Digest">SHA-256 of the canonical manifest: the model's version.</param>
/// <param name="Name">The study's name.</param>
/// <param name="Run">The run that made it.</param>
/// <param name="Study">Its study.</param>
/// <param name="Registered">When its last round was committed.</param>
/// <param name="Software">Version of the software that made it.</param>
/// <param name="Files">Its files, in ordinal order of their names; the manifest is not among them.</param>
public sealed record ModelEntry(
    Sha256Digest Digest, string Name, RunId Run, StudyDigest Study, DateTimeOffset Registered, string Software, IReadOnlyList<ModelFile> Files);

/// <summary>One file of an entry.</summary>
public sealed record ModelFile(string Name, Sha256Digest Digest, long Length);

/// <summary>The registry: immutable, content-addressed entries <c>models/&lt;sha256 of the manifest&gt;/</c>.</summary>
public sealed class ModelRegistry
{
    /// <summary>Name of the signed manifest in an entry's folder.</summary>
    public const string ManifestFile = "manifest.json";

    /// <summary>The registry in a directory of <paramref name="disk"/>.</summary>
    public ModelRegistry(IDisk disk, string directory = "models") => throw new NotImplementedException();

    /// <summary>All entries, the oldest first.</summary>
    public IReadOnlyList<ModelEntry> List() => throw new NotImplementedException();

    /// <summary>An entry; null where there is none.</summary>
    public ModelEntry? Find(Sha256Digest model) => throw new NotImplementedException();

    /// <summary>Opens one file of an entry.</summary>
    /// <exception cref="FileNotFoundException">There is no such entry or file.</exception>
    public IDiskFile Open(Sha256Digest model, string file) => throw new NotImplementedException();

    /// <summary>Holds every file against the manifest, and the manifest against its digest and signature.</summary>
    /// <returns>The first difference, as a sentence; null where there is none.</returns>
    public string? Verify(Sha256Digest model, VerifyingKey coordinator) => throw new NotImplementedException();
}
