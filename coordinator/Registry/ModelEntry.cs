using System.Globalization;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;
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
/// <param name="Initial">SHA-256 of the parameters from which round 1 started.</param>
public sealed record ModelEntry(
    Sha256Digest Digest, string Name, RunId Run, StudyDigest Study, DateTimeOffset Registered, string Software, IReadOnlyList<ModelFile> Files,
    Sha256Digest Initial)
{
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";
    private const int MaximumFiles = 64;

    /// <summary>SHA-256 of the parameters.</summary>
    public Sha256Digest Parameters => Files.Single(file => file.Name == ModelRegistry.ParametersFile).Digest;

    internal static JsonObject Write(ModelSource source, IEnumerable<ModelFile> files) => new()
    {
        ["format"] = 1,
        ["name"] = source.Study.Name,
        ["run"] = source.Run.Plan.Run.Value,
        ["study"] = source.Study.Digest.ToString(),
        ["initial"] = source.Run.Plan.Parameters.ToString(),
        ["registered"] = source.Run.CompletedAt!.Value.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture),
        ["software"] = source.Software,
        ["files"] = new JsonArray([.. files.Select(file => new JsonObject
        {
            ["name"] = file.Name,
            ["digest"] = file.Digest.ToString(),
            ["length"] = file.Length,
        })]),
    };

    /// <exception cref="FormatException">The JSON is no manifest.</exception>
    internal static ModelEntry Read(Sha256Digest model, JsonObject manifest)
    {
        var fields = new JsonFields(manifest, "manifest");
        fields.Integer("format", 1, 1);
        var entry = new ModelEntry(
            model,
            fields.Text("name", 63),
            RunId.Parse(fields.Text("run", 16)),
            new StudyDigest(Sha256Digest.Parse(fields.Text("study", 64))),
            DateTimeOffset.ParseExact(fields.Text("registered", 24), TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal),
            fields.Text("software", 64),
            fields.List("files", MaximumFiles, (node, path) =>
            {
                var file = new JsonFields(node, path);
                var name = file.Text("name", 64);
                if (name.Length == 0 || !name.All(c => c is (>= 'a' and <= 'z') or '.') || name[0] == '.')
                    file.Fail("name", "be lower-case letters and dots");
                var read = new ModelFile(name, Sha256Digest.Parse(file.Text("digest", 64)), file.Integer("length", 0, 1L << 40));
                file.End();
                return read;
            }),
            Sha256Digest.Parse(fields.Text("initial", 64)));
        fields.End();
        return entry;
    }
}

/// <summary>One file of an entry.</summary>
/// <param name="Name">Its name in the entry's folder.</param>
/// <param name="Digest">SHA-256 of its content.</param>
/// <param name="Length">Its bytes.</param>
public sealed record ModelFile(string Name, Sha256Digest Digest, long Length);
