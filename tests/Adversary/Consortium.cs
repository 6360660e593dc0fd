using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Adversary;

/// <summary>Four hospitals whose stewards have compared worker keys and approved one study. Their updates are 1, 20, 300 and 4000 in every coordinate.</summary>
internal sealed class Consortium : IDisposable
{
    public const int Sum = 4321;

    /// <summary>The hospitals, which have approved a study.</summary>
    /// <param name="aggregation">How its updates are summed.</param>
    /// <param name="parameters">Values of an update.</param>
    /// <param name="quorum">Its quorum.</param>
    /// <param name="weighting">What a site counts by.</param>
    public Consortium(string aggregation = "secure", int parameters = 2, int quorum = 3, string weighting = "equal")
    {
        Study = LyingCoordinator.StudyOf(LyingCoordinator.ListOf(All), quorum, aggregation, parameters, weighting);
        foreach (var hospital in All)
        {
            hospital.Confirm(All);
            hospital.Approve(Study);
        }
    }

    public Hospital[] All { get; } = [new("east", 1), new("north", 20), new("south", 300), new("west", 4000)];

    public Hospital East => All[0];

    public Hospital North => All[1];

    public Hospital South => All[2];

    public Hospital West => All[3];

    public Study Study { get; }

    /// <summary>All but these, for they answer in another way.</summary>
    public Hospital[] Except(params IEnumerable<Hospital> hospitals) => [.. All.Except(hospitals)];

    /// <summary>The digest of the parameters that an honest first round comes to: that of a plain one, of the same updates, without those who are left out.</summary>
    public static Sha256Digest HonestParameters(params IReadOnlyCollection<string> without)
    {
        using var consortium = new Consortium("plain");
        using var coordinator = new RealCoordinator(consortium.Study, consortium.All);
        coordinator.Collect(consortium.All.Where(hospital => !without.Contains(hospital.Name.Value)));
        if (without.Count > 0)
            coordinator.PassDeadline();
        return coordinator.State.History[0].Result!.Value;
    }

    public void Dispose()
    {
        foreach (var hospital in All)
            hospital.Dispose();
    }
}
