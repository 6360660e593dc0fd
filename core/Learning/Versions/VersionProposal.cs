using System.Collections.Immutable;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>What a model's next version is proposed to be, and because of what. A person confirms it, or a greater part; never a smaller one.</summary>
/// <param name="Part">The part that changes; null: it is the line's first version.</param>
/// <param name="Version">The version.</param>
/// <param name="Reasons">In what the study differs from that of the version before, those of the greatest part first.</param>
public sealed record VersionProposal(VersionPart? Part, ModelVersion Version, ImmutableArray<StudyChange> Reasons)
{
    // What makes another algorithm, outcome or population of a study; whatever else trains a model otherwise is a feature or a hyperparameter.
    private static readonly string[] s_major =
    [
        "data.cohort", "data.dataset", "data.label", "data.patient", "data.split", "federation.sites", "model.kind",
    ];

    // Of these a run may come out otherwise, but not what it trains: where it did, the parameters say so.
    private static readonly string[] s_patch = ["ethics", "evaluation", "federation.aggregation", "federation.attempts", "federation.deadline", "federation.keys", "federation.quorum", "federation.required", "intended-use", "purpose", "retraining", "title"];

    /// <summary>The proposal for a line that has no version yet.</summary>
    public static VersionProposal First { get; } = new(null, ModelVersion.First, []);

    /// <summary>The proposal for a model that follows a version.</summary>
    /// <param name="before">The line's greatest version.</param>
    /// <param name="study">Its study.</param>
    /// <param name="parameters">SHA-256 of its parameters.</param>
    /// <param name="next">The model's study.</param>
    /// <param name="nextParameters">SHA-256 of its parameters.</param>
    public static VersionProposal After(ModelVersion before, Study study, Sha256Digest parameters, Study next, Sha256Digest nextParameters)
    {
        var changes = StudyDiff.Between(study, next);
        var part = parameters == nextParameters ? VersionPart.Patch : VersionPart.Minor;
        foreach (var change in changes)
            part = PartOf(change.Path) is var of && of > part ? of : part;
        return new VersionProposal(part, before.Next(part), [.. changes.OrderByDescending(change => PartOf(change.Path))]);
    }

    /// <summary>What a change of a study there makes of a model's version.</summary>
    public static VersionPart PartOf(string path) =>
        s_major.Any(prefix => Leads(prefix, path)) ? VersionPart.Major : s_patch.Any(prefix => Leads(prefix, path)) ? VersionPart.Patch : VersionPart.Minor;

    /// <summary>Whether a person may confirm a version instead: the next of the proposed part, or of a greater one.</summary>
    /// <param name="version">The version.</param>
    /// <param name="before">The line's greatest version; null: it has none.</param>
    public bool Allows(ModelVersion version, ModelVersion? before) =>
        before is { } greatest ? Enum.GetValues<VersionPart>().Any(part => part >= Part && greatest.Next(part) == version) : version == Version;

    private static bool Leads(string prefix, string path) => path == prefix || (path.StartsWith(prefix, StringComparison.Ordinal) && path[prefix.Length] is '.' or '[');
}
