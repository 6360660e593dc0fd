using System.Collections.Immutable;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>What a line of models is served with. Immutable; made only where it fits together.</summary>
public sealed record ServedModels
{
    private ServedModels(ServedVersion? production, ServedVersion? fallback, ServedCandidate? candidate) => (Production, Fallback, Candidate) = (production, fallback, candidate);

    /// <summary>Nothing.</summary>
    public static ServedModels None { get; } = new(null, null, null);

    /// <summary>The version that answers; null: none does.</summary>
    public ServedVersion? Production { get; }

    /// <summary>The version that answers once the one in production is out of use; kept warm. Null: none would.</summary>
    public ServedVersion? Fallback { get; }

    /// <summary>The version that is tried; null: none is.</summary>
    public ServedCandidate? Candidate { get; }

    /// <summary>Each model once.</summary>
    public ImmutableArray<Sha256Digest> Models => [.. new[] { Production, Fallback, Candidate?.Served }.OfType<ServedVersion>().Select(version => version.Model).Distinct()];

    /// <summary>What a line is served with.</summary>
    /// <exception cref="ArgumentException">A fallback, or a candidate that answers, has no version in production beside it; or two of the three are the same.</exception>
    public static ServedModels Of(ServedVersion? production, ServedVersion? fallback, ServedCandidate? candidate) =>
        WhyNot(production, fallback, candidate) is { } fault ? throw new ArgumentException(fault, nameof(production)) : new ServedModels(production, fallback, candidate);

    /// <summary>Writes the fields <c>production</c>, <c>fallback</c> and <c>candidate</c> into an object.</summary>
    public void WriteTo(JsonObject json)
    {
        ArgumentNullException.ThrowIfNull(json);
        json["production"] = Production?.ToJson();
        json["fallback"] = Fallback?.ToJson();
        json["candidate"] = Candidate?.ToJson();
    }

    /// <summary>Reads those fields.</summary>
    /// <exception cref="FormatException">They are something else, or do not fit together.</exception>
    public static ServedModels Read(JsonFields fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        var (production, fallback, candidate) = (Part(fields, "production", ServedVersion.Read), Part(fields, "fallback", ServedVersion.Read), Part(fields, "candidate", ServedCandidate.Read));
        return WhyNot(production, fallback, candidate) is { } fault ? throw new FormatException($"{fields.PathOf("production")}: {fault}") : new ServedModels(production, fallback, candidate);
    }

    private static T? Part<T>(JsonFields fields, string name, Func<JsonFields, T> read)
        where T : class
    {
        if (fields.IsNull(name))
            return null;
        var part = fields.Object(name);
        var value = read(part);
        part.End();
        return value;
    }

    private static string? WhyNot(ServedVersion? production, ServedVersion? fallback, ServedCandidate? candidate)
    {
        var all = new[] { production, fallback, candidate?.Served }.OfType<ServedVersion>().ToList();
        return production is null && fallback is not null ? "A fallback needs a version in production that it stands behind."
            : production is null && candidate is { Rollout.Mode: not RolloutMode.Shadow } ? "A candidate that answers needs a version in production beside it."
            : all.Select(version => version.Model).Distinct().Count() < all.Count || all.Select(version => version.Version).Distinct().Count() < all.Count ? "Production, fallback and candidate must be different models, of different versions."
            : null;
    }
}
