using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Registry;

/// <summary>What an entry says of how good its model is.</summary>
/// <param name="Entry">The entry.</param>
/// <param name="Study">Its study.</param>
/// <param name="Evaluation">The scores of all sites' test rows, added up; null where nothing was evaluated.</param>
/// <param name="Sites">The sites' own metrics; null where the study asks for none.</param>
public sealed record ModelFacts(ModelEntry Entry, Study Study, EvaluationReport? Evaluation, SiteMetrics? Sites)
{
    /// <summary>What there is of the model beside its entry.</summary>
    public CardEvidence Evidence { get; init; } = CardEvidence.None;

    /// <summary>Reads an entry's facts; its files are held against their digests.</summary>
    /// <exception cref="FormatException">The entry is not there, or its files are not what its manifest says.</exception>
    public static ModelFacts Of(ModelRegistry registry, Sha256Digest model)
    {
        ArgumentNullException.ThrowIfNull(registry);
        var entry = registry.Find(model) ?? throw new FormatException($"The registry has no entry {model}. Restore its folder from a backup.");
        return Of(entry, registry.StudyOf(entry), file => registry.Read(entry, file));
    }

    /// <summary>The facts of an entry that was checked and holds.</summary>
    /// <param name="check">The check.</param>
    /// <param name="folder">Where its files are.</param>
    public static ModelFacts Of(ModelCheck check, IDisk folder)
    {
        ArgumentNullException.ThrowIfNull(check);
        return Of(check.Entry!, check.Study!, file => folder.Exists(file) ? DurableFile.Read(folder, file, int.MaxValue) : null) with
        {
            Evidence = CardEvidence.None with { Rounds = CardEvidence.RoundsOf(check.Rounds, digest => ReadResult(folder, digest)) },
        };
    }

    // Results of rounds are beside an entry that was exported with them, and are held against their names.
    private static byte[]? ReadResult(IDisk folder, Sha256Digest digest) =>
        folder.Exists(RoundResults.NameOf(digest)) && DurableFile.Read(folder, RoundResults.NameOf(digest)) is var content && Sha256Digest.Of(content) == digest ? content : null;

    private static ModelFacts Of(ModelEntry entry, Study study, Func<string, byte[]?> read) => new(
        entry, study,
        read(ModelFileNames.Metrics) is { } metrics ? ModelRegistry.ReadMetrics(metrics) : null,
        read(ModelFileNames.SiteMetrics) is { } sites ? SiteMetrics.Read(sites) : null);
}
