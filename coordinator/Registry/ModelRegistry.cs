using System.Buffers;
using System.Collections.Frozen;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Learning.Onnx;
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
    /// <summary>Version of this software, as entries name it.</summary>
    public static readonly string OurSoftware = typeof(ModelRegistry).Assembly.GetName().Version!.ToString(fieldCount: 3);

    private readonly IDisk _disk;
    private readonly string _directory;
    private NamedResults? _named; // of the entry that was asked about last: whoever fetches its rounds asks for each

    /// <summary>The registry in a directory of <paramref name="disk"/>.</summary>
    public ModelRegistry(IDisk disk, string directory = "models")
    {
        ArgumentNullException.ThrowIfNull(disk);
        (_disk, _directory) = (disk, directory);
        disk.CreateDirectory(directory);
    }

    /// <summary>All entries whose manifest is what it was, the oldest first.</summary>
    public IReadOnlyList<ModelEntry> List() => List(out _);

    /// <summary>All entries whose manifest is what it was, the oldest first; and the others, each by why it cannot be used.</summary>
    public IReadOnlyList<ModelEntry> List(out IReadOnlyList<DamagedModelException> damaged)
    {
        var (whole, broken) = (new List<ModelEntry>(), new List<DamagedModelException>());
        foreach (var name in _disk.ListDirectories(_directory))
        {
            try
            {
                if (Sha256Digest.TryParse(name, out var model) && Find(model) is { } entry)
                    whole.Add(entry);
            }
            catch (DamagedModelException damage)
            {
                broken.Add(damage);
            }
        }

        damaged = [.. broken.OrderBy(damage => damage.Model)];
        return [.. whole.OrderBy(entry => entry.Registered).ThenBy(entry => entry.Digest)];
    }

    /// <summary>Whether there is an entry, whatever has become of it.</summary>
    public bool Has(Sha256Digest model) => _disk.Exists(PathOf(model, ModelFileNames.Manifest));

    /// <summary>An entry; null where there is none.</summary>
    /// <exception cref="DamagedModelException">Its manifest is not the one of this digest.</exception>
    public ModelEntry? Find(Sha256Digest model)
    {
        if (!Has(model))
            return null;
        try
        {
            var manifest = ModelManifest.Read(DurableFile.Read(_disk, PathOf(model, ModelFileNames.Manifest), ModelManifest.MaximumLength));
            return manifest.Model == model ? manifest.Entry : throw new DamagedModelException(model, $"the digest of {ModelFileNames.Manifest} is {manifest.Model.Short}");
        }
        catch (Exception fault) when (fault is FormatException and not DamagedModelException or InvalidDataException)
        {
            throw new DamagedModelException(model, $"{ModelFileNames.Manifest} cannot be read: {fault.Message}", fault);
        }
    }

    /// <summary>Opens one file of an entry.</summary>
    /// <exception cref="FileNotFoundException">There is no such entry or file.</exception>
    public IDiskFile Open(Sha256Digest model, string file)
    {
        if (file != ModelFileNames.Manifest && Find(model)?.Files.Any(known => known.Name == file) != true)
            throw new FileNotFoundException($"Model {model} has no file '{file}'.");
        return _disk.Open(PathOf(model, file), DiskMode.Read);
    }

    /// <summary>Whether a result is one that an entry's own round records name (<see cref="RoundResults"/>).</summary>
    /// <exception cref="FormatException">The manifest, the study or a record is not one.</exception>
    public bool NamesResult(Sha256Digest model, Sha256Digest result)
    {
        if (_named is not { } named || named.Model != model)
            _named = named = new NamedResults(model, ResultsOf(model));
        return named.Results.Contains(result);
    }

    /// <summary>A file of an entry, held against its digest; null where the entry has none of that name.</summary>
    /// <exception cref="DamagedModelException">It does not hold the bytes that the manifest names.</exception>
    public byte[]? Read(ModelEntry entry, string file)
    {
        ArgumentNullException.ThrowIfNull(entry);
        if (entry.Files.FirstOrDefault(known => known.Name == file) is not { } named)
            return null;
        if (!_disk.Exists(PathOf(entry.Digest, file)))
            throw new DamagedModelException(entry.Digest, $"{file} is missing");
        var content = DurableFile.Read(_disk, PathOf(entry.Digest, file), int.MaxValue);
        return Sha256Digest.Of(content) == named.Digest ? content : throw new DamagedModelException(entry.Digest, $"{file} does not hold the bytes that its manifest names");
    }

    /// <summary>The study of an entry.</summary>
    /// <exception cref="FormatException">Its file is not what its manifest says.</exception>
    public Study StudyOf(ModelEntry entry) =>
        StudyChecker.CheckCanonical(Read(entry, ModelFileNames.Study)).Study ?? throw new FormatException($"The study of the model {entry.Digest} does not pass this version's checks. Use the software version that made it.");

    /// <summary>Insists that an entry is what was registered, to the last byte of every file and every record.</summary>
    /// <exception cref="DamagedModelException">It is not.</exception>
    public ModelCheck Insist(Sha256Digest model, VerifyingKey coordinator)
    {
        var check = Check(model, coordinator);
        return check.Differences is [var first, ..] ? throw new DamagedModelException(model, first) : check;
    }

    /// <summary>Holds an entry against itself and against the key that must have signed it.</summary>
    /// <returns>Everything that does not hold; see <see cref="ModelCheck"/>.</returns>
    public ModelCheck Check(Sha256Digest model, VerifyingKey coordinator)
    {
        ArgumentNullException.ThrowIfNull(coordinator);
        var check = ModelCheck.Of(_disk, $"{_directory}/{model}", coordinator);
        return check.Model is { } found && found != model
            ? check with { Differences = [$"{ModelFileNames.Manifest} is not the one that the model's version names: its digest is {found}, the version {model}.", .. check.Differences] }
            : check;
    }

    /// <summary>The files that an entry of this study has besides its manifest; where the study is not known, those that every entry has.</summary>
    internal static IReadOnlyList<string> FilesOf(Study? study) =>
    [
        ModelFileNames.Constants, ModelFileNames.Parameters, ModelFileNames.Rounds, ModelFileNames.Study,
        .. study?.Evaluation.Every > 0 ? [ModelFileNames.Metrics] : Array.Empty<string>(),
        .. study?.Evaluation.PerSite == true ? [ModelFileNames.SiteMetrics] : Array.Empty<string>(),
        .. study is not null && ModelPlan.For(study).HasNetwork ? [ModelFileNames.Onnx] : Array.Empty<string>(),
    ];

    /// <summary>The file of an evaluation's metrics: they, and the counts that they are made of.</summary>
    internal static byte[] WriteMetrics(EvaluationReport report)
    {
        var json = report.ToJson();
        foreach (var (name, metric) in report.Number?.Metrics.ToJson() ?? report.Metrics.ToJson())
            json[name] = metric?.DeepClone();
        return CanonicalJson.Write(json);
    }

    /// <summary>The evaluation whose metrics are in a file; they are not looked at.</summary>
    /// <exception cref="FormatException">The file holds neither scores nor errors.</exception>
    public static EvaluationReport ReadMetrics(ReadOnlySpan<byte> file)
    {
        if (CanonicalJson.Read(file) is not JsonObject json || !(json.ContainsKey("histogram") || json.ContainsKey("errors")))
            throw new FormatException("it has neither a field 'histogram' nor 'errors'.");
        return EvaluationReport.Read(CanonicalJson.Write(new JsonObject(json.Where(field => field.Key is "histogram" or "errors" or "subgroups").Select(field => KeyValuePair.Create(field.Key, field.Value?.DeepClone())))));
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
            .Append(new ModelFile(ModelFileNames.Parameters, run.Parameters, parametersLength))
            .OrderBy(file => file.Name, StringComparer.Ordinal).ToList();
        var manifest = ModelManifest.Sign(Manifest(source, files), key);
        var model = manifest.Model;

        _disk.CreateDirectory($"{_directory}/{model}");
        if (_disk.Exists(PathOf(model, ModelFileNames.Manifest)))
        {
            _disk.SyncDirectory($"{_directory}/{model}"); // written just before a crash, its name may not be durable yet
            return model;
        }

        foreach (var (name, content) in small)
            DurableFile.Write(_disk, PathOf(model, name), content);
        CopyParameters(results, run.Parameters, model);
        DurableFile.Write(_disk, PathOf(model, ModelFileNames.Manifest), manifest.Write());
        return model;
    }

    private static JsonObject Manifest(ModelSource source, IEnumerable<ModelFile> files)
    {
        var manifest = Described(source, files);
        if (source.Run.Plan.Origin is { } origin)
        {
            manifest["format"] = ModelEntry.FormatWithOrigin;
            manifest["parent"] = origin.Parent?.ToString();
            manifest["environment"] = origin.Environment;
        }

        return manifest;
    }

    private static JsonObject Described(ModelSource source, IEnumerable<ModelFile> files) => new()
    {
        ["format"] = 1,
        ["name"] = source.Study.Name,
        ["run"] = source.Run.Plan.Run.Value,
        ["study"] = source.Study.Digest.ToString(),
        ["initial"] = source.Run.Plan.Parameters.ToString(),
        ["registered"] = CanonicalTime.Write(source.Run.CompletedAt!.Value),
        ["software"] = source.Software,
        ["files"] = new JsonArray([.. files.Select(file => new JsonObject
        {
            ["name"] = file.Name,
            ["digest"] = file.Digest.ToString(),
            ["length"] = file.Length,
        })]),
    };

    private FrozenSet<Sha256Digest> ResultsOf(Sha256Digest model)
    {
        if (Find(model) is not { } entry)
            return [];
        var records = CanonicalJson.Read(Read(entry, ModelFileNames.Rounds)) as JsonArray ?? throw new FormatException($"{ModelFileNames.Rounds} of model {model} is no list.");
        return RoundResults.Of(StudyOf(entry), records.Select(record => RecordedRound.Read(CanonicalJson.Write(record!["record"])))).ToFrozenSet();
    }

    private static List<(string Name, byte[] Content)> SmallFiles(ModelSource source, ResultStore results)
    {
        var (study, run) = (source.Study, source.Run);
        var constants = results.Read(run.Constants!.Value); // a completed run has them
        var files = new List<(string Name, byte[] Content)>
        {
            (ModelFileNames.Constants, constants),
            (ModelFileNames.Rounds, CanonicalJson.Write(new JsonArray([.. source.Records.Select(record => new JsonObject
            {
                ["record"] = CanonicalJson.Read(System.Text.Encoding.UTF8.GetBytes(record.Record)),
                ["signature"] = record.Signature,
            })]))),
            (ModelFileNames.Study, study.Canonical.ToArray()),
        };
        if (run.Metrics is { } metrics)
        {
            files.Add((ModelFileNames.Metrics, WriteMetrics(EvaluationReport.Read(results.Read(metrics)))));
        }

        if (run.SiteMetrics is { } siteMetrics)
            files.Add((ModelFileNames.SiteMetrics, results.Read(siteMetrics)));
        if (ModelPlan.For(study).HasNetwork)
        {
            var parameters = MemoryMarshal.Cast<byte, float>(results.Read(run.Parameters, int.MaxValue));
            files.Add((ModelFileNames.Onnx, OnnxWriter.Write(study, PreprocessingConstants.Read(study, constants), parameters, source.Software)));
        }

        return files;
    }

    // Copied block by block: the vector may be large, and the entry must outlive the results.
    private void CopyParameters(ResultStore results, Sha256Digest parameters, Sha256Digest model)
    {
        var path = PathOf(model, ModelFileNames.Parameters);
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

    private string PathOf(Sha256Digest model, string file) => $"{_directory}/{model}/{file}";

    private sealed record NamedResults(Sha256Digest Model, FrozenSet<Sha256Digest> Results);
}
