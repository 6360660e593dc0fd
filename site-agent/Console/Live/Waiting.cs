using FederatedClinicalMl.Protos.Steward;

namespace FederatedClinicalMl.SiteAgent.StewardConsole;

/// <summary>What waits for a steward.</summary>
/// <param name="Studies">Studies that are to be decided about.</param>
/// <param name="Keys">Hospitals whose keys are not confirmed.</param>
/// <param name="Profiles">Approved studies of which a profile was asked for, and not let out.</param>
/// <param name="Values">Data sets with flagged values about which nobody has decided, as far as the worker has counted them.</param>
internal sealed record Waiting(IReadOnlyList<StudyEntry> Studies, IReadOnlyList<string> Keys, IReadOnlyList<StudyEntry> Profiles, IReadOnlyList<DataKept> Values)
{
    /// <summary>How many things; the values of a data set are one.</summary>
    public int Count => Studies.Count + Keys.Count + Profiles.Count + Values.Count;

    /// <summary>What waits, by what the worker answers; null: it has not answered that.</summary>
    public static Waiting Of(IReadOnlyList<StudyEntry> studies, MembersReply? members, ListDataReply? data) => new(
        [.. studies.Where(study => study.State == "pending")],
        [.. members?.Studies.SelectMany(study => study.Members).Where(member => member.State is not ("own" or "confirmed")).Select(member => member.Site).Distinct() ?? []],
        [.. studies.Where(study => study.ProfileWaits)],
        [.. data?.Kept.Where(kept => kept.Waiting > 0) ?? []]);
}
