namespace FederatedClinicalMl.ClinicalData;

/// <summary>One rule or a few that belong together, held against patient after patient.</summary>
internal abstract class PatientCheck
{
    /// <summary>What it counts, in the order of reports.</summary>
    public abstract IEnumerable<RuleTally> Tallies { get; }

    /// <summary>Looks at one patient.</summary>
    public abstract void Look(QualityPatient patient);

    /// <summary>After the last patient.</summary>
    public virtual void End()
    {
    }
}

/// <summary>What a rule finds of an event: null, it does not look at it; else whether it fails.</summary>
internal delegate bool? EventTest(in TimelineEvent item, QualityPatient patient);

/// <summary>A rule that looks at each event by itself.</summary>
/// <param name="tally">Counts.</param>
/// <param name="test">Finds.</param>
internal sealed class EachEvent(RuleTally tally, EventTest test) : PatientCheck
{
    public override IEnumerable<RuleTally> Tallies => [tally];

    public override void Look(QualityPatient patient)
    {
        foreach (ref readonly var item in patient.Events)
        {
            if (test(item, patient) is { } fails)
                tally.Count(fails, item);
        }
    }
}

/// <summary>A rule that looks at the patient. What it finds is shown by the birth, or the first event.</summary>
/// <param name="tally">Counts.</param>
/// <param name="test">Finds.</param>
internal sealed class EachPatient(RuleTally tally, Func<QualityPatient, bool?> test) : PatientCheck
{
    public override IEnumerable<RuleTally> Tallies => [tally];

    public override void Look(QualityPatient patient)
    {
        if (test(patient) is not { } fails)
            return;
        if (patient.Events.IsEmpty)
            tally.Count(fails);
        else
            tally.Count(fails, patient.Events[patient.Anchor]);
    }
}
