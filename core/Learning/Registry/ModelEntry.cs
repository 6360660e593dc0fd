using System.Collections.Immutable;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>One model in the registry: what its manifest says.</summary>
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
    /// <summary>The manifest's format from which on it says whence its run comes.</summary>
    public const int FormatWithOrigin = 2;

    /// <summary>Most characters of <see cref="Environment"/>.</summary>
    public const int LongestEnvironment = 512;

    private const int MaximumFiles = 64;

    /// <summary>The entry that it was trained to follow; null where there was none, or it is not known.</summary>
    public Sha256Digest? Parent { get; init; }

    /// <summary>What the coordinator ran on when the run was created; null where it is not known.</summary>
    public string? Environment { get; init; }

    /// <summary>Names of the files that a site is given to score with it, the manifest first: its metrics too, where it has any, against which the site's own are held.</summary>
    public ImmutableArray<string> Served => File(ModelFileNames.Metrics) is null ? ModelFileNames.Served : ModelFileNames.Served.Add(ModelFileNames.Metrics);

    /// <summary>SHA-256 of the parameters.</summary>
    public Sha256Digest Parameters => Files.Single(file => file.Name == ModelFileNames.Parameters).Digest;

    /// <summary>All that its scores depend on.</summary>
    public ComparedModel Compared => new(Study, Parameters, Files.Single(file => file.Name == ModelFileNames.Constants).Digest);

    /// <summary>The file of a name; null where the entry has none.</summary>
    public ModelFile? File(string name) => Files.FirstOrDefault(file => file.Name == name);

    /// <summary>Reads a manifest's content, strictly.</summary>
    /// <param name="model">SHA-256 of its canonical bytes.</param>
    /// <param name="manifest">The content.</param>
    /// <exception cref="FormatException">The JSON is no manifest.</exception>
    public static ModelEntry Read(Sha256Digest model, JsonObject manifest)
    {
        var fields = new JsonFields(manifest, "manifest");
        var hasOrigin = fields.Integer("format", 1, FormatWithOrigin) == FormatWithOrigin;
        var entry = new ModelEntry(
            model,
            fields.Text("name", 63),
            RunId.Parse(fields.Text("run", 16)),
            new StudyDigest(Sha256Digest.Parse(fields.Text("study", 64))),
            CanonicalTime.TryRead(fields.Text("registered", CanonicalTime.Length), out var registered) ? registered : throw new FormatException($"{fields.PathOf("registered")} must be a time in UTC with milliseconds."),
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
            Sha256Digest.Parse(fields.Text("initial", 64)))
        {
            Parent = hasOrigin && !fields.IsNull("parent") ? Sha256Digest.Parse(fields.Text("parent", 64)) : null,
            Environment = hasOrigin ? fields.Text("environment", LongestEnvironment) : null,
        };
        fields.End();
        return entry;
    }
}

/// <summary>One file of an entry.</summary>
/// <param name="Name">Its name in the entry's folder.</param>
/// <param name="Digest">SHA-256 of its content.</param>
/// <param name="Length">Its bytes.</param>
public sealed record ModelFile(string Name, Sha256Digest Digest, long Length);
