using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Learning.Onnx;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Registry;

/// <summary>What an entry is made of: a completed run and its records. The same source gives the same entry, byte for byte.</summary>
/// <param name="Study">The study.</param>
/// <param name="Run">The completed run.</param>
/// <param name="Records">Its signed round records, from the journal.</param>
/// <param name="Software">Version of this software.</param>
public sealed record ModelSource(Study Study, RunState Run, IReadOnlyList<RoundRecorded> Records, string Software);

/// <summary>
/// The registry: immutable, content-addressed entries <c>models/&lt;sha256 of the manifest&gt;/</c>. The manifest names every other file by digest
/// and is written last, so that an entry with a manifest is whole; without one it is nothing.
/// </summary>
public sealed class ModelRegistry
{
    /// <summary>Name of the signed manifest in an entry's folder: <c>{"manifest": {...}, "signature": base64}</c>.</summary>
    public const string ManifestFile = "manifest.json";

    private const int MaximumManifest = 1 << 20;

    private readonly IDisk _disk;
    private readonly string _directory;

    /// <summary>The registry in a directory of <paramref name="disk"/>.</summary>
    public ModelRegistry(IDisk disk, string directory = "models")
    {
        ArgumentNullException.ThrowIfNull(disk);
        (_disk, _directory) = (disk, directory);
        disk.CreateDirectory(directory);
    }

    /// <summary>All entries, the oldest first.</summary>
    /// <exception cref="FormatException">A manifest is not one.</exception>
    public IReadOnlyList<ModelEntry> List() =>
    [
        .. _disk.ListDirectories(_directory)
            .Select(name => Sha256Digest.TryParse(name, out var model) ? Find(model) : null).OfType<ModelEntry>()
            .OrderBy(entry => entry.Registered).ThenBy(entry => entry.Digest),
    ];

    /// <summary>An entry; null where there is none.</summary>
    /// <exception cref="FormatException">Its manifest is not one.</exception>
    public ModelEntry? Find(Sha256Digest model) =>
        _disk.Exists(PathOf(model, ManifestFile)) ? ModelEntry.Read(model, ReadManifest(model).Manifest) : null;

    /// <summary>Opens one file of an entry.</summary>
    /// <exception cref="FileNotFoundException">There is no such entry or file.</exception>
    public IDiskFile Open(Sha256Digest model, string file)
    {
        if (file != ManifestFile && Find(model)?.Files.Any(known => known.Name == file) != true)
            throw new FileNotFoundException($"Model {model} has no file '{file}'.");
        return _disk.Open(PathOf(model, file), DiskMode.Read);
    }

    /// <summary>Holds every file against the manifest, and the manifest against its digest and signature.</summary>
    /// <returns>The first difference, as a sentence; null where there is none.</returns>
    public string? Verify(Sha256Digest model, VerifyingKey coordinator)
    {
        ArgumentNullException.ThrowIfNull(coordinator);
        if (!_disk.Exists(PathOf(model, ManifestFile)))
            return $"There is no model {model}.";
        ModelEntry entry;
        try
        {
            var (manifest, signature) = ReadManifest(model);
            var canonical = CanonicalJson.Write(manifest);
            if (Sha256Digest.Of(canonical) != model)
                return $"{ManifestFile} is not the one that the model's version names: its digest is {Sha256Digest.Of(canonical)}.";
            if (!coordinator.Verify(SignatureContext.Model, canonical, signature))
                return $"{ManifestFile} is not signed by the coordinator's key {coordinator.Fingerprint}.";
            entry = ModelEntry.Read(model, manifest);
        }
        catch (FormatException fault)
        {
            return $"{ManifestFile} cannot be read: {fault.Message}";
        }

        foreach (var file in entry.Files)
        {
            var path = PathOf(model, file.Name);
            if (!_disk.Exists(path))
                return $"{file.Name} is missing.";
            using var open = _disk.Open(path, DiskMode.Read);
            if (open.Length != file.Length)
                return $"{file.Name} has {open.Length} bytes; the manifest says {file.Length}.";
            if (ResultStore.DigestOf(open) is var digest && digest != file.Digest)
                return $"{file.Name} has the digest {digest}; the manifest says {file.Digest}.";
        }

        return null;
    }

    /// <summary>Registers a completed run's model and returns its version once the entry is durable. Idempotent.</summary>
    /// <exception cref="IOException">The disk refused, or a result has changed on it.</exception>
    internal Sha256Digest Register(ModelSource source, ResultStore results, SigningKey key)
    {
        var run = source.Run;
        results.Verify(run.Parameters);
        var small = SmallFiles(source, results);
        long parametersLength;
        using (var parameters = results.Open(run.Parameters))
            parametersLength = parameters.Length;
        var files = small.Select(file => new ModelFile(file.Name, Sha256Digest.Of(file.Content), file.Content.Length))
            .Append(new ModelFile("parameters.bin", run.Parameters, parametersLength))
            .OrderBy(file => file.Name, StringComparer.Ordinal).ToList();
        var manifest = ModelEntry.Write(source, files);
        var canonical = CanonicalJson.Write(manifest);
        var model = Sha256Digest.Of(canonical);

        _disk.CreateDirectory($"{_directory}/{model}");
        if (_disk.Exists(PathOf(model, ManifestFile)))
        {
            _disk.SyncDirectory($"{_directory}/{model}"); // written just before a crash, its name may not be durable yet
            return model;
        }

        foreach (var (name, content) in small)
            DurableFile.Write(_disk, PathOf(model, name), content);
        CopyParameters(results, run.Parameters, model);
        DurableFile.Write(_disk, PathOf(model, ManifestFile), CanonicalJson.Write(new JsonObject
        {
            ["manifest"] = manifest,
            ["signature"] = Convert.ToBase64String(key.Sign(SignatureContext.Model, canonical)),
        }));
        return model;
    }

    private static List<(string Name, byte[] Content)> SmallFiles(ModelSource source, ResultStore results)
    {
        var (study, run) = (source.Study, source.Run);
        var constants = results.Read(run.Constants!.Value); // a completed run has them
        var files = new List<(string Name, byte[] Content)>
        {
            ("constants.json", constants),
            ("rounds.json", CanonicalJson.Write(new JsonArray([.. source.Records.Select(record => new JsonObject
            {
                ["record"] = CanonicalJson.Read(System.Text.Encoding.UTF8.GetBytes(record.Record)),
                ["signature"] = record.Signature,
            })]))),
            ("study.json", study.Canonical.ToArray()),
        };
        if (run.Metrics is { } metrics)
        {
            var report = EvaluationReport.Read(results.Read(metrics));
            var json = report.Metrics.ToJson();
            json["histogram"] = report.Histogram?.ToJson();
            files.Add(("metrics.json", CanonicalJson.Write(json)));
        }

        if (ModelPlan.For(study).HasNetwork)
        {
            var parameters = MemoryMarshal.Cast<byte, float>(results.Read(run.Parameters, int.MaxValue));
            files.Add(("model.onnx", OnnxWriter.Write(study, PreprocessingConstants.Read(study, constants), parameters, source.Software)));
        }

        return files;
    }

    // Copied block by block: the vector may be large, and the entry must outlive the results.
    private void CopyParameters(ResultStore results, Sha256Digest parameters, Sha256Digest model)
    {
        var path = PathOf(model, "parameters.bin");
        var block = ArrayPool<byte>.Shared.Rent(1 << 20);
        try
        {
            using var source = results.Open(parameters);
            using (var target = _disk.Open(path + DurableFile.TemporarySuffix, DiskMode.Replace))
            {
                for (long offset = 0; source.Read(offset, block) is > 0 and var read; offset += read)
                    target.Write(offset, block.AsSpan(0, read));
                target.Sync();
            }

            _disk.Rename(path + DurableFile.TemporarySuffix, path);
            _disk.SyncDirectory(DiskPath.Directory(path));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }

    private (JsonObject Manifest, byte[] Signature) ReadManifest(Sha256Digest model)
    {
        var fields = new JsonFields(CanonicalJson.Read(DurableFile.Read(_disk, PathOf(model, ManifestFile), MaximumManifest)), ManifestFile);
        var manifest = fields.Node("manifest") as JsonObject ?? throw new FormatException($"{ManifestFile}.manifest must be an object.");
        var signature = new byte[64];
        if (!Convert.TryFromBase64String(fields.Text("signature", 88), signature, out var length) || length != signature.Length)
            throw new FormatException($"{ManifestFile}.signature must be 64 bytes in base64.");
        fields.End();
        return (manifest, signature);
    }

    private string PathOf(Sha256Digest model, string file) => $"{_directory}/{model}/{file}";
}
