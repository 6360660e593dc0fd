using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>Finds patients who look like one: by birth, sex, and the moments of the first and the last event of care. Needs 8 bytes for each patient.</summary>
internal sealed class DuplicatePatients(RuleTally tally) : PatientCheck
{
    private readonly HashSet<ulong> _seen = [];

    public override IEnumerable<RuleTally> Tallies => [tally];

    public override void Look(QualityPatient patient)
    {
        if (!patient.Birth.IsKnown || !patient.FirstOfCare.IsKnown)
            return;
        // Not the first alone: care that begins at the birth makes all who share a birthday alike. Nor codes: of what happens at one moment, none is the first.
        ReadOnlySpan<long> key =
        [
            patient.Birth.Microseconds, patient.IsMale switch { true => 1, false => 0, null => -1 }, patient.FirstOfCare.Microseconds, patient.LastOfCare.Microseconds,
        ];
        tally.Count(!_seen.Add(XxHash3.HashToUInt64(MemoryMarshal.AsBytes(key))), patient.Events[patient.Anchor]);
    }
}

/// <summary>Finds events of one patient that are alike in kind, code, time, value and unit. The first of them is none too many.</summary>
internal sealed class DuplicateEvents(RuleTally tally) : PatientCheck
{
    private readonly HashSet<(EventKind, int, long, long, int, int)> _seen = [];

    public override IEnumerable<RuleTally> Tallies => [tally];

    public override void Look(QualityPatient patient)
    {
        _seen.Clear();
        foreach (ref readonly var item in patient.Events)
        {
            var what = item.Event;
            if (what.Kind is not (EventKind.Birth or EventKind.Sex or EventKind.Death))
                tally.Count(!_seen.Add((what.Kind, what.Concept, what.Time.Microseconds, BitConverter.DoubleToInt64Bits(what.Number), what.Value, what.Unit)), item);
        }
    }
}
