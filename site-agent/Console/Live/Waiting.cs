using FederatedClinicalMl.Protos.Steward;

namespace FederatedClinicalMl.SiteAgent.StewardConsole;

/// <summary>What waits for a steward.</summary>
/// <param name="Studies">Studies that are to be decided about.</param>
/// <param name="Keys">Hospitals whose keys are not confirmed.</param>
/// <param name="Profiles">Approved studies of which a profile was asked for, and not let out.</param>
internal sealed record Waiting(IReadOnlyList<StudyEntry> Studies, IReadOnlyList<string> Keys, IReadOnlyList<StudyEntry> Profiles)
{
    /// <summary>How many things.</summary>
    public int Count => Studies.Count + Keys.Count + Profiles.Count;

    /// <summary>What waits, by what the worker answers.</summary>
    public static Waiting Of(IReadOnlyList<StudyEntry> studies, MembersReply? members) => new(
        [.. studies.Where(study => study.State == "pending")],
        [.. members?.Studies.SelectMany(study => study.Members).Where(member => member.State is not ("own" or "confirmed")).Select(member => member.Site).Distinct() ?? []],
        [.. studies.Where(study => study.ProfileWaits)]);
}
