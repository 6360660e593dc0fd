using FederatedClinicalMl.Coordinator.Dashboard.Charts;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Dashboard;

/// <summary>Who took part in which round, from a run's own record of its steps.</summary>
internal static class Participation
{
    /// <summary>What became of each site in each round's training; of a masked round, in the step in which updates were given.</summary>
    /// <returns>[sites, rounds], sites in the order of the plan.</returns>
    public static ParticipationGrid.Part[,] Of(RunState state)
    {
        var places = state.Plan.Sites.Select((site, place) => (site, place)).ToDictionary(pair => pair.site, pair => pair.place);
        var parts = new ParticipationGrid.Part[places.Count, state.Plan.Rounds];
        foreach (var step in state.History.Where(step => step.Id.Kind == StepKind.Training && step.Id.Round.Value >= 1))
        {
            var round = step.Id.Round.Value - 1;
            for (var site = 0; site < places.Count; site++)
                parts[site, round] = ParticipationGrid.Part.Left; // who was not even asked
            foreach (var (site, answer) in step.Sites)
            {
                if (places.TryGetValue(site, out var place))
                    parts[place, round] = PartOf(answer);
            }

            foreach (var site in step.Participants)
                parts[places[site], round] = ParticipationGrid.Part.Took;
        }

        return parts;
    }

    private static ParticipationGrid.Part PartOf(SiteAnswer answer) => answer switch
    {
        DeclinedAnswer or RefusedAnswer => ParticipationGrid.Part.Declined,
        LeftAnswer => ParticipationGrid.Part.Left,
        _ => ParticipationGrid.Part.NoAnswer,
    };
}
