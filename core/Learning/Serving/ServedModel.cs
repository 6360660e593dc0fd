using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>A model that a site can score with: its files, held against the digests that its manifest names. What the ONNX graph holds is for whoever runs it to look at.</summary>
/// <param name="Manifest">The manifest.</param>
/// <param name="Entry">What it says.</param>
/// <param name="Study">The study, whose features are the graph's inputs.</param>
/// <param name="Constants">The frozen preprocessing constants.</param>
/// <param name="Onnx">The graph.</param>
/// <param name="Metrics">The file of its last evaluation's metrics; null: it has none.</param>
public sealed record ServedModel(ModelManifest Manifest, ModelEntry Entry, Study Study, PreprocessingConstants Constants, ReadOnlyMemory<byte> Onnx, ReadOnlyMemory<byte>? Metrics)
{
    /// <summary>Reads a model and holds it against itself.</summary>
    /// <param name="model">Its version.</param>
    /// <param name="signer">Fingerprint of the key that must have signed the manifest; null: only whether the key that it names has.</param>
    /// <param name="read">The bytes of a file of <see cref="ModelEntry.Served"/>; null where it is missing.</param>
    /// <exception cref="FormatException">A file is missing or is not what was signed; the message says which.</exception>
    public static ServedModel Read(Sha256Digest model, Sha256Digest? signer, Func<string, byte[]?> read)
    {
        ArgumentNullException.ThrowIfNull(read);
        var file = Whole(ModelFileNames.Manifest);
        var manifest = ModelManifest.Read(file);
        if (!manifest.Write().AsSpan().SequenceEqual(file))
            throw new FormatException($"{ModelFileNames.Manifest} is not in canonical form: it was changed.");
        if (manifest.Model != model)
            throw new FormatException($"{ModelFileNames.Manifest} has the digest {manifest.Model}; the model is {model}: one was changed.");
        if (signer is { } wanted && manifest.Key.Fingerprint != wanted)
            throw new FormatException($"{ModelFileNames.Manifest} names the key {manifest.Key.Fingerprint}; {wanted} must have signed it.");
        if (!manifest.IsBy(manifest.Key))
            throw new FormatException($"{ModelFileNames.Manifest} is not signed by the key {manifest.Key.Fingerprint}: the manifest or its signature was changed.");
        var entry = manifest.Entry;
        var canonical = Named(entry, ModelFileNames.Study);
        if (Sha256Digest.Of(canonical) != entry.Study.Value)
            throw new FormatException($"{ModelFileNames.Study} is not the study {entry.Study} that the manifest names.");
        var check = StudyChecker.CheckCanonical(canonical);
        var study = check.Study ?? throw new FormatException($"{ModelFileNames.Study} does not pass this version's checks: {check.Faults[0]}");
        return new ServedModel(
            manifest, entry, study, PreprocessingConstants.Read(study, Named(entry, ModelFileNames.Constants)), Named(entry, ModelFileNames.Onnx),
            entry.File(ModelFileNames.Metrics) is null ? (ReadOnlyMemory<byte>?)null : Named(entry, ModelFileNames.Metrics));

        byte[] Whole(string name) => read(name) ?? throw new FormatException($"{name} is missing.");

        byte[] Named(ModelEntry of, string name)
        {
            var named = of.File(name) ?? throw new FormatException($"{ModelFileNames.Manifest} names no {name}: the model cannot be scored with.");
            var content = Whole(name);
            return content.Length == named.Length && Sha256Digest.Of(content) == named.Digest ? content
                : throw new FormatException($"{name} has {content.Length} bytes and the digest {Sha256Digest.Of(content)}; the manifest says {named.Length} bytes and {named.Digest}.");
        }
    }
}
