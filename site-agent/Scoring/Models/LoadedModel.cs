using System.Collections.Immutable;
using System.Text.Json.Nodes;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Learning.Onnx;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>Opens a session of a model that was looked at.</summary>
internal delegate IModelSession OpenSession(ReadOnlyMemory<byte> onnx, Study study);

/// <summary>A model that is loaded, warm, and held against its digests and the allow-list of operators.</summary>
internal sealed class LoadedModel : IDisposable
{
    private const int MaximumLength = 80 << 20;

    private readonly IModelSession _session;
    private int _users = 1; // the shelf's own use, and one for each row that runs; whoever ends the last one ends the session

    private LoadedModel(ServedModel served, IModelSession session, double? reference)
    {
        (Model, Study, Features, Reference, _session) = (served.Manifest.Model, served.Study, served.Study.Data.Features, reference, session);
        Sketched = StudyDrift.SketchDesignOf(Study);
        IsOverEvents = Features.All(feature => feature.Source is not null);
    }

    /// <summary>Its version in the registry: SHA-256 of the canonical manifest.</summary>
    public Sha256Digest Model { get; }

    /// <summary>Its study.</summary>
    public Study Study { get; }

    /// <summary>The study's features: the inputs.</summary>
    public ImmutableArray<Feature> Features { get; }

    /// <summary>By what its answered rows are sketched; null: they are not.</summary>
    public ProfileDesign? Sketched { get; }

    /// <summary>Whether its features can be computed of a FHIR Bundle.</summary>
    public bool IsOverEvents { get; }

    /// <summary>AUROC, or of a number the mean absolute error, of its last evaluation by the consortium, where it has one.</summary>
    public double? Reference { get; }

    /// <summary>UCUM unit of the number that it predicts; null: it predicts whether the outcome is positive.</summary>
    public string? Unit => Study.Data.Label.Number?.Unit;

    /// <summary>Loads a model from the shelf.</summary>
    /// <param name="serving">The folder that is shared with the worker.</param>
    /// <param name="model">The model.</param>
    /// <param name="open">Opens a session.</param>
    /// <exception cref="FormatException">A file is not what the digests say, or holds what is not run here.</exception>
    /// <exception cref="IOException">A file is not there, or cannot be read now.</exception>
    public static LoadedModel Load(IDisk serving, Sha256Digest model, OpenSession open)
    {
        var folder = ServingPaths.Model(model);
        var served = ServedModel.Read(model, signer: null, Read);
        OnnxReader.Check(served.Onnx.Span, served.Study, served.Constants);
        IModelSession session;
        try
        {
            session = open(served.Onnx, served.Study);
        }
        catch (ScoringFailedException)
        {
            throw new FormatException($"{ModelFileNames.Onnx} is not taken by ONNX Runtime.");
        }

        var loaded = new LoadedModel(served, session, ReferenceOf(served));
        loaded.Warm();
        return loaded;

        byte[] Read(string name) => DurableFile.Read(serving, $"{folder}/{name}", MaximumLength);
    }

    /// <summary>Whether the model may still be used; then <see cref="Exit"/> ends this use.</summary>
    public bool TryEnter()
    {
        for (var users = Volatile.Read(ref _users); users > 0; users = Volatile.Read(ref _users))
        {
            if (Interlocked.CompareExchange(ref _users, users + 1, users) == users)
                return true;
        }

        return false;
    }

    /// <summary>Ends a use.</summary>
    public void Exit()
    {
        if (Interlocked.Decrement(ref _users) == 0)
            _session.Dispose();
    }

    /// <summary>Scores rows, within a use.</summary>
    /// <inheritdoc cref="IModelSession.Score"/>
    public void Score(ReadOnlySpan<float> values, Span<ModelScore> scores) => _session.Score(values, scores);

    /// <summary>Takes the model off the shelf; rows that run end first.</summary>
    public void Dispose() => Exit();

    // What is compiled and allocated at the first row is so before a patient waits for it.
    private void Warm()
    {
        var values = new float[Features.Length];
        Array.Fill(values, float.NaN);
        try
        {
            Score(values, new ModelScore[1]);
        }
        catch (ScoringFailedException)
        {
            Dispose();
            throw new FormatException($"{ModelFileNames.Onnx} cannot be run: ONNX Runtime fails on a row whose values are all missing.");
        }
    }

    private static double? ReferenceOf(ServedModel served) =>
        served.Metrics is { } file && CanonicalJson.Read(file.Span) is JsonObject json && json[served.Study.Data.Label.Number is null ? "auroc" : "mae"] is JsonValue value && value.TryGetValue(out double known) ? known : null;
}
