namespace FederatedClinicalMl.Cli.Synth;

/// <summary>What an encounter is there for.</summary>
internal enum Visit
{
    /// <summary>A visit to the outpatients' department.</summary>
    Clinic,

    /// <summary>A visit to the emergency department.</summary>
    Emergency,

    /// <summary>A stay.</summary>
    Stay,

    /// <summary>The emergency visit or the stay at which the outcome is found.</summary>
    Outcome,
}

/// <summary>An encounter that is going to be.</summary>
/// <param name="Visit">What for.</param>
/// <param name="Class">AMB, EMER or IMP.</param>
/// <param name="Start">Its beginning.</param>
/// <param name="End">Its end.</param>
internal sealed record PlannedEncounter(Visit Visit, string Class, DateTime Start, DateTime End);

/// <summary>A patient's encounters over the years.</summary>
/// <param name="Encounters">By time.</param>
/// <param name="Reference">End of the first stay, from which risk and history are counted; where there is no stay, a day like it.</param>
/// <param name="FirstStay">The first stay; null: none.</param>
/// <param name="Onset">When the outcome begins; null: it does not.</param>
/// <param name="Death">When the patient dies.</param>
internal sealed record Course(
    IReadOnlyList<PlannedEncounter> Encounters, DateTime Reference, PlannedEncounter? FirstStay, DateTime? Onset, DateTime? Death)
{
    /// <summary>How long after the reference the outcome counts.</summary>
    public const int HorizonDays = 365;

    private static readonly DateTime s_first = new(2013, 6, 1, 0, 0, 0, DateTimeKind.Utc);
    private static readonly DateTime s_last = new(2019, 10, 1, 0, 0, 0, DateTimeKind.Utc); // a horizon and a later visit fit into 2020

    /// <summary>The first stay of a patient, or what is in its place.</summary>
    public static PlannedEncounter DrawReference(Draws draws) => DrawStay(Visit.Stay, draws.Moment(s_first, s_last), draws);

    /// <summary>The encounters around it.</summary>
    public static Course Draw(PlannedEncounter reference, bool hasStay, int emergencies, bool outcome, Draws draws)
    {
        var (start, end) = (reference.Start, reference.End);
        var encounters = new List<PlannedEncounter>();
        if (hasStay)
            encounters.Add(reference);
        for (var left = 1 + draws.Poisson(1.5); left > 0; left--)
            encounters.Add(DrawClinic(draws.Moment(end.AddDays(-1090), start.AddDays(-2)), draws));
        for (var left = emergencies; left > 0; left--)
            encounters.Add(DrawEmergency(Visit.Emergency, draws.Moment(end.AddDays(-364), start.AddDays(-1)), draws));
        for (var left = draws.Poisson(0.3); left > 0; left--)
            encounters.Add(DrawEmergency(Visit.Emergency, draws.Moment(end.AddDays(-1000), end.AddDays(-367)), draws));
        for (var left = draws.Poisson(0.8); left > 0; left--)
            encounters.Add(DrawClinic(draws.Moment(end.AddDays(7), end.AddDays(HorizonDays - 5)), draws));

        DateTime? onset = outcome ? draws.Moment(end.AddDays(1), end.AddDays(HorizonDays - 1)) : null;
        if (onset is { } begun)
        {
            var found = begun.AddSeconds(draws.Whole(1800, 6 * 3600));
            encounters.Add(draws.Chance(0.6) ? DrawStay(Visit.Outcome, found, draws) : DrawEmergency(Visit.Outcome, found, draws));
        }

        var again = DrawStay(Visit.Stay, draws.Moment(end.AddDays(30), end.AddDays(HorizonDays - 15)), draws);
        if (draws.Chance(0.12) && hasStay && (onset is null || Math.Abs((again.Start - onset.Value).TotalDays) > 25))
            encounters.Add(again);

        // Who is lost is lost whatever the outcome, so that the rows that are left have the same best AUROC.
        var later = DrawClinic(draws.Moment(end.AddDays(HorizonDays + 1), end.AddDays(HorizonDays + 55)), draws);
        var stays = draws.Chance(0.93);
        if (stays)
            encounters.Add(later);
        var dies = draws.Chance(0.08);
        DateTime? death = dies && stays ? draws.Moment(later.End.AddDays(1), later.End.AddDays(10)) : null;
        return new Course([.. encounters.OrderBy(encounter => encounter.Start)], end, hasStay ? reference : null, onset, death);
    }

    private static PlannedEncounter DrawStay(Visit visit, DateTime start, Draws draws) =>
        new(visit, "IMP", start, start.AddDays(1 + draws.Poisson(2.2)).AddSeconds(draws.Whole(-4 * 3600, 8 * 3600)));

    private static PlannedEncounter DrawEmergency(Visit visit, DateTime start, Draws draws) => new(visit, "EMER", start, start.AddSeconds(draws.Whole(2 * 3600, 9 * 3600)));

    // In working hours of the day.
    private static PlannedEncounter DrawClinic(DateTime moment, Draws draws)
    {
        var start = moment.Date.AddSeconds(draws.Whole(8 * 3600, 16 * 3600));
        return new PlannedEncounter(Visit.Clinic, "AMB", start, start.AddSeconds(draws.Whole(1200, 3600)));
    }
}
