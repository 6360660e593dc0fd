using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Registry;

/// <summary>
/// The documents about a model, made when they are asked for, of its entry and of all that this coordinator has besides: rounds, profile, use. They are handed out like the entry's files, and are none: what they say of use changes.
/// </summary>
public sealed class ModelDocuments(ModelRegistry models, ModelLines lines, CardEvidences evidences, DataFolder folder)
{
    private static readonly FrozenDictionary<string, (Func<ModelFacts, ImmutableArray<RecordedRound>, VerifyingKey, (ModelVersion, string)?, Card> Of, Func<Card, string> Write)> s_documents = new Dictionary<string, (Func<ModelFacts, ImmutableArray<RecordedRound>, VerifyingKey, (ModelVersion, string)?, Card> Of, Func<Card, string> Write)>
    {
        ["card.html"] = (ModelCard.Of, CardWriter.Html), ["card.md"] = (ModelCard.Of, CardWriter.Markdown),
        ["report.html"] = (ReproducibilityReport.Of, CardWriter.Html), ["report.md"] = (ReproducibilityReport.Of, CardWriter.Markdown),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>A model's card.</summary>
    /// <exception cref="DamagedModelException">The entry is not what was registered: what is kept of it would be believed.</exception>
    public Card Card(ModelEntry entry) => Make(entry, ModelCard.Of);

    /// <summary>A document in UTF-8; null where none has this name.</summary>
    /// <param name="entry">The model.</param>
    /// <param name="name">card.html, card.md, report.html or report.md.</param>
    /// <exception cref="DamagedModelException">The entry is not what was registered.</exception>
    public byte[]? Find(ModelEntry entry, string name) => s_documents.TryGetValue(name, out var document) ? Encoding.UTF8.GetBytes(document.Write(Make(entry, document.Of))) : null;

    private Card Make(ModelEntry entry, Func<ModelFacts, ImmutableArray<RecordedRound>, VerifyingKey, (ModelVersion, string)?, Card> document)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var rounds = models.Insist(entry.Digest, folder.Key.PublicKey).Rounds;
        var (facts, version) = (ModelFacts.Of(models, entry.Digest), lines.Of(entry.Name).Of(entry.Digest));
        return document(facts with { Evidence = evidences.Of(facts, rounds, version?.Version) }, rounds, folder.Key.PublicKey, version is null ? null : (version.Version, version.Stage.Word()));
    }
}
